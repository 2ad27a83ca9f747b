/** SCARD: how many members there are. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet } from './find-set.ts';

function run(context: CommandContext): void {
  const found = findSet(context, 1);
  if (found === 'found') context.reply.integer(context.keyspace.sets.size);
  else if (found === 'none') context.reply.integer(0);
}

export const scard: CommandSpec = {
  name: 'scard',
  arity: 2,
  group: 'set',
  since: '1.0.0',
  summary: 'Returns the number of members in a set.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['read', 'set'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
