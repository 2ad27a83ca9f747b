/** LPUSHX: puts elements at the head of a list that is there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { pushElements } from './push-elements.ts';

function run(context: CommandContext): void {
  pushElements(context, true, true);
}

export const lpushx: CommandSpec = {
  name: 'lpushx',
  arity: -3,
  group: 'list',
  since: '2.2.0',
  summary: 'Prepends one or more elements to a list only when the list exists.',
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
