/** INCRBYFLOAT: adds a fraction; see data/long-double.ts. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import {
  addLongDouble,
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
} from '#node/data/long-double.ts';
import { findString } from './find-string.ts';
import { fromLatin1, latin1 } from '#base/bytes.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findString(context, 1);
  if (found === 'refused') return;
  const { value, expiresAtMs } = keyspace;
  const old =
    found === 'none'
      ? LONG_DOUBLE_ZERO
      : parseLongDouble(latin1(value.bytes, value.start, value.end));
  const by = parseLongDouble(args.latin1(2));
  if (old === undefined || by === undefined) {
    reply.error(ERRORS.notFloat);
    return;
  }
  const sum = old.infinite || by.infinite ? null : addLongDouble(old, by);
  if (sum === null || sum.infinite) {
    reply.error(ERRORS.notFinite);
    return;
  }
  const text = fromLatin1(formatLongDouble(sum));
  const expiry = found === 'none' ? 0 : expiresAtMs;
  keyspace.setString(args.bytes, args.start(1), args.end(1), text, 0, text.length, expiry, 'text');
  reply.bulk(text);
}

export const incrbyfloat: CommandSpec = {
  name: 'incrbyfloat',
  arity: 3,
  group: 'string',
  since: '2.6.0',
  summary:
    "Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['string', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'update'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'increment', type: 'double' },
  ],
  run,
};
