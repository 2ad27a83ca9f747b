/** APPEND: adds to the end of a string. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findString, setToArgument } from './find-string.ts';
import { sizeAllowed } from './size-limit.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const { bytes } = args;
  const found = findString(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    setToArgument(context, 1, 2, 0);
    reply.integer(args.length(2));
    return;
  }
  const length = keyspace.value.length;
  if (!sizeAllowed(context, length + args.length(2))) return;
  const valueStart = args.start(2);
  const valueEnd = args.end(2);
  reply.integer(
    keyspace.overwrite(bytes, args.start(1), args.end(1), length, bytes, valueStart, valueEnd),
  );
}

export const append: CommandSpec = {
  name: 'append',
  arity: 3,
  group: 'string',
  since: '2.0.0',
  summary: "Appends a string to the value of a key. Creates the key if it doesn't exist.",
  complexity:
    'O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by Redis will double the free space available on every reallocation.',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['string', 'write'],
  keys: [{ flags: ['RW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'value', type: 'string' },
  ],
  run,
};
