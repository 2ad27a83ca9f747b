/** ZINTER: the members that all of several keys have. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { COMBINE_ARGUMENTS, operate } from './operations.ts';

function run(context: CommandContext): void {
  operate(context, 'intersection', 'reply', 1, 'zinter');
}

export const zinter: CommandSpec = {
  name: 'zinter',
  arity: -3,
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the intersect of multiple sorted sets.',
  complexity:
    'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { keyNumIndex: 0, first: 1, step: 1 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] },
    ...COMBINE_ARGUMENTS,
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  run,
};
