/** SETRANGE: overwrites a part of a string. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findString } from './find-string.ts';
import { sizeAllowed } from './size-limit.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const { bytes } = args;
  const offset = args.clampedInteger(2);
  if (offset === undefined || offset < 0) {
    reply.error(offset === undefined ? ERRORS.notInteger : ERRORS.offsetOutOfRange);
    return;
  }
  const found = findString(context, 1);
  if (found === 'refused') return;
  if (args.length(3) === 0) {
    reply.integer(found === 'none' ? 0 : keyspace.value.length);
    return;
  }
  if (!sizeAllowed(context, offset + args.length(3))) return;
  const valueStart = args.start(3);
  const valueEnd = args.end(3);
  reply.integer(
    keyspace.overwrite(bytes, args.start(1), args.end(1), offset, bytes, valueStart, valueEnd),
  );
}

export const setrange: CommandSpec = {
  name: 'setrange',
  arity: 4,
  group: 'string',
  since: '2.2.0',
  summary:
    "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
  complexity:
    'O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.',
  flags: ['write', 'denyoom'],
  categories: ['string', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'offset', type: 'integer' },
    { name: 'value', type: 'string' },
  ],
  run,
};
