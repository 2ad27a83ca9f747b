/** LPOP: takes elements from the head of a list. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { popElements } from './pop-elements.ts';

function run(context: CommandContext): void {
  popElements(context, true, 'lpop');
}

export const lpop: CommandSpec = {
  name: 'lpop',
  arity: -2,
  group: 'list',
  since: '1.0.0',
  summary:
    'Returns the first elements in a list after removing it. Deletes the list if the last element was popped.',
  complexity: 'O(N) where N is the number of elements returned',
  flags: ['write', 'fast'],
  categories: ['list', 'write'],
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
