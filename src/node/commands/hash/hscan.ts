/** HSCAN: a step of a walk over the fields of a hash. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findHash, replyField, replyFieldValue } from './find-hash.ts';
import { globMatches } from '#node/commands/glob.ts';
import { readCursor, readScanOptions } from '#node/commands/scan-options.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const cursor = readCursor(context, 2);
  if (cursor === undefined) return;
  const found = findHash(context);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  const options = readScanOptions(context, 3, false);
  if (options === undefined) return;
  const { hashes } = keyspace;
  const { patternAt } = options;
  const patternStart = patternAt === 0 ? 0 : args.start(patternAt);
  const patternEnd = patternAt === 0 ? 0 : args.end(patternAt);
  reply.array(2);
  const at = reply.beginArray();
  let count = 0;
  const visit = (): void => {
    const { field } = hashes;
    if (
      patternAt !== 0 &&
      !globMatches(args.bytes, patternStart, patternEnd, field.bytes, field.start, field.end)
    ) {
      return;
    }
    replyField(context);
    replyFieldValue(context);
    count += 2;
  };
  let next = 0;
  // as in Redis, a small hash is given whole, in its order
  if (keyspace.encodingName() === 'listpack')
    for (let more = hashes.first(); more; more = hashes.next()) visit();
  else next = hashes.scan(cursor, options.count, visit);
  reply.endArray(at, count);
  reply.insertBulkInteger(at, next);
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
