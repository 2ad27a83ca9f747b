/**
 * Group commit: the open batch collects effects while earlier ones are on their way to a majority of disks.
 *
 * Batches are numbered from 1 for the life of the process. A reply waits for a batch number, not for a log
 * index, since a batch learns its indexes only when it closes, and a large unit takes several entries.
 *
 * Invariants:
 * - numbers rise by one with each closed batch; in-flight batches are in order of number, index and term;
 * - a batch is committed only when its last entry is committed *in the term that proposed it*;
 * - effects executed here are in the open batch, in flight, or committed: never nowhere.
 */
import { ByteWriter } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { encodeEffects, FIRST_PART, KIND_EFFECTS, LAST_PART } from './payload.ts';

/** What {@link Batches} needs of Raft. */
export interface Proposer {
  readonly term: number;
  /** Copies `payload`. */
  propose(kind: number, payload: Uint8Array, nowMs: number): number;
}

interface InFlight {
  readonly number: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly term: number;
  readonly bytes: number;
  /** Monotonic time since which it has effects. */
  readonly sinceMs: number;
}

/** The last index is known of so many batches: beyond, a later one's stands for it. A power of two. */
const RECENT = 1024;

export class Batches {
  /** The number that effects made now wait for. */
  openNumber = 1;
  /** Every batch up to this number is committed. */
  committedNumber = 0;
  /** Bytes of effects closed and not committed. */
  inFlightBytes = 0;
  readonly #maxEntryBytes: number;
  /** The last index of each recent batch, by its number. */
  readonly #lastIndexes = new Float64Array(RECENT);
  /** The payload that is being proposed. */
  readonly #payload = new ByteWriter();
  #inFlight: InFlight[] = [];
  /** As of a batch in flight, for the open one; infinite when nobody noted effects in it. */
  #openSinceMs = Number.POSITIVE_INFINITY;

  /** @param maxEntryBytes most bytes of effects in one entry; larger units are logged in parts. */
  constructor(maxEntryBytes: number) {
    this.#maxEntryBytes = maxEntryBytes;
  }

  /** The newest number that has or will have effects. */
  newestNumber(openBytes: number): number {
    return openBytes > 0 ? this.openNumber : this.openNumber - 1;
  }

  /** The number before the oldest batch in flight. */
  get numberBeforeInFlight(): number {
    return (this.#inFlight[0]?.number ?? this.openNumber) - 1;
  }

  /** The last index of batch `number`; 0 for 0, infinite while it is open, a later one if that was long ago. */
  lastIndexOf(number: number): number {
    if (number === 0) return 0;
    if (number >= this.openNumber) return Number.POSITIVE_INFINITY;
    return this.#lastIndexes[Math.max(number, this.openNumber - RECENT) % RECENT];
  }

  /** The open batch has effects since `nowMs` at the latest. */
  noteEffects(nowMs: number): void {
    if (this.#openSinceMs > nowMs) this.#openSinceMs = nowMs;
  }

  /** The open batch has no effects any more. */
  noteNoEffects(): void {
    this.#openSinceMs = Number.POSITIVE_INFINITY;
  }

  /** Monotonic time of the oldest effect noted that is not committed; infinite when there is none. */
  get oldestMs(): number {
    return this.#inFlight[0]?.sinceMs ?? this.#openSinceMs;
  }

  get inFlightCount(): number {
    return this.#inFlight.length;
  }

  /**
   * Proposes the effects as one batch and clears them. False, with the effects untouched, when Raft takes
   * no proposals (not the leader any more, or handing over).
   */
  close(proposer: Proposer, effects: ByteWriter, shardTimeMs: number, nowMs: number): boolean {
    invariant(effects.length > 0, 'an empty batch is not proposed');
    const { term } = proposer;
    const payload = this.#payload;
    const size = effects.length;
    let firstIndex = 0;
    let lastIndex = 0;
    for (let start = 0; start < size; start += this.#maxEntryBytes) {
      const end = Math.min(start + this.#maxEntryBytes, size);
      const flags = (start === 0 ? FIRST_PART : 0) | (end === size ? LAST_PART : 0);
      payload.clear();
      encodeEffects(payload, shardTimeMs, flags, effects.bytes, start, end);
      const index = proposer.propose(KIND_EFFECTS, payload.written, nowMs);
      if (index === 0) {
        invariant(start === 0, 'Raft refuses between the parts of one batch');
        return false;
      }
      invariant(lastIndex === 0 || index === lastIndex + 1, 'the parts of a batch are contiguous');
      if (firstIndex === 0) firstIndex = index;
      lastIndex = index;
    }
    const sinceMs = Math.min(this.#openSinceMs, nowMs);
    this.#openSinceMs = Number.POSITIVE_INFINITY;
    this.#inFlight.push({
      number: this.openNumber,
      firstIndex,
      lastIndex,
      term,
      bytes: size,
      sinceMs,
    });
    this.inFlightBytes += size;
    this.#lastIndexes[this.openNumber % RECENT] = lastIndex;
    this.openNumber++;
    effects.clear();
    return true;
  }

  /**
   * What a committed entry means to the batches in flight: `executed` when it is one of theirs (its effects are
   * in the keyspace), `lost` when another leader's entry took the place of one of theirs, else `foreign`.
   *
   * Entries of other kinds stand between batches. One of a later term before a batch says that the batch is lost as
   * well: terms do not fall along the log.
   */
  judge(index: number, term: number): 'executed' | 'lost' | 'foreign' {
    const head = this.#inFlight[0];
    if (head === undefined) return 'foreign';
    if (term > head.term) return 'lost';
    if (index < head.firstIndex) return 'foreign';
    invariant(index <= head.lastIndex, 'committed entries are judged in order, advance() between');
    return head.term === term ? 'executed' : 'lost';
  }

  /** The entries up to `index` are committed and were judged executed. True when a batch is finished. */
  advance(index: number): boolean {
    let finished = 0;
    for (const batch of this.#inFlight) {
      if (batch.lastIndex > index) break;
      this.inFlightBytes -= batch.bytes;
      this.committedNumber = batch.number;
      finished++;
    }
    if (finished > 0) this.#inFlight.splice(0, finished);
    return finished > 0;
  }

  /** Forgets what is in flight: the keyspace is rebuilt from the log alone. */
  abandon(): void {
    this.#inFlight = [];
    this.inFlightBytes = 0;
    this.#openSinceMs = Number.POSITIVE_INFINITY;
    this.committedNumber = this.openNumber;
    // nobody waits for this one, but it may come to stand for earlier ones
    this.#lastIndexes[this.openNumber % RECENT] = this.lastIndexOf(this.openNumber - 1);
    this.openNumber++;
  }
}
