/** ZREMRANGEBYLEX: removes the members, all of one score, within a range. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { MemberBounds } from './bounds.ts';
import { removeWithin } from './remove-range.ts';

const bounds = new MemberBounds();

function run(context: CommandContext): void {
  removeWithin(context, bounds, ERRORS.boundNotMember);
}

export const zremrangebylex: CommandSpec = {
  name: 'zremrangebylex',
  arity: 4,
  group: 'sorted-set',
  since: '2.8.9',
  summary:
    'Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members were removed.',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.',
  flags: ['write'],
  categories: ['sortedset', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
  ],
  run,
};
