/** HDEL: removes fields. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findHash } from './find-hash.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findHash(context);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const { bytes } = args;
  const start = args.start(1);
  const end = args.end(1);
  let deleted = 0;
  // when the last field goes, so does the key, and the rest are not found
  for (let i = 2; i < args.count; i++) {
    if (keyspace.hashes.delete(bytes, start, end, bytes, args.start(i), args.end(i))) deleted++;
  }
  reply.integer(deleted);
}

export const hdel: CommandSpec = {
  name: 'hdel',
  arity: -3,
  group: 'hash',
  since: '2.0.0',
  summary:
    'Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.',
  complexity: 'O(N) where N is the number of fields to be removed.',
  flags: ['write', 'fast'],
  categories: ['hash', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'field', type: 'string', flags: ['multiple'] },
  ],
  run,
};
