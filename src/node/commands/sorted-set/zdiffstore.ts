/** ZDIFFSTORE: makes a key of the members of the first key that no other has. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { operate } from './operations.ts';

function run(context: CommandContext): void {
  operate(context, 'difference', 'store', 2, 'zdiffstore');
}

export const zdiffstore: CommandSpec = {
  name: 'zdiffstore',
  arity: -4,
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Stores the difference of multiple sorted sets in a key.',
  complexity:
    'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
  flags: ['write', 'denyoom'],
  categories: ['sortedset', 'write'],
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { keyNumIndex: 0, first: 1, step: 1 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'destination', type: 'key', keySpecIndex: 0 },
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 1, flags: ['multiple'] },
  ],
  run,
};
