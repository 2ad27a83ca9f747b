/** RPOPLPUSH: takes the last element of a list and puts it at the head of another; LMOVE's older kin. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { moveElement } from './move-element.ts';

function run(context: CommandContext): void {
  moveElement(context, false, true);
}

export const rpoplpush: CommandSpec = {
  name: 'rpoplpush',
  arity: 3,
  group: 'list',
  since: '1.2.0',
  summary:
    'Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last element was popped.',
  complexity: 'O(1)',
  flags: ['write', 'denyoom'],
  categories: ['list', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
    { flags: ['RW', 'insert'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'source', type: 'key', keySpecIndex: 0 },
    { name: 'destination', type: 'key', keySpecIndex: 1 },
  ],
  run,
};
