/** ZSCAN: a step of a walk over the members of a sorted set and their scores. */
import { type Elements, scanCollection } from '#node/commands/scan-collection.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { formatDouble, formatSeventeenDigits } from '#node/resp/number.ts';
import { findSortedSet } from './find-sorted-set.ts';

function open({ keyspace, reply }: CommandContext): Elements {
  const { sortedSets } = keyspace;
  const { member } = sortedSets;
  const isSmall = keyspace.encodingName() === 'listpack';
  return {
    name: member,
    isSmall,
    first: () => sortedSets.seek(0),
    next: () => sortedSets.next(),
    scan: (cursor, count, visit) => sortedSets.scan(cursor, count, visit),
    reply: () => {
      const { score } = sortedSets;
      reply.bulk(member.bytes, member.start, member.end);
      // as in Redis, only those of a small one are printed as elsewhere
      reply.bulkLatin1(isSmall ? formatDouble(score) : formatSeventeenDigits(score));
      return 2;
    },
  };
}

function run(context: CommandContext): void {
  scanCollection(context, (found) => findSortedSet(found, 1), open);
}

export const zscan: CommandSpec = {
  name: 'zscan',
  arity: -3,
  group: 'sorted-set',
  since: '2.8.0',
  summary: 'Iterates over members and scores of a sorted set.',
  complexity:
    'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'cursor', type: 'integer' },
    { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  tips: ['nondeterministic_output'],
  run,
};
