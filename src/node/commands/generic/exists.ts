/** EXISTS: how many of the keys are there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, keyspace, reply }: CommandContext): void {
  let there = 0;
  for (let i = 1; i < args.count; i++) {
    if (keyspace.peek(args.bytes, args.start(i), args.end(i)) !== 'none') there++;
  }
  reply.integer(there);
}

export const exists: CommandSpec = {
  name: 'exists',
  arity: -2,
  group: 'generic',
  since: '1.0.0',
  summary: 'Determines whether one or more keys exist.',
  complexity: 'O(N) where N is the number of keys to check.',
  flags: ['readonly', 'fast'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  run,
};
