/** GET: the value of a string. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findString, replyValue } from './find-string.ts';

function run(context: CommandContext): void {
  const found = findString(context, 1);
  if (found === 'found') replyValue(context);
  else if (found === 'none') context.reply.null();
}

export const get: CommandSpec = {
  name: 'get',
  arity: 2,
  group: 'string',
  since: '1.0.0',
  summary: 'Returns the string value of a key.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['read', 'string'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
