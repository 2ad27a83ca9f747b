/** ZMPOP: takes members out of the first of several sorted sets that is there. */
import { readKeysEnd, readPopCount } from '#node/commands/pop-from-first.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findSortedSet } from './find-sorted-set.ts';
import { popMembers } from './pop-members.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  const endAt = readKeysEnd(context);
  if (endAt === undefined) return;
  const highest = endAt < args.count && args.equalsIgnoreCase(endAt, 'MAX');
  if (!highest && !(endAt < args.count && args.equalsIgnoreCase(endAt, 'MIN'))) {
    reply.error(ERRORS.syntax);
    return;
  }
  const count = readPopCount(context, endAt + 1);
  if (count !== undefined) popFirst(context, endAt, highest, count);
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
