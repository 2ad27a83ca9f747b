/**
 * What the commands of the ZRANGE kind ask for: by rank, score or member, forwards or in reverse, with LIMIT and
 * WITHSCORES. Arguments are checked in the order of Redis (zrangeGenericCommand). One query is made and used
 * again, so that a range costs no allocation.
 */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { type Bounds, MemberBounds, ScoreBounds } from './bounds.ts';
import { beginMembers, findSortedSet, replyMember } from './find-sorted-set.ts';

/** What the bounds are; `option`: options say so. */
export type RangeBy = 'rank' | 'score' | 'member' | 'option';
export type RangeDirection = 'forward' | 'reverse' | 'option';

const scoreBounds = new ScoreBounds();
const memberBounds = new MemberBounds();

export class RangeQuery {
  withScores = false;
  reverse = false;
  /** After {@link locate}: the rank to begin at, and how many members follow in the query's direction. */
  rank = 0;
  count = 0;
  #by: RangeBy = 'rank';
  #offset = 0;
  #limit = -1;
  #firstRank = 0;
  #lastRank = 0;

  /**
   * Reads the two bounds behind the key of argument `keyAt` and the options behind them; false with the error
   * written. `storing`: for ZRANGESTORE, which takes no WITHSCORES.
   */
  read(
    context: CommandContext,
    keyAt: number,
    by: RangeBy,
    direction: RangeDirection,
    storing: boolean,
  ): boolean {
    const { args, reply } = context;
    this.withScores = false;
    this.reverse = direction === 'reverse';
    this.#by = by;
    this.#offset = 0;
    this.#limit = -1;
    if (args.count > keyAt + 3 && !this.#readOptions(context, keyAt + 3, by, direction, storing)) {
      return false;
    }
    if (this.#by === 'option') this.#by = 'rank';
    if (this.#limit !== -1 && this.#by === 'rank') {
      reply.error(ERRORS.limitWithoutBy);
      return false;
    }
    if (this.withScores && this.#by === 'member') {
      reply.error(ERRORS.withScoresByMember);
      return false;
    }
    return this.#readBounds(context, keyAt);
  }

  /** Finds out which members of the sorted set found last are meant. */
  locate({ keyspace }: CommandContext): void {
    const { sortedSets } = keyspace;
    const { size } = sortedSets;
    if (this.#by === 'rank') {
      this.#locateRanks(size);
      return;
    }
    const bounds = this.#bounds;
    const first = bounds.first(sortedSets);
    const beyond = bounds.beyond(sortedSets);
    const offset = this.#offset;
    const within = offset < 0 ? 0 : beyond - first - offset;
    const limit = this.#limit;
    this.count = Math.max(0, limit < 0 ? within : Math.min(within, limit));
    this.rank = this.reverse ? beyond - 1 - offset : first + offset;
  }

  get #bounds(): Bounds {
    return this.#by === 'score' ? scoreBounds : memberBounds;
  }

  #locateRanks(size: number): void {
    let first = this.#firstRank;
    let last = this.#lastRank;
    if (first < 0) first = Math.max(0, first + size);
    if (last < 0) last += size;
    if (last >= size) last = size - 1;
    this.count = Math.max(0, last - first + 1);
    this.rank = this.reverse ? size - 1 - first : first;
  }

  #readOptions(
    { args, reply }: CommandContext,
    from: number,
    by: RangeBy,
    direction: RangeDirection,
    storing: boolean,
  ): boolean {
    for (let i = from; i < args.count; i++) {
      if (!storing && args.equalsIgnoreCase(i, 'WITHSCORES')) {
        this.withScores = true;
      } else if (i + 2 < args.count && args.equalsIgnoreCase(i, 'LIMIT')) {
        const offset = args.clampedInteger(i + 1);
        const limit = args.clampedInteger(i + 2);
        if (offset === undefined || limit === undefined) {
          reply.error(ERRORS.notInteger);
          return false;
        }
        this.#offset = offset;
        this.#limit = limit;
        i += 2;
      } else if (direction === 'option' && args.equalsIgnoreCase(i, 'REV')) {
        this.reverse = true;
      } else if (by === 'option' && this.#by === 'option' && args.equalsIgnoreCase(i, 'BYLEX')) {
        this.#by = 'member';
      } else if (by === 'option' && this.#by === 'option' && args.equalsIgnoreCase(i, 'BYSCORE')) {
        this.#by = 'score';
      } else {
        reply.error(ERRORS.syntax);
        return false;
      }
    }
    return true;
  }

  #readBounds({ args, reply }: CommandContext, keyAt: number): boolean {
    if (this.#by === 'rank') {
      const first = args.clampedInteger(keyAt + 1);
      const last = args.clampedInteger(keyAt + 2);
      if (first === undefined || last === undefined) {
        reply.error(ERRORS.notInteger);
        return false;
      }
      this.#firstRank = first;
      this.#lastRank = last;
      return true;
    }
    const minimumAt = this.reverse ? keyAt + 2 : keyAt + 1;
    const maximumAt = this.reverse ? keyAt + 1 : keyAt + 2;
    if (this.#bounds.read(args, minimumAt, maximumAt)) return true;
    reply.error(this.#by === 'score' ? ERRORS.boundNotFloat : ERRORS.boundNotMember);
    return false;
  }
}

const query = new RangeQuery();

/** ZRANGE and its kin: replies with the members of the key of argument 1 that are asked for. */
export function replyRange(context: CommandContext, by: RangeBy, direction: RangeDirection): void {
  if (!query.read(context, 1, by, direction, false)) return;
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    context.reply.array(0);
    return;
  }
  query.locate(context);
  const { count, reverse, withScores } = query;
  const { sortedSets } = context.keyspace;
  beginMembers(context, count, withScores);
  if (count === 0) return;
  sortedSets.seek(query.rank);
  for (let left = count; ; ) {
    replyMember(context, withScores);
    if (--left === 0) return;
    if (reverse) sortedSets.previous();
    else sortedSets.next();
  }
}
