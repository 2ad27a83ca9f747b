/** DBSIZE: how many keys there are. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ keyspace, reply }: CommandContext): void {
  reply.integer(keyspace.size);
}

export const dbsize: CommandSpec = {
  name: 'dbsize',
  arity: 1,
  group: 'server',
  since: '1.0.0',
  summary: 'Returns the number of keys in the database.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['keyspace', 'read'],
  keys: [],
  scope: 'whole',
  tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  run,
};
