/**
 * Hazards: which keys, there or absent, have an effect that is not committed yet, and at which log index
 * (rule W2). Kept apart from the keys by the hash of the name, so deleted keys have them too. Two names with
 * one hash share a hazard: a reply may then wait for longer than it must, never for less.
 *
 * Two tables in turn: hazards are raised in the young one; when all that the old one holds is committed it is
 * emptied and becomes the young one. Both are emptied by counting their generation up, so a commit clears
 * nothing, and since each hazard has its index, it does not matter when they change places. They are as large as
 * batches are (48 KiB each while one changes fewer than 2000 keys), so that they stay in the processor's cache.
 *
 * Indexes are kept modulo 2^32: those of hazards are within 2^31 of the one committed last.
 */
import { invariant } from '#base/invariant.ts';

const FIRST_SLOTS = 4096;
/** A table of which less than a sixteenth was used is made small again. */
const SPARSE = 16;

/** Open addressing over slots of {hash, index, generation}; what is of another generation is empty. */
class HazardTable {
  slots = new Int32Array(FIRST_SLOTS * 3);
  mask = FIRST_SLOTS - 1;
  generation = 1;
  used = 0;
  /** The highest index in it. */
  newest = 0;

  /** A table keeps its size for the next batch, unless little of it was used: a large one misses the cache. */
  empty(): void {
    const { used } = this;
    this.used = 0;
    this.newest = 0;
    if (this.mask >= FIRST_SLOTS && used * SPARSE < this.mask) {
      this.slots = new Int32Array(FIRST_SLOTS * 3);
      this.mask = FIRST_SLOTS - 1;
      this.generation = 1;
      return;
    }
    this.generation = (this.generation + 1) | 0;
    if (this.generation !== 0) return;
    this.slots.fill(0);
    this.generation = 1;
  }

  /** Where the hash is, or would be put. */
  slotOf(hash: number): number {
    const { slots, mask, generation } = this;
    let at = ((hash ^ (hash >>> 15)) & mask) * 3;
    while (slots[at + 2] === generation && slots[at] !== hash) {
      at = at === mask * 3 ? 0 : at + 3;
    }
    return at;
  }

  raise(hash: number, index: number): void {
    const at = this.slotOf(hash);
    const { slots } = this;
    slots[at + 1] = index;
    this.newest = index;
    if (slots[at + 2] === this.generation) return;
    slots[at] = hash;
    slots[at + 2] = this.generation;
    if (++this.used * 2 > this.mask) this.#grow();
  }

  /** Calls it for each hazard. */
  forEach(visit: (hash: number, index: number) => void): void {
    const { slots, generation } = this;
    for (let at = 0; at < slots.length; at += 3) {
      if (slots[at + 2] === generation) visit(slots[at], slots[at + 1]);
    }
  }

  #grow(): void {
    const old = this.slots;
    const { generation } = this;
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array((this.mask + 1) * 3);
    for (let from = 0; from < old.length; from += 3) {
      if (old[from + 2] !== generation) continue;
      const at = this.slotOf(old[from]);
      this.slots[at] = old[from];
      this.slots[at + 1] = old[from + 1];
      this.slots[at + 2] = generation;
    }
  }
}

export class Hazards {
  /** No index at or below this is a hazard any more. */
  committedIndex = 0;
  #young = new HazardTable();
  #old = new HazardTable();
  #newest = 0;
  /** A hazard over every key (FLUSHALL). */
  #all = 0;
  readonly #slots = new Map<number, number>();

  /** The log index that a reader of the key with this hash must wait for; 0 for none. Slots apart. */
  ofKey(hash: number): number {
    if (this.#newest <= this.committedIndex) return 0;
    return this.#find(hash);
  }

  #find(hash: number): number {
    const committed = this.committedIndex | 0;
    let ahead = 0;
    if (this.#young.used > 0) ahead = this.#aheadIn(this.#young, hash, committed);
    if (ahead <= 0 && this.#old.used > 0) ahead = this.#aheadIn(this.#old, hash, committed);
    const index = ahead > 0 ? this.committedIndex + ahead : 0;
    return this.#all > this.committedIndex && this.#all > index ? this.#all : index;
  }

  /** By how much the hazard's index is ahead of what is committed; 0 or less for none. */
  #aheadIn(table: HazardTable, hash: number, committed: number): number {
    const at = table.slotOf(hash);
    const { slots } = table;
    return slots[at + 2] === table.generation ? (slots[at + 1] - committed) | 0 : 0;
  }

  /** Some slot has a hazard of its own: readers must ask {@link ofSlot} too. */
  get anySlot(): boolean {
    return this.#slots.size > 0;
  }

  ofSlot(slot: number): number {
    const index = this.#slots.get(slot) ?? 0;
    return index > this.committedIndex ? index : 0;
  }

  /** The key with this hash has an effect in entry `index`; indexes never fall. */
  raise(hash: number, index: number): void {
    if (index !== this.#newest) this.#note(index);
    this.#young.raise(hash, index | 0);
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
    this.#turn();
    if (this.#slots.size === 0) return;
    for (const [slot, raised] of this.#slots) if (raised <= index) this.#slots.delete(slot);
  }

  /** Nothing above `index` has happened: its hazards are over. */
  undone(index: number): void {
    if (this.#newest <= index) return;
    const rest = new HazardTable();
    const keep = (hash: number, raised: number): void => {
      if (((raised - (index | 0)) | 0) <= 0) rest.raise(hash, raised);
    };
    this.#old.forEach(keep);
    this.#young.forEach(keep);
    this.#young = rest;
    this.#old = new HazardTable();
    this.#newest = index;
    // the newest that is left is not known, and the tables must not be emptied too early
    rest.newest = index | 0;
    if (this.#all > index) this.#all = 0;
    for (const [slot, raised] of this.#slots) if (raised > index) this.#slots.delete(slot);
  }

  /** No hazards: what made them has been undone. */
  clear(): void {
    this.#young = new HazardTable();
    this.#old = new HazardTable();
    this.#newest = 0;
    this.#all = 0;
    this.#slots.clear();
  }

  #note(index: number): void {
    invariant(index > this.committedIndex, 'an effect is made before its entry is committed');
    invariant(index >= this.#newest, 'entries are filled in order');
    this.#newest = index;
    this.#turn();
  }

  /** Lets the tables change places when nothing in the old one is a hazard any more. */
  #turn(): void {
    const old = this.#old;
    if (old.used > 0 && ((old.newest - (this.committedIndex | 0)) | 0) > 0) return;
    if (this.#young.used === 0) return;
    old.empty();
    this.#old = this.#young;
    this.#young = old;
  }
}
