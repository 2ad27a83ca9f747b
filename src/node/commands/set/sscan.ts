/** SSCAN: a step of a walk over the members of a set. */
import { globMatches } from '#node/commands/glob.ts';
import { readCursor, readScanOptions } from '#node/commands/scan-options.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet } from './find-set.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const cursor = readCursor(context, 2);
  if (cursor === undefined) return;
  const found = findSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  const options = readScanOptions(context, 3, false);
  if (options === undefined) return;
  const { sets } = keyspace;
  const { member } = sets;
  const { patternAt } = options;
  const patternStart = patternAt === 0 ? 0 : args.start(patternAt);
  const patternEnd = patternAt === 0 ? 0 : args.end(patternAt);
  reply.array(2);
  const at = reply.beginArray();
  let count = 0;
  const visit = (): void => {
    const { bytes, start, end } = member;
    if (patternAt !== 0 && !globMatches(args.bytes, patternStart, patternEnd, bytes, start, end)) {
      return;
    }
    reply.bulk(bytes, start, end);
    count++;
  };
  let next = 0;
  // as in Redis, a set that is no hashtable is given whole
  if (keyspace.encodingName() === 'hashtable') next = sets.scan(cursor, options.count, visit);
  else for (let more = sets.first(); more; more = sets.next()) visit();
  reply.endArray(at, count);
  reply.insertBulkInteger(at, next);
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
