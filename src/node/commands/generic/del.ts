/** DEL: deletes keys. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, keyspace, reply }: CommandContext): void {
  let deleted = 0;
  for (let i = 1; i < args.count; i++) {
    if (keyspace.delete(args.bytes, args.start(i), args.end(i))) deleted++;
  }
  reply.integer(deleted);
}

export const del: CommandSpec = {
  name: 'del',
  arity: -2,
  group: 'generic',
  since: '1.0.0',
  summary: 'Deletes one or more keys.',
  complexity:
    'O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).',
  flags: ['write'],
  categories: ['keyspace', 'write'],
  keys: [{ flags: ['RM', 'delete'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  run,
};
