/** RPUSH: puts elements at the tail of a list. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { pushElements } from './push-elements.ts';

function run(context: CommandContext): void {
  pushElements(context, false, false);
}

export const rpush: CommandSpec = {
  name: 'rpush',
  arity: -3,
  group: 'list',
  since: '1.0.0',
  summary: "Appends one or more elements to a list. Creates the key if it doesn't exist.",
  complexity:
    'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['list', 'write'],
  keys: [{ flags: ['RW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'element', type: 'string', flags: ['multiple'] },
  ],
  run,
};
