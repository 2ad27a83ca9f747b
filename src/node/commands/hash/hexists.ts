/** HEXISTS: whether a field is there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findField, findHash } from './find-hash.ts';

function run(context: CommandContext): void {
  const found = findHash(context);
  if (found === 'refused') return;
  context.reply.integer(found === 'found' && findField(context, 2) ? 1 : 0);
}

export const hexists: CommandSpec = {
  name: 'hexists',
  arity: 3,
  group: 'hash',
  since: '2.0.0',
  summary: 'Determines whether a field exists in a hash.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['hash', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'field', type: 'string' },
  ],
  run,
};
