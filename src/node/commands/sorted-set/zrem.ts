/** ZREM: removes members. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSortedSet } from './find-sorted-set.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const { sortedSets } = keyspace;
  const { bytes } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  let removed = 0;
  // when the last member goes, so does the key, and the rest are not found
  for (let i = 2; i < args.count; i++) {
    if (sortedSets.remove(bytes, keyStart, keyEnd, bytes, args.start(i), args.end(i))) removed++;
  }
  reply.integer(removed);
}

export const zrem: CommandSpec = {
  name: 'zrem',
  arity: -3,
  group: 'sorted-set',
  since: '1.2.0',
  summary:
    'Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.',
  complexity:
    'O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.',
  flags: ['write', 'fast'],
  categories: ['sortedset', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  run,
};
