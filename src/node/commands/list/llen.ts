/** LLEN: how many elements there are. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findList } from './find-list.ts';

function run(context: CommandContext): void {
  const found = findList(context, 1);
  if (found === 'found') context.reply.integer(context.keyspace.lists.size);
  else if (found === 'none') context.reply.integer(0);
}

export const llen: CommandSpec = {
  name: 'llen',
  arity: 2,
  group: 'list',
  since: '1.0.0',
  summary: 'Returns the length of a list.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['list', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
