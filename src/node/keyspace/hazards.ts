/**
 * Hazards: which keys, there or absent, have an effect that is not committed yet, and at which log index
 * (rule W2). Kept apart from the keys by the hash of the name, so deleted keys have them too. Two names with
 * one hash share a hazard: a reply may then wait for longer than it must, never for less.
 *
 * Open addressing in typed arrays. A commit only moves a mark; what is at or below it is skipped by readers
 * and swept out when the table has filled up, so no commit costs more than a comparison.
 */
import { invariant } from '#base/invariant.ts';

const FIRST_SLOTS = 1024;

export class Hazards {
  /** No index at or below this is a hazard any more. */
  committedIndex = 0;
  #hashes = new Int32Array(FIRST_SLOTS);
  /** 0 marks an empty slot. */
  #indices = new Float64Array(FIRST_SLOTS);
  #used = 0;
  #newest = 0;
  /** A hazard over every key (FLUSHALL). */
  #all = 0;
  readonly #slots = new Map<number, number>();

  /** The log index that a reader of the key with this hash must wait for; 0 for none. Slots apart. */
  ofKey(hash: number): number {
    if (this.#newest <= this.committedIndex) return 0;
    const all = this.#all > this.committedIndex ? this.#all : 0;
    const mask = this.#hashes.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const index = this.#indices[at];
      if (index === 0) return all;
      if (this.#hashes[at] === hash) {
        return index > all && index > this.committedIndex ? index : all;
      }
    }
  }

  /** Some slot has a hazard of its own: readers must ask {@link ofSlot} too. */
  get anySlot(): boolean {
    return this.#slots.size > 0;
  }

  ofSlot(slot: number): number {
    const index = this.#slots.get(slot) ?? 0;
    return index > this.committedIndex ? index : 0;
  }

  /** The key with this hash has an effect in entry `index`. */
  raise(hash: number, index: number): void {
    this.#note(index);
    const mask = this.#hashes.length - 1;
    let at = hash & mask;
    while (this.#indices[at] !== 0) {
      if (this.#hashes[at] === hash) {
        this.#indices[at] = index;
        return;
      }
      at = (at + 1) & mask;
    }
    this.#hashes[at] = hash;
    this.#indices[at] = index;
    if (++this.#used > this.#hashes.length >> 1) this.#sweep();
  }

  raiseAll(index: number): void {
    this.#note(index);
    this.#all = index;
  }

  raiseSlot(slot: number, index: number): void {
    this.#note(index);
    this.#slots.set(slot, index);
  }

  /** Everything at or below `index` is committed. */
  committed(index: number): void {
    if (index <= this.committedIndex) return;
    this.committedIndex = index;
    if (this.#newest <= index && this.#used > this.#hashes.length >> 2) this.#sweep();
    for (const [slot, raised] of this.#slots) if (raised <= index) this.#slots.delete(slot);
  }

  /** No hazards: what made them has been undone. */
  clear(): void {
    this.#hashes = new Int32Array(FIRST_SLOTS);
    this.#indices = new Float64Array(FIRST_SLOTS);
    this.#used = 0;
    this.#newest = 0;
    this.#all = 0;
    this.#slots.clear();
  }

  #note(index: number): void {
    invariant(index > this.committedIndex, 'an effect is made before its entry is committed');
    if (index > this.#newest) this.#newest = index;
  }

  /** Drops what is committed; the table fits what is left four times. */
  #sweep(): void {
    const hashes = this.#hashes;
    const indices = this.#indices;
    let live = 0;
    for (const index of indices) if (index > this.committedIndex) live++;
    let size = FIRST_SLOTS;
    while (size < live * 4) size *= 2;
    this.#hashes = new Int32Array(size);
    this.#indices = new Float64Array(size);
    this.#used = live;
    const mask = size - 1;
    for (let from = 0; from < hashes.length; from++) {
      if (indices[from] <= this.committedIndex) continue;
      let at = hashes[from] & mask;
      while (this.#indices[at] !== 0) at = (at + 1) & mask;
      this.#hashes[at] = hashes[from];
      this.#indices[at] = indices[from];
    }
  }
}
