/** ZRANDMEMBER: members by chance. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { beginMembers, findSortedSet, replyMember } from './find-sorted-set.ts';

/** More members than this are not drawn with repetition: one small command must not fill the memory (rule W9). */
const MOST_REPEATED = 2 ** 22;
const LEAST_COUNT = -0x7fff_ffff_ffff_ffffn;
/** Redis halves the range of counts when each member brings its score. */
const LARGEST_PAIRS = 2 ** 62;
/** Up to this part of a sorted set is drawn rank by rank; of more, each member gets its chance in turn. */
const FEW = 1 / 8;

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (args.count === 2) {
    const found = findSortedSet(context, 1);
    if (found === 'found' && keyspace.sortedSets.random(keyspace.random)) {
      replyMember(context, false);
    } else if (found === 'none') {
      reply.null();
    }
    return;
  }
  const count = args.integer(2);
  if (count === undefined) reply.error(ERRORS.notInteger);
  else if (count < LEAST_COUNT) reply.error(ERRORS.outOfLongRange);
  else if (args.count > 4 || (args.count === 4 && !args.equalsIgnoreCase(3, 'WITHSCORES'))) {
    reply.error(ERRORS.syntax);
  } else if (args.count === 4 && (count >= LARGEST_PAIRS || count < -LARGEST_PAIRS)) {
    reply.error(ERRORS.outOfRange);
  } else {
    replyDrawn(context, Number(count), args.count === 4);
  }
}

function replyDrawn(context: CommandContext, count: number, withScores: boolean): void {
  const { keyspace, reply } = context;
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none' || count === 0) {
    reply.array(0);
    return;
  }
  if (count < -MOST_REPEATED) {
    reply.error(ERRORS.outOfRange);
    return;
  }
  const { size } = keyspace.sortedSets;
  const replies = count < 0 ? -count : Math.min(count, size);
  beginMembers(context, replies, withScores);
  if (count < 0) replyRepeated(context, replies, withScores);
  else if (count < size * FEW) replyFew(context, replies, withScores);
  else replyMany(context, replies, withScores);
}

function replyRepeated(context: CommandContext, count: number, withScores: boolean): void {
  const { random, sortedSets } = context.keyspace;
  for (let i = 0; i < count; i++) {
    sortedSets.random(random);
    replyMember(context, withScores);
  }
}

/** Draws ranks until enough different ones have come. */
function replyFew(context: CommandContext, count: number, withScores: boolean): void {
  const { random, sortedSets } = context.keyspace;
  const drawn = new Set<number>();
  while (drawn.size < count) {
    const rank = random.below(sortedSets.size);
    if (drawn.has(rank)) continue;
    drawn.add(rank);
    sortedSets.seek(rank);
    replyMember(context, withScores);
  }
}

/** Each member is taken with the chance that is left for it. */
function replyMany(context: CommandContext, count: number, withScores: boolean): void {
  const { random, sortedSets } = context.keyspace;
  let wanted = count;
  let left = sortedSets.size;
  for (let more = sortedSets.seek(0); more && wanted > 0; more = sortedSets.next()) {
    if (random.below(left) < wanted) {
      replyMember(context, withScores);
      wanted--;
    }
    left--;
  }
}

export const zrandmember: CommandSpec = {
  name: 'zrandmember',
  arity: -2,
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns one or more random members from a sorted set.',
  complexity: 'O(N) where N is the number of members returned',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    {
      name: 'options',
      type: 'block',
      flags: ['optional'],
      arguments: [
        { name: 'count', type: 'integer' },
        { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', flags: ['optional'] },
      ],
    },
  ],
  tips: ['nondeterministic_output'],
  run,
};
