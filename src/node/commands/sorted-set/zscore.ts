/** ZSCORE: the score of a member. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findMember, findSortedSet } from './find-sorted-set.ts';

function run(context: CommandContext): void {
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  if (found === 'found' && findMember(context, 2)) {
    context.reply.double(context.keyspace.sortedSets.score);
  } else {
    context.reply.null();
  }
}

export const zscore: CommandSpec = {
  name: 'zscore',
  arity: 3,
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns the score of a member in a sorted set.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string' },
  ],
  run,
};
