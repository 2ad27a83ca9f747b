/** SSCAN: a step of a walk over the members of a set. */
import { type Elements, scanCollection } from '#node/commands/scan-collection.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet } from './find-set.ts';

function open({ keyspace, reply }: CommandContext): Elements {
  const { sets } = keyspace;
  const { member } = sets;
  return {
    name: member,
    isSmall: keyspace.encodingName() !== 'hashtable',
    first: () => sets.first(),
    next: () => sets.next(),
    scan: (cursor, count, visit) => sets.scan(cursor, count, visit),
    reply: () => {
      reply.bulk(member.bytes, member.start, member.end);
      return 1;
    },
  };
}

function run(context: CommandContext): void {
  scanCollection(context, (found) => findSet(found, 1), open);
}

export const sscan: CommandSpec = {
  name: 'sscan',
  arity: -3,
  group: 'set',
  since: '2.8.0',
  summary: 'Iterates over members of a set.',
  complexity:
    'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
  flags: ['readonly'],
  categories: ['read', 'set'],
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
