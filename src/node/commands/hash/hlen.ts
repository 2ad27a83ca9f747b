/** HLEN: how many fields there are. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findHash } from './find-hash.ts';

function run(context: CommandContext): void {
  const found = findHash(context);
  if (found === 'found') context.reply.integer(context.keyspace.hashes.size);
  else if (found === 'none') context.reply.integer(0);
}

export const hlen: CommandSpec = {
  name: 'hlen',
  arity: 2,
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the number of fields in a hash.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['hash', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
