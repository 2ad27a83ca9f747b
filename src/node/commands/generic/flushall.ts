/** FLUSHALL: deletes all keys of the shard. */
import type { CommandSpec } from '#node/commands/spec.ts';
import { flush } from './flush.ts';

const run = flush;

export const flushall: CommandSpec = {
  name: 'flushall',
  arity: -1,
  group: 'server',
  since: '1.0.0',
  summary: 'Removes all keys from all databases.',
  complexity: 'O(N) where N is the total number of keys in all databases',
  flags: ['write'],
  categories: ['dangerous', 'keyspace', 'write'],
  keys: [],
  scope: 'keys',
  arguments: [
    {
      name: 'async',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'async', type: 'pure-token', token: 'ASYNC' },
        { name: 'sync', type: 'pure-token', token: 'SYNC' },
      ],
    },
  ],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  run,
};
