/** ZINCRBY: adds to the score of a member. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { addScores } from './add-scores.ts';

function run(context: CommandContext): void {
  addScores(context, true);
}

export const zincrby: CommandSpec = {
  name: 'zincrby',
  arity: 4,
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Increments the score of a member in a sorted set.',
  complexity: 'O(log(N)) where N is the number of elements in the sorted set.',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['sortedset', 'write'],
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
    { name: 'increment', type: 'integer' },
    { name: 'member', type: 'string' },
  ],
  run,
};
