/** FLUSHDB: deletes all keys of the shard. */
import type { CommandSpec } from '#node/commands/spec.ts';
import { flush } from './flush.ts';

const run = flush;

export const flushdb: CommandSpec = {
  name: 'flushdb',
  arity: -1,
  group: 'server',
  since: '1.0.0',
  summary: 'Remove all keys from the current database.',
  complexity: 'O(N) where N is the number of keys in the selected database',
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
