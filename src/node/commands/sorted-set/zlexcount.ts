/** ZLEXCOUNT: how many members, all of one score, lie within a range. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { MemberBounds } from './bounds.ts';
import { findSortedSet } from './find-sorted-set.ts';

const bounds = new MemberBounds();

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (!bounds.read(args, 2, 3)) {
    reply.error(ERRORS.boundNotMember);
    return;
  }
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const { sortedSets } = keyspace;
  const first = bounds.first(sortedSets);
  reply.integer(Math.max(0, bounds.beyond(sortedSets) - first));
}

export const zlexcount: CommandSpec = {
  name: 'zlexcount',
  arity: 4,
  group: 'sorted-set',
  since: '2.8.9',
  summary: 'Returns the number of members in a sorted set within a lexicographical range.',
  complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
  flags: ['readonly', 'fast'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
  ],
  run,
};
