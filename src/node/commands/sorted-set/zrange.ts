/** ZRANGE: members within a range of ranks, scores or members. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyRange } from './range-query.ts';

function run(context: CommandContext): void {
  replyRange(context, 'option', 'option');
}

export const zrange: CommandSpec = {
  name: 'zrange',
  arity: -4,
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns members in a sorted set within a range of indexes.',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'start', type: 'string' },
    { name: 'stop', type: 'string' },
    {
      name: 'sortby',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
        { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
      ],
    },
    { name: 'rev', type: 'pure-token', token: 'REV', flags: ['optional'] },
    {
      name: 'limit',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  run,
};
