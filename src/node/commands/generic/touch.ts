/** TOUCH: counts as an access to keys. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, keyspace, reply }: CommandContext): void {
  let there = 0;
  for (let i = 1; i < args.count; i++) {
    if (keyspace.find(args.bytes, args.start(i), args.end(i)) !== 'none') there++;
  }
  reply.integer(there);
}

export const touch: CommandSpec = {
  name: 'touch',
  arity: -2,
  group: 'generic',
  since: '3.2.1',
  summary:
    'Returns the number of existing keys out of those specified after updating the time they were last accessed.',
  complexity: 'O(N) where N is the number of keys that will be touched.',
  flags: ['readonly', 'fast'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  run,
};
