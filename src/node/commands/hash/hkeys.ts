/** HKEYS: all fields. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findHash, replyField } from './find-hash.ts';

function run(context: CommandContext): void {
  const { keyspace, reply } = context;
  const found = findHash(context);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.array(0);
    return;
  }
  const { hashes } = keyspace;
  reply.array(hashes.size);
  for (let more = hashes.first(); more; more = hashes.next()) replyField(context);
}

export const hkeys: CommandSpec = {
  name: 'hkeys',
  arity: 2,
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns all fields in a hash.',
  complexity: 'O(N) where N is the size of the hash.',
  flags: ['readonly'],
  categories: ['hash', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output_order'],
  run,
};
