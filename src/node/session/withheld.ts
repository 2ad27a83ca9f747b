/**
 * Which parts of a connection's output may leave when (rules W1 to W3).
 *
 * The output is a run of ranges in the order of their commands; each range waits for an index. A range can
 * leave only after all before it, so an index lower than an earlier one is as good as that one: the indices
 * kept here never fall, and neighbours with the same index are one range. That keeps the queue as short as
 * the number of open log entries, not of commands.
 */

/** The index of a reply that leaves at once: its command was refused before the keyspace was read. */
export const LEAVES_AT_ONCE = -1;
/** The index of a reply that depends on no uncommitted write, but on the lease being checked. */
export const WAITS_FOR_LEASE = 0;

/** Ranges that have left are cut off the arrays when there are so many. */
const MOST_PASSED = 64;

export class WithheldRanges {
  /**
   * Pairs (end offset, index) from #first on, below #count. The arrays are not cut when they run empty: they
   * would be allocated anew with the next reply.
   */
  readonly #ends: number[] = [];
  readonly #indices: number[] = [];
  #first = 0;
  #count = 0;

  /** The index that the last range waits for; {@link LEAVES_AT_ONCE} when there is none. */
  get lastIndex(): number {
    return this.#first === this.#count ? LEAVES_AT_ONCE : this.#indices[this.#count - 1];
  }

  get empty(): boolean {
    return this.#first === this.#count;
  }

  /** The output up to `end` now exists; its last range waits for `index`. */
  add(end: number, index: number): void {
    const last = this.#count - 1;
    if (last >= this.#first && index <= this.#indices[last]) {
      this.#ends[last] = end;
      return;
    }
    this.#ends[this.#count] = end;
    this.#indices[this.#count++] = index;
  }

  /** Takes the ranges that wait for at most `index`; returns where the last of them ends, or -1 when there is none. */
  take(index: number): number {
    let end = -1;
    const count = this.#count;
    while (this.#first < count && this.#indices[this.#first] <= index) {
      end = this.#ends[this.#first++];
    }
    if (this.#first === count) this.clear();
    else if (this.#first > MOST_PASSED && this.#first * 2 > count) this.#compact();
    return end;
  }

  /** All ends move down by `bytes`, which have been cut off the front of the output. */
  shift(bytes: number): void {
    for (let i = this.#first; i < this.#count; i++) this.#ends[i] -= bytes;
  }

  clear(): void {
    this.#first = 0;
    this.#count = 0;
  }

  #compact(): void {
    const left = this.#count - this.#first;
    this.#ends.copyWithin(0, this.#first, this.#count);
    this.#indices.copyWithin(0, this.#first, this.#count);
    this.#ends.length = left;
    this.#indices.length = left;
    this.#first = 0;
    this.#count = left;
  }
}
