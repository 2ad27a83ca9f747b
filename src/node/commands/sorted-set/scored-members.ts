/**
 * Members with scores that a command has gathered: the result of an operation over several keys, or what is to
 * be stored where it may have come from. Kept and used again, as {@link MemberBuffer} is.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { compareBytes } from '#base/bytes.ts';
import { MemberBuffer } from '#node/commands/set/member-buffer.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

const INITIAL_MEMBERS = 64;
/** More scores than this are given back by {@link ScoredMembers.clear}. */
const KEPT_MEMBERS = 4096;

/** How the scores of one member in several keys become one. */
export type Aggregate = 'SUM' | 'MIN' | 'MAX';

/** Two scores of one member as one; as in Redis, infinities that cancel each other sum up to 0. */
export function aggregated(aggregate: Aggregate, one: number, other: number): number {
  if (aggregate === 'MIN') return other < one ? other : one;
  if (aggregate === 'MAX') return other > one ? other : one;
  const sum = one + other;
  return Number.isNaN(sum) ? 0 : sum;
}

export class ScoredMembers {
  readonly #members = new MemberBuffer();
  #scores = new Float64Array(INITIAL_MEMBERS);

  get count(): number {
    return this.#members.count;
  }

  /** Forgets everything. */
  clear({ keyspace }: CommandContext): void {
    if (this.#scores.length > KEPT_MEMBERS) this.#scores = new Float64Array(INITIAL_MEMBERS);
    this.#members.clear(keyspace.random);
  }

  /** Puts in a member that is not in. */
  append(member: ByteRange, score: number): void {
    this.#members.append(member.bytes, member.start, member.end);
    this.#setScore(this.#members.places - 1, score);
  }

  /** Puts in a member, or combines its score with the one that it has. */
  combine(member: ByteRange, score: number, aggregate: Aggregate): void {
    const isNew = this.#members.add(member.bytes, member.start, member.end);
    if (this.#members.overflowed) return;
    const { place } = this.#members;
    const combined = isNew ? score : aggregated(aggregate, this.#scores[place], score);
    this.#setScore(place, combined);
  }

  /** Takes out a member, if it is in. */
  remove(member: ByteRange): void {
    this.#members.remove(member.bytes, member.start, member.end);
  }

  /** Replies with the members by score, then bytes. */
  reply(context: CommandContext, withScores: boolean): void {
    const { reply } = context;
    if (this.#refused(context)) return;
    const members = this.#members;
    reply.array(withScores && reply.protocol === 2 ? this.count * 2 : this.count);
    for (const place of this.#sorted()) {
      if (withScores && reply.protocol === 3) reply.array(2);
      reply.bulk(members.bytes, members.start(place), members.end(place));
      if (withScores) reply.double(this.#scores[place]);
    }
  }

  /** They become the key of argument 1, whatever that was; replies how many they are. */
  store(context: CommandContext): void {
    const { args, keyspace, reply } = context;
    if (this.#refused(context)) return;
    const members = this.#members;
    const key = args.bytes;
    const keyStart = args.start(1);
    const keyEnd = args.end(1);
    keyspace.delete(key, keyStart, keyEnd);
    const { bytes, places } = members;
    for (let place = 0; place < places; place++) {
      const end = members.end(place);
      if (end < 0) continue;
      const score = this.#scores[place];
      keyspace.sortedSets.add(key, keyStart, keyEnd, score, bytes, members.start(place), end);
    }
    reply.integer(this.count);
  }

  #refused({ reply }: CommandContext): boolean {
    if (!this.#members.overflowed) return false;
    reply.error(ERRORS.resultTooLarge);
    return true;
  }

  #setScore(place: number, score: number): void {
    if (place >= this.#scores.length) {
      const grown = new Float64Array(this.#scores.length * 2);
      grown.set(this.#scores);
      this.#scores = grown;
    }
    this.#scores[place] = score;
  }

  /** The places of what is in, in the order of a sorted set. */
  #sorted(): Int32Array {
    const members = this.#members;
    const scores = this.#scores;
    const order = new Int32Array(this.count);
    let count = 0;
    for (let place = 0; place < members.places; place++) {
      if (members.end(place) >= 0) order[count++] = place;
    }
    const { bytes } = members;
    return order.sort((a, b) => {
      if (scores[a] !== scores[b]) return scores[a] < scores[b] ? -1 : 1;
      return compareBytes(
        bytes,
        members.start(a),
        members.end(a),
        bytes,
        members.start(b),
        members.end(b),
      );
    });
  }
}
