/**
 * Gives memory back that is scattered over half-empty slabs: walks all slots in slices, again and again while it
 * is worth it, and moves records, tables and the blocks of collections out of what is mostly empty.
 *
 * It starts when the arena holds much more than is used, and stops when that is not so any more, or when a round
 * did not help.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { TYPE_STRING } from './record.ts';
import type { Store } from './store.ts';

/** More than is used, in parts of what is used, when it starts and when it stops. */
const STARTS_ABOVE = 0.3;
const STOPS_BELOW = 0.15;
/** Less than this is not worth any work: the slabs of classes that are hardly used. */
const LEAST_BYTES = 32 * 1024 * 1024;
/** Bytes that have to be freed or made before a round is tried that follows one which did not help. */
const RETRY_AFTER_BYTES = 64 * 1024 * 1024;
/** What is left of the waste after a round that helped, at most. */
const HELPED = 0.9;
/** A round may only prepare for the next: blocks are close together, but the last of a chunk is not moved yet. */
const MOST_ROUNDS_IN_VAIN = 4;
const EMPTY_SLOTS_PER_UNIT = 32;
const SCANNED_RECORDS = 256;

export class Compaction {
  /** A round is under way. */
  active = false;
  readonly #store: Store;
  #slot = 0;
  /** Records of the slot before this hash have been looked at. */
  #cursor = 0;
  /** After the records: the collections before this hash have been, and of the one at it, so much. */
  #valueCursor = -1;
  #partCursor = 0;
  readonly #records: number[] = [];
  #wasteAtStart = 0;
  #roundsInVain = 0;
  #wasteGivenUp = 0;
  readonly #moved = (old: number, next: number): void => this.#recordMoved(old, next);
  readonly #collect = (record: number): void => {
    if (this.#store.typeOf(record) !== TYPE_STRING) this.#records.push(record);
  };

  constructor(store: Store) {
    this.#store = store;
  }

  /** Looks at about so many records and elements; true when there is more to do now. */
  slice(budget: number): boolean {
    if (!this.active && !this.#worthIt()) return false;
    this.#store.forget();
    let left = budget;
    while (left > 0 && this.active) left -= this.#step(left);
    return this.active;
  }

  /** The keyspace was emptied. */
  stop(): void {
    this.active = false;
    this.#wasteGivenUp = 0;
  }

  get #waste(): number {
    const { arena } = this.#store;
    return arena.reservedBytes - arena.usedBytes;
  }

  #worthIt(): boolean {
    const waste = this.#waste;
    if (waste < LEAST_BYTES || waste < this.#store.arena.usedBytes * STARTS_ABOVE) {
      this.#wasteGivenUp = 0;
      return false;
    }
    if (this.#wasteGivenUp > 0 && waste < this.#wasteGivenUp + RETRY_AFTER_BYTES) return false;
    this.active = true;
    this.#slot = -1;
    this.#nextSlot();
    this.#wasteAtStart = waste;
    this.#roundsInVain = 0;
    return true;
  }

  #step(most: number): number {
    if (this.#slot >= SLOT_COUNT) {
      this.#endRound();
      return 1;
    }
    const { table, index } = this.#store;
    const count = index.counts[this.#slot];
    if (count === 0) {
      this.#nextSlot();
      return 1 / EMPTY_SLOTS_PER_UNIT;
    }
    if (this.#valueCursor >= 0) return this.#compactValues(most);
    const root = index.rootOf(this.#slot);
    this.#cursor = table.compactSlice(root, this.#cursor, most, this.#moved);
    if (this.#cursor === 0) this.#valueCursor = 0;
    return Math.min(count, most) + 1;
  }

  /** Goes on with the collections of the slot; what was left off is found again by its hash. */
  #compactValues(most: number): number {
    const { table, index } = this.#store;
    const records = this.#records;
    records.length = 0;
    const root = index.rootOf(this.#slot);
    const next = table.scan(root, this.#valueCursor, SCANNED_RECORDS, this.#collect);
    let left = most - SCANNED_RECORDS / EMPTY_SLOTS_PER_UNIT;
    for (const record of records) {
      if (left <= 0) {
        this.#valueCursor = table.entryHash(record) >>> 0;
        return most;
      }
      left -= this.#compactCollection(record, left);
      if (this.#partCursor === 0) continue;
      this.#valueCursor = table.entryHash(record) >>> 0;
      return most;
    }
    if (next === 0) this.#nextSlot();
    else this.#valueCursor = next;
    return most - left;
  }

  #compactCollection(record: number, most: number): number {
    const store = this.#store;
    const { values } = store;
    const type = store.typeOf(record);
    const root = store.rootOf(record);
    if (store.large.holds(root)) {
      this.#partCursor = 0;
      return 1;
    }
    const isPacked = values.isPacked(type, root);
    this.#partCursor = values.compactSlice(type, root, this.#partCursor, most);
    const changed = values.rootOf(type);
    store.setRootOf(record, changed);
    if (isPacked) return 1;
    return this.#partCursor === 0 ? Math.min(most, values.size(type, changed)) : most;
  }

  #nextSlot(): void {
    this.#slot++;
    this.#cursor = 0;
    this.#valueCursor = -1;
    this.#partCursor = 0;
  }

  #endRound(): void {
    const waste = this.#waste;
    const { usedBytes } = this.#store.arena;
    if (waste < this.#wasteAtStart * HELPED) this.#roundsInVain = 0;
    else this.#roundsInVain++;
    const inVain = this.#roundsInVain >= MOST_ROUNDS_IN_VAIN;
    if (waste < usedBytes * STOPS_BELOW || waste < LEAST_BYTES || inVain) {
      this.active = false;
      this.#wasteGivenUp = inVain ? waste : 0;
      return;
    }
    this.#slot = -1;
    this.#nextSlot();
    this.#wasteAtStart = waste;
  }

  #recordMoved(old: number, next: number): void {
    const { arena, index, large } = this.#store;
    large.recordMoved(old, next);
    const place = arena.words[next >>> CHUNK_SHIFT][((next & UNIT_MASK) << 1) + 1];
    if (place !== 0) index.heap.moved(place - 1, next);
  }
}
