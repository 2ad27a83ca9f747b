/** LMOVE: takes an element from an end of a list and puts it at an end of another. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { readEnd } from './find-list.ts';
import { moveElement } from './move-element.ts';

function run(context: CommandContext): void {
  const from = readEnd(context.args, 3);
  const to = readEnd(context.args, 4);
  if (from === undefined || to === undefined) context.reply.error(ERRORS.syntax);
  else moveElement(context, from === 'head', to === 'head');
}

export const lmove: CommandSpec = {
  name: 'lmove',
  arity: 5,
  group: 'list',
  since: '6.2.0',
  summary:
    'Returns an element after popping it from one list and pushing it to another. Deletes the list if the last element was moved.',
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
    {
      name: 'wherefrom',
      type: 'oneof',
      arguments: [
        { name: 'left', type: 'pure-token', token: 'LEFT' },
        { name: 'right', type: 'pure-token', token: 'RIGHT' },
      ],
    },
    {
      name: 'whereto',
      type: 'oneof',
      arguments: [
        { name: 'left', type: 'pure-token', token: 'LEFT' },
        { name: 'right', type: 'pure-token', token: 'RIGHT' },
      ],
    },
  ],
  run,
};
