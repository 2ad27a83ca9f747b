/** HSTRLEN: the length of a field's value. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findField, findHash } from './find-hash.ts';

function run(context: CommandContext): void {
  const { keyspace, reply } = context;
  const found = findHash(context);
  if (found === 'refused') return;
  const there = found === 'found' && findField(context, 2);
  reply.integer(there ? keyspace.hashes.value.length : 0);
}

export const hstrlen: CommandSpec = {
  name: 'hstrlen',
  arity: 3,
  group: 'hash',
  since: '3.2.0',
  summary: 'Returns the length of the value of a field.',
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
