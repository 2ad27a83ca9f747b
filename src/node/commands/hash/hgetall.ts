/** HGETALL: all fields and values. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findHash, replyField, replyFieldValue } from './find-hash.ts';

function run(context: CommandContext): void {
  const { keyspace, reply } = context;
  const found = findHash(context);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.map(0);
    return;
  }
  const { hashes } = keyspace;
  reply.map(hashes.size);
  for (let more = hashes.first(); more; more = hashes.next()) {
    replyField(context);
    replyFieldValue(context);
  }
}

export const hgetall: CommandSpec = {
  name: 'hgetall',
  arity: 2,
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns all fields and values in a hash.',
  complexity: 'O(N) where N is the size of the hash.',
  flags: ['readonly'],
  categories: ['hash', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output_order'],
  run,
};
