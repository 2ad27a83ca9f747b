/** ZPOPMAX: takes out the members with the highest scores. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { popFromKey } from './pop-members.ts';

function run(context: CommandContext): void {
  popFromKey(context, true);
}

export const zpopmax: CommandSpec = {
  name: 'zpopmax',
  arity: -2,
  group: 'sorted-set',
  since: '5.0.0',
  summary:
    'Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.',
  complexity:
    'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.',
  flags: ['write', 'fast'],
  categories: ['sortedset', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'count', type: 'integer', flags: ['optional'] },
  ],
  run,
};
