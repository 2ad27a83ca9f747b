/** GETSET: sets a string and replies with the old one. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findString, replyValue, setToArgument } from './find-string.ts';

function run(context: CommandContext): void {
  const found = findString(context, 1);
  if (found === 'refused') return;
  if (found === 'found') replyValue(context);
  else context.reply.null();
  setToArgument(context, 1, 2, 0);
}

export const getset: CommandSpec = {
  name: 'getset',
  arity: 3,
  group: 'string',
  since: '1.0.0',
  summary: 'Returns the previous string value of a key after setting it to a new value.',
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['string', 'write'],
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
    { name: 'value', type: 'string' },
  ],
  run,
};
