/** STRLEN: the length of a string. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findString } from './find-string.ts';

function run(context: CommandContext): void {
  const { keyspace, reply } = context;
  const found = findString(context, 1);
  if (found === 'found') reply.integer(keyspace.value.length);
  else if (found === 'none') reply.integer(0);
}

export const strlen: CommandSpec = {
  name: 'strlen',
  arity: 2,
  group: 'string',
  since: '2.2.0',
  summary: 'Returns the length of a string value.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['read', 'string'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
