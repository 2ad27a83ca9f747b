/** ZREVRANGE: members within a range of ranks, the highest first. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyRange } from './range-query.ts';

function run(context: CommandContext): void {
  replyRange(context, 'rank', 'reverse');
}

export const zrevrange: CommandSpec = {
  name: 'zrevrange',
  arity: -4,
  group: 'sorted-set',
  since: '1.2.0',
  summary: 'Returns members in a sorted set within a range of indexes in reverse order.',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'start', type: 'integer' },
    { name: 'stop', type: 'integer' },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  run,
};
