/** PERSIST: takes a key's expiry away. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, keyspace, reply }: CommandContext): void {
  const { bytes } = args;
  const start = args.start(1);
  const end = args.end(1);
  if (keyspace.find(bytes, start, end) === 'none' || keyspace.expiresAtMs === 0) {
    reply.integer(0);
    return;
  }
  keyspace.setExpiry(bytes, start, end, 0);
  reply.integer(1);
}

export const persist: CommandSpec = {
  name: 'persist',
  arity: 2,
  group: 'generic',
  since: '2.2.0',
  summary: 'Removes the expiration time of a key.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['keyspace', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
