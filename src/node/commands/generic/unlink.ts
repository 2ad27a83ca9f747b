/** UNLINK: deletes keys; the same as DEL here. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, keyspace, reply }: CommandContext): void {
  let deleted = 0;
  for (let i = 1; i < args.count; i++) {
    if (keyspace.delete(args.bytes, args.start(i), args.end(i))) deleted++;
  }
  reply.integer(deleted);
}

export const unlink: CommandSpec = {
  name: 'unlink',
  arity: -2,
  group: 'generic',
  since: '4.0.0',
  summary: 'Asynchronously deletes one or more keys.',
  complexity:
    'O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.',
  flags: ['write', 'fast'],
  categories: ['keyspace', 'write'],
  keys: [{ flags: ['RM', 'delete'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  run,
};
