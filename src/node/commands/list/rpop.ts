/** RPOP: takes elements from the tail of a list. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { popElements } from './pop-elements.ts';

function run(context: CommandContext): void {
  popElements(context, false, 'rpop');
}

export const rpop: CommandSpec = {
  name: 'rpop',
  arity: -2,
  group: 'list',
  since: '1.0.0',
  summary:
    'Returns and removes the last elements of a list. Deletes the list if the last element was popped.',
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
