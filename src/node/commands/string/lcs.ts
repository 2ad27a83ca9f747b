/** LCS: the longest common subsequence of two strings. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { LONGEST_STRING_BYTES } from './size-limit.ts';
import { type CommonSubsequence, longestCommonSubsequence, tableBytes } from './subsequence.ts';

interface LcsOptions {
  lengthOnly: boolean;
  indexes: boolean;
  withLengths: boolean;
  leastLength: number;
}

function run(context: CommandContext): void {
  const { reply } = context;
  const a = copyString(context, 1);
  const b = copyString(context, 2);
  if (a === null || b === null) {
    reply.error(ERRORS.lcsNotStrings);
    return;
  }
  const options = readOptions(context);
  if (options === null) return;
  if (options.indexes && options.lengthOnly) {
    reply.error(ERRORS.lcsLengthAndIndexes);
    return;
  }
  if (tableBytes(a.length, b.length) > LONGEST_STRING_BYTES) {
    reply.error(ERRORS.lcsMemory);
    return;
  }
  const common = longestCommonSubsequence(a, b);
  if (options.indexes) replyRuns(context, common, options);
  else if (options.lengthOnly) reply.integer(common.length);
  else reply.bulk(common.bytes);
}

/** The string of argument `i`, empty when the key is not there; null when it is no string. */
function copyString({ args, keyspace }: CommandContext, i: number): Uint8Array | null {
  const type = keyspace.find(args.bytes, args.start(i), args.end(i));
  if (type === 'none') return new Uint8Array(0);
  if (type !== 'string') return null;
  const { value } = keyspace;
  return value.bytes.slice(value.start, value.end);
}

/** null with the error written. */
function readOptions({ args, reply }: CommandContext): LcsOptions | null {
  const options = { lengthOnly: false, indexes: false, withLengths: false, leastLength: 0 };
  for (let i = 3; i < args.count; i++) {
    if (args.equalsIgnoreCase(i, 'IDX')) options.indexes = true;
    else if (args.equalsIgnoreCase(i, 'LEN')) options.lengthOnly = true;
    else if (args.equalsIgnoreCase(i, 'WITHMATCHLEN')) options.withLengths = true;
    else if (args.equalsIgnoreCase(i, 'MINMATCHLEN') && i + 1 < args.count) {
      const least = args.clampedInteger(++i);
      if (least === undefined) {
        reply.error(ERRORS.notInteger);
        return null;
      }
      options.leastLength = Math.max(0, least);
    } else {
      reply.error(ERRORS.syntax);
      return null;
    }
  }
  return options;
}

function replyRuns(
  { reply }: CommandContext,
  common: CommonSubsequence,
  { leastLength, withLengths }: LcsOptions,
): void {
  const runs = common.runs.filter((r) => r.aEnd - r.aStart + 1 >= leastLength);
  reply.map(2);
  reply.bulkLatin1('matches');
  reply.array(runs.length);
  for (const { aStart, aEnd, bStart, bEnd } of runs) {
    reply.array(withLengths ? 3 : 2);
    reply.array(2);
    reply.integer(aStart);
    reply.integer(aEnd);
    reply.array(2);
    reply.integer(bStart);
    reply.integer(bEnd);
    if (withLengths) reply.integer(aEnd - aStart + 1);
  }
  reply.bulkLatin1('len');
  reply.integer(common.length);
}

export const lcs: CommandSpec = {
  name: 'lcs',
  arity: -3,
  group: 'string',
  since: '7.0.0',
  summary: 'Finds the longest common substring.',
  complexity: 'O(N*M) where N and M are the lengths of s1 and s2, respectively',
  flags: ['readonly'],
  categories: ['read', 'string'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key1', type: 'key', keySpecIndex: 0 },
    { name: 'key2', type: 'key', keySpecIndex: 0 },
    { name: 'len', type: 'pure-token', token: 'LEN', flags: ['optional'] },
    { name: 'idx', type: 'pure-token', token: 'IDX', flags: ['optional'] },
    { name: 'min-match-len', type: 'integer', token: 'MINMATCHLEN', flags: ['optional'] },
    { name: 'withmatchlen', type: 'pure-token', token: 'WITHMATCHLEN', flags: ['optional'] },
  ],
  run,
};
