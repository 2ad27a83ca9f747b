/** ZCOUNT: how many members have a score within a range. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { ScoreBounds } from './bounds.ts';
import { findSortedSet } from './find-sorted-set.ts';

const bounds = new ScoreBounds();

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (!bounds.read(args, 2, 3)) {
    reply.error(ERRORS.boundNotFloat);
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

export const zcount: CommandSpec = {
  name: 'zcount',
  arity: 4,
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Returns the count of members in a sorted set that have scores within a range.',
  complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
  flags: ['readonly', 'fast'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'min', type: 'double' },
    { name: 'max', type: 'double' },
  ],
  run,
};
