/** ZRANGESTORE: makes a key of the members of another within a range. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSortedSet } from './find-sorted-set.ts';
import { RangeQuery } from './range-query.ts';
import { ScoredMembers } from './scored-members.ts';

const query = new RangeQuery();
const result = new ScoredMembers();

function run(context: CommandContext): void {
  if (!query.read(context, 2, 'option', 'option', true)) return;
  const found = findSortedSet(context, 2);
  if (found === 'refused') return;
  result.clear(context);
  if (found === 'found') gather(context);
  result.store(context);
}

function gather(context: CommandContext): void {
  query.locate(context);
  const { sortedSets } = context.keyspace;
  const { count, rank, reverse } = query;
  // the order in which a sorted set is built is of no consequence
  if (count > 0) sortedSets.seek(reverse ? rank - count + 1 : rank);
  for (let left = count; left > 0; left--) {
    result.append(sortedSets.member, sortedSets.score);
    sortedSets.next();
  }
}

export const zrangestore: CommandSpec = {
  name: 'zrangestore',
  arity: -5,
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Stores a range of members from sorted set in a key.',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.',
  flags: ['write', 'denyoom'],
  categories: ['sortedset', 'write'],
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'dst', type: 'key', keySpecIndex: 0 },
    { name: 'src', type: 'key', keySpecIndex: 1 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
    {
      name: 'sortby',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
        { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
      ],
    },
    { name: 'rev', type: 'pure-token', token: 'REV', flags: ['optional'] },
    {
      name: 'limit',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
  ],
  run,
};
