/** ZINTERCARD: how many members all of several keys have, counted up to a limit. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { operate } from './operations.ts';

function run(context: CommandContext): void {
  operate(context, 'intersection', 'count', 1, 'zintercard');
}

export const zintercard: CommandSpec = {
  name: 'zintercard',
  arity: -3,
  group: 'sorted-set',
  since: '7.0.0',
  summary: 'Returns the number of members of the intersect of multiple sorted sets.',
  complexity:
    'O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { keyNumIndex: 0, first: 1, step: 1 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] },
    { name: 'limit', type: 'integer', token: 'LIMIT', flags: ['optional'] },
  ],
  run,
};
