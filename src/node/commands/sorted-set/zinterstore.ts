/** ZINTERSTORE: makes a key of the members that all of several have. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { COMBINE_ARGUMENTS, operate } from './operations.ts';

function run(context: CommandContext): void {
  operate(context, 'intersection', 'store', 2, 'zinterstore');
}

export const zinterstore: CommandSpec = {
  name: 'zinterstore',
  arity: -4,
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Stores the intersect of multiple sorted sets in a key.',
  complexity:
    'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
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
    ...COMBINE_ARGUMENTS,
  ],
  run,
};
