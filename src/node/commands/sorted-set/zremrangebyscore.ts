/** ZREMRANGEBYSCORE: removes the members within a range of scores. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { ScoreBounds } from './bounds.ts';
import { removeWithin } from './remove-range.ts';

const bounds = new ScoreBounds();

function run(context: CommandContext): void {
  removeWithin(context, bounds, ERRORS.boundNotFloat);
}

export const zremrangebyscore: CommandSpec = {
  name: 'zremrangebyscore',
  arity: 4,
  group: 'sorted-set',
  since: '1.2.0',
  summary:
    'Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
  flags: ['write'],
  categories: ['sortedset', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'min', type: 'double' },
    { name: 'max', type: 'double' },
  ],
  run,
};
