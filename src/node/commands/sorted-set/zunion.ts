/** ZUNION: the members that any of several keys has. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { COMBINE_ARGUMENTS, operate } from './operations.ts';

function run(context: CommandContext): void {
  operate(context, 'union', 'reply', 1, 'zunion');
}

export const zunion: CommandSpec = {
  name: 'zunion',
  arity: -3,
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the union of multiple sorted sets.',
  complexity:
    'O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.',
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
