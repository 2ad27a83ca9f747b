/** ZDIFF: the members of the first key that no other has. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { operate } from './operations.ts';

function run(context: CommandContext): void {
  operate(context, 'difference', 'reply', 1, 'zdiff');
}

export const zdiff: CommandSpec = {
  name: 'zdiff',
  arity: -3,
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the difference between multiple sorted sets.',
  complexity:
    'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { keyNumIndex: 0, first: 1, step: 1 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] },
    { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
  ],
  run,
};
