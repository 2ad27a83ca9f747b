/**
 * What is out of use and is to be freed. Small things are freed at once; large collections, the tables of
 * dropped slots and whole indexes (FLUSHALL) wait here and are freed in slices, so that nothing stops for them.
 *
 * Tables wait while a walk is on its way: it may not have passed them. So do large values that it is handing out.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import type { Table } from '#node/data/table.ts';
import type { ExpiryHeap } from './expiry-heap.ts';
import { HEADER_BYTES, TYPE_MASK, TYPE_STRING } from './record.ts';
import { TABLE_ROOT_BYTES } from './slot-index.ts';
import type { LargeValues } from './large-values.ts';
import type { DroppedPart, KeptReceiver } from './undo-log.ts';
import type { Values } from './values.ts';

/** A collection of no more elements is freed at once. */
const FREED_AT_ONCE = 64;
/** Going to a table costs about as much as so many entries. */
const TABLE_COST = 4;
/** Of every so many slots of a dead index one is looked at per unit of budget. */
const EMPTY_SLOTS_PER_UNIT = 16;

export class Discards implements KeptReceiver {
  /** A walk is on its way. */
  walking = false;
  readonly #arena: Arena;
  readonly #table: Table;
  readonly #values: Values;
  readonly #large: LargeValues;
  /** Large collections: type, root, one after the other; the last goes first. */
  readonly #collections: number[] = [];
  readonly #parts: DroppedPart[] = [];
  /** Where freeing of the first part is: its slot, and the cursor of the pass that frees the values. */
  #slot = 0;
  #cursor = 0;
  #valuesFreed = false;
  #heap: ExpiryHeap | null = null;
  readonly #visit = (record: number): void => this.#freeValueOf(record);

  constructor(arena: Arena, table: Table, values: Values, large: LargeValues) {
    this.#large = large;
    this.#arena = arena;
    this.#table = table;
    this.#values = values;
  }

  get empty(): boolean {
    return this.#collections.length === 0 && this.#parts.length === 0;
  }

  /** Bytes in the arena that belong to flushed indexes. */
  get deadBytes(): number {
    let bytes = 0;
    for (const part of this.#parts) bytes += part.index?.deadBytes ?? 0;
    return bytes;
  }

  /** Frees a record that is in no index, and its value. */
  releaseRecord(record: number): void {
    this.#freeValueOf(record);
    this.releaseBlock(record);
  }

  /** Frees the block of a record, not its value if that is a collection. */
  releaseBlock(record: number): void {
    if (!this.#large.takesOver(record)) this.#arena.free(record);
  }

  releasePart(part: DroppedPart): void {
    if (part.index !== null) part.heap.use = 'dead';
    this.#parts.push(part);
  }

  /** Frees a collection that no record names. */
  releaseCollection(type: number, root: number): void {
    if (this.#large.takesOver(root)) return;
    const rest = this.#values.freeSlice(type, root, FREED_AT_ONCE);
    if (rest !== 0) this.#collections.push(type, rest);
  }

  /** Forgets everything: the arena has been cleared. */
  clear(): void {
    this.#collections.length = 0;
    this.#parts.length = 0;
    this.#startPart();
  }

  /** Frees about so many elements or records; true when there is more to free. */
  freeSlice(budget: number): boolean {
    let left = budget;
    const collections = this.#collections;
    while (left > 0 && collections.length > 0) {
      const at = collections.length - 2;
      const rest = this.#values.freeSlice(collections[at], collections[at + 1], left);
      if (rest !== 0) {
        collections[at + 1] = rest;
        return true;
      }
      collections.length = at;
      left -= FREED_AT_ONCE;
    }
    while (left > 0 && this.#mayFreeParts) left = this.#freePart(left);
    return collections.length > 0 || this.#mayFreeParts;
  }

  get #mayFreeParts(): boolean {
    return !this.walking && this.#parts.length > 0 && this.#parts[0].heap.use !== 'kept';
  }

  #freePart(budget: number): number {
    const part = this.#parts[0];
    const before = this.#arena.usedBytes;
    let left = budget;
    this.#heap = part.heap.use === 'live' ? part.heap : null;
    const slots = part.index === null ? 1 : SLOT_COUNT;
    while (left > 0 && this.#slot < slots) {
      const root = part.root + this.#slot * (TABLE_ROOT_BYTES / 8);
      const count = this.#table.size(root);
      if (count === 0 && this.#cursor === 0) {
        left -= 1 / EMPTY_SLOTS_PER_UNIT;
        this.#nextSlot();
      } else {
        left = this.#freeTable(root, left);
      }
    }
    const done = this.#slot >= slots;
    if (done) this.#arena.free(part.root);
    if (part.index !== null) part.index.deadBytes -= before - this.#arena.usedBytes;
    if (done) {
      this.#parts.shift();
      this.#startPart();
    }
    return left;
  }

  #freeTable(root: number, budget: number): number {
    const table = this.#table;
    const before = table.size(root);
    if (!this.#valuesFreed) {
      this.#cursor = table.scan(root, this.#cursor, budget, this.#visit);
      this.#valuesFreed = this.#cursor === 0;
      return budget - Math.min(budget, before) - TABLE_COST;
    }
    table.freeSlice(root, budget);
    if (table.size(root) === 0) this.#nextSlot();
    return budget - Math.min(budget, before) - TABLE_COST;
  }

  #nextSlot(): void {
    this.#slot++;
    this.#cursor = 0;
    this.#valuesFreed = false;
  }

  #startPart(): void {
    this.#slot = -1;
    this.#nextSlot();
  }

  /** Frees the value of a record, but not the record, and takes it out of the heap. */
  #freeValueOf(record: number): void {
    const chunk = record >>> CHUNK_SHIFT;
    const words = this.#arena.words[chunk];
    const at = (record & UNIT_MASK) << 1;
    const place = words[at + 1];
    if (place !== 0 && this.#heap !== null) this.#heap.remove(place - 1);
    const type = words[at] & TYPE_MASK;
    if (type === TYPE_STRING) return;
    const valueAt = (at << 2) + HEADER_BYTES + words[at + 2];
    this.releaseCollection(type, this.#arena.views[chunk].getInt32(valueAt, true));
  }
}
