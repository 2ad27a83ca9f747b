/** SISMEMBER: whether a member is there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet, hasMember } from './find-set.ts';

function run(context: CommandContext): void {
  const found = findSet(context, 1);
  if (found === 'refused') return;
  context.reply.integer(found === 'found' && hasMember(context, 2) ? 1 : 0);
}

export const sismember: CommandSpec = {
  name: 'sismember',
  arity: 3,
  group: 'set',
  since: '1.0.0',
  summary: 'Determines whether a member belongs to a set.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['read', 'set'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string' },
  ],
  run,
};
