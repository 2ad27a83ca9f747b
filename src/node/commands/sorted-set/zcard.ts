/** ZCARD: how many members there are. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSortedSet } from './find-sorted-set.ts';

function run(context: CommandContext): void {
  const found = findSortedSet(context, 1);
  if (found === 'found') context.reply.integer(context.keyspace.sortedSets.size);
  else if (found === 'none') context.reply.integer(0);
}

export const zcard: CommandSpec = {
  name: 'zcard',
  arity: 2,
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns the number of members in a sorted set.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
