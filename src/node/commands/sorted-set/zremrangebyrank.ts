/** ZREMRANGEBYRANK: removes the members within a range of ranks. */
import type { CommandSpec } from '#node/commands/spec.ts';
import { removeByRank } from './remove-range.ts';

const run = removeByRank;

export const zremrangebyrank: CommandSpec = {
  name: 'zremrangebyrank',
  arity: 4,
  group: 'sorted-set',
  since: '2.0.0',
  summary:
    'Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were removed.',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
  flags: ['write'],
  categories: ['sortedset', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'start', type: 'integer' },
    { name: 'stop', type: 'integer' },
  ],
  run,
};
