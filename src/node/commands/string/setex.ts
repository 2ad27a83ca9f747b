/** SETEX: sets a string that expires after some seconds. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { readTime, TIME_FORMS } from '#node/commands/expiry.ts';
import { setToArgument } from './find-string.ts';

function run(context: CommandContext): void {
  const expiresAtMs = readTime(context, 2, TIME_FORMS.EX, 'setex', true);
  if (expiresAtMs === undefined) return;
  setToArgument(context, 1, 3, expiresAtMs);
  context.reply.ok();
}

export const setex: CommandSpec = {
  name: 'setex',
  arity: 4,
  group: 'string',
  since: '2.0.0',
  summary:
    "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom'],
  categories: ['string', 'write'],
  keys: [{ flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'seconds', type: 'integer' },
    { name: 'value', type: 'string' },
  ],
  run,
};
