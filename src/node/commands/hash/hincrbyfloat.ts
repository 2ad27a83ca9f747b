/** HINCRBYFLOAT: adds a fraction to a field; see data/long-double.ts. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import {
  addLongDouble,
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  type LongDouble,
  parseLongDouble,
} from '#node/data/long-double.ts';
import { findField, findHash, setFieldTo } from './find-hash.ts';
import { fromLatin1, latin1 } from '#base/bytes.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const by = parseLongDouble(args.latin1(3));
  if (by === undefined || by.infinite) {
    reply.error(by === undefined ? ERRORS.notFloat : ERRORS.notFiniteIncrement);
    return;
  }
  const found = findHash(context);
  if (found === 'refused') return;
  let old: LongDouble | undefined = LONG_DOUBLE_ZERO;
  if (found === 'found' && findField(context, 2)) {
    const { value } = keyspace.hashes;
    old = parseLongDouble(latin1(value.bytes, value.start, value.end));
  }
  if (old === undefined) {
    reply.error(ERRORS.hashValueNotFloat);
    return;
  }
  const sum = old.infinite ? old : addLongDouble(old, by);
  if (sum.infinite) {
    reply.error(ERRORS.notFinite);
    return;
  }
  const text = fromLatin1(formatLongDouble(sum));
  setFieldTo(context, text, text.length);
  reply.bulk(text);
}

export const hincrbyfloat: CommandSpec = {
  name: 'hincrbyfloat',
  arity: 4,
  group: 'hash',
  since: '2.6.0',
  summary:
    "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['hash', 'write'],
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
    { name: 'field', type: 'string' },
    { name: 'increment', type: 'double' },
  ],
  run,
};
