/** SCAN: a step of a walk over all keys. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { globMatches } from '#node/commands/glob.ts';
import { readCursor, readScanOptions } from '#node/commands/scan-options.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const cursor = readCursor(context, 1);
  if (cursor === undefined) return;
  const options = readScanOptions(context, 2, true);
  if (options === undefined) return;
  const { patternAt, type: wanted } = options;
  const patternStart = patternAt === 0 ? 0 : args.start(patternAt);
  const patternEnd = patternAt === 0 ? 0 : args.end(patternAt);
  reply.array(2);
  const at = reply.beginArray();
  let count = 0;
  const next = keyspace.scan(cursor, options.count, (bytes, start, end, type) => {
    if (wanted !== '' && type !== wanted) return;
    if (patternAt !== 0 && !globMatches(args.bytes, patternStart, patternEnd, bytes, start, end)) {
      return;
    }
    reply.bulk(bytes, start, end);
    count++;
  });
  reply.endArray(at, count);
  reply.insertBulkInteger(at, next);
}

export const scan: CommandSpec = {
  name: 'scan',
  arity: -2,
  group: 'generic',
  since: '2.8.0',
  summary: 'Iterates over the key names in the database.',
  complexity:
    'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
  flags: ['readonly'],
  categories: ['keyspace', 'read'],
  keys: [],
  scope: 'whole',
  arguments: [
    { name: 'cursor', type: 'integer' },
    { name: 'pattern', type: 'pattern', token: 'MATCH', flags: ['optional'] },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
    { name: 'type', type: 'string', token: 'TYPE', flags: ['optional'] },
  ],
  tips: ['nondeterministic_output', 'request_policy:special', 'response_policy:special'],
  run,
};
