/** HSCAN: a step of a walk over the fields of a hash. */
import { type Elements, scanCollection } from '#node/commands/scan-collection.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findHash, replyField, replyFieldValue } from './find-hash.ts';

function open(context: CommandContext): Elements {
  const { keyspace } = context;
  const { hashes } = keyspace;
  return {
    name: hashes.field,
    isSmall: keyspace.encodingName() === 'listpack',
    first: () => hashes.first(),
    next: () => hashes.next(),
    scan: (cursor, count, visit) => hashes.scan(cursor, count, visit),
    reply: () => {
      replyField(context);
      replyFieldValue(context);
      return 2;
    },
  };
}

function run(context: CommandContext): void {
  scanCollection(context, findHash, open);
}

export const hscan: CommandSpec = {
  name: 'hscan',
  arity: -3,
  group: 'hash',
  since: '2.8.0',
  summary: 'Iterates over fields and values of a hash.',
  complexity:
    'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
  flags: ['readonly'],
  categories: ['hash', 'read'],
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
