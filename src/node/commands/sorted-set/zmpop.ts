/** ZMPOP: takes members out of the first of several sorted sets that is there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findSortedSet } from './find-sorted-set.ts';
import { popMembers } from './pop-members.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  const keyCount = args.clampedInteger(1);
  if (keyCount === undefined || keyCount < 1) {
    reply.error(ERRORS.numKeysNotPositive);
    return;
  }
  const endAt = 2 + keyCount;
  const highest = endAt < args.count && args.equalsIgnoreCase(endAt, 'MAX');
  if (!highest && !(endAt < args.count && args.equalsIgnoreCase(endAt, 'MIN'))) {
    reply.error(ERRORS.syntax);
    return;
  }
  const count = readCount(context, endAt + 1);
  if (count !== undefined) popFirst(context, endAt, highest, count);
}

/** The COUNT option at argument `from`, 1 without one; undefined with the error written. */
function readCount({ args, reply }: CommandContext, from: number): number | undefined {
  if (args.count === from) return 1;
  const isCount = args.count > from + 1 && args.equalsIgnoreCase(from, 'COUNT');
  const count = isCount ? args.clampedInteger(from + 1) : 1;
  if (count === undefined || count < 1) {
    reply.error(ERRORS.countNotPositive);
    return undefined;
  }
  if (isCount && args.count === from + 2) return count;
  reply.error(ERRORS.syntax);
  return undefined;
}

/** Pops from the first sorted set among the keys of arguments 2 to `end` (exclusive). */
function popFirst(context: CommandContext, end: number, highest: boolean, most: number): void {
  const { args, keyspace, reply } = context;
  for (let keyAt = 2; keyAt < end; keyAt++) {
    const found = findSortedSet(context, keyAt);
    if (found === 'refused') return;
    if (found === 'none') continue;
    const count = Math.min(most, keyspace.sortedSets.size);
    reply.array(2);
    reply.bulk(args.bytes, args.start(keyAt), args.end(keyAt));
    reply.array(count);
    popMembers(context, keyAt, highest, count, true);
    return;
  }
  reply.nullArray();
}

export const zmpop: CommandSpec = {
  name: 'zmpop',
  arity: -4,
  group: 'sorted-set',
  since: '7.0.0',
  summary:
    'Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. Deletes the sorted set if the last member was popped.',
  complexity:
    'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.',
  flags: ['write'],
  categories: ['sortedset', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { keyNumIndex: 0, first: 1, step: 1 },
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] },
    {
      name: 'where',
      type: 'oneof',
      arguments: [
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ],
    },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  run,
};
