/** HGET: the value of a field. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findField, findHash, replyFieldValue } from './find-hash.ts';

function run(context: CommandContext): void {
  const found = findHash(context);
  if (found === 'refused') return;
  if (found === 'found' && findField(context, 2)) replyFieldValue(context);
  else context.reply.null();
}

export const hget: CommandSpec = {
  name: 'hget',
  arity: 3,
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the value of a field in a hash.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['hash', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'field', type: 'string' },
  ],
  run,
};
