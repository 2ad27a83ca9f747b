/** RANDOMKEY: some key. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ keyspace, reply }: CommandContext): void {
  const key = keyspace.randomKey();
  if (key === null) reply.null();
  else reply.bulk(key);
}

export const randomkey: CommandSpec = {
  name: 'randomkey',
  arity: 1,
  group: 'generic',
  since: '1.0.0',
  summary: 'Returns a random key name from the database.',
  complexity: 'O(1)',
  flags: ['readonly'],
  categories: ['keyspace', 'read'],
  keys: [],
  scope: 'whole',
  tips: ['request_policy:all_shards', 'response_policy:special', 'nondeterministic_output'],
  run,
};
