/**
 * The point-in-time walk: hands out every record as it was when the walk began, in bounded steps, while the
 * keyspace changes. It goes through the slots, and in each in the order of hashes, but what is about to change
 * and has not been handed out is handed out first. Of large values that holds element by element (large-values.ts).
 *
 * Each record bears the number of the last walk that it belongs to no more: the one that handed it out, or that
 * was under way when it was made. So what still has to be handed out is what bears another. Walks are counted
 * modulo 8: an abandoned walk leaves records that bear older numbers, and the next that is finished puts all right;
 * before a seventh in a row is abandoned the walk goes on to its end in silence.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import { invariant } from '#base/invariant.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { BYTES_PER_UNIT } from './large-values.ts';
import { EPOCH_MASK, EPOCH_SHIFT, TYPE_STRING } from './record.ts';
import type { SlotIndex } from './slot-index.ts';
import type { Store } from './store.ts';
import type { WalkVisitor } from './walk-visitor.ts';

/** A number may be reused when no record can bear it any more. */
const MOST_ABANDONED = EPOCH_MASK - 1;
/** Slots without keys that cost as much as one record. */
const EMPTY_SLOTS_PER_RECORD = 32;
/** What a record is taken to cost before any has been seen: a step at the start must not be a long one either. */
const FIRST_COST = 8;
/** What a small collection costs. */
const COLLECTION_COST = 4;

export class Walk {
  active = false;
  /** What records that the walk need not see bear. */
  epoch = 0;
  /** How many walks have begun. */
  begun = 0;
  /** The last, of those counted, that has handed out everything; others were abandoned. */
  completed = 0;
  readonly #store: Store;
  /** Null when it was abandoned, and goes on to its end in silence. */
  #visitor: WalkVisitor | null = null;
  #index: SlotIndex | null = null;
  #slot = 0;
  #cursor = 0;
  /** Tables of slots that were dropped meanwhile; walked at the end. */
  readonly #dropped: number[] = [];
  #abandoned = 0;
  /** What the records of a step have cost, and how many they were; what each has cost lately. */
  #cost = 0;
  #seen = 0;
  #costEach = FIRST_COST;
  readonly #visit = (record: number): void => {
    this.#seen++;
    this.#cost++;
    this.beforeChange(record);
  };

  constructor(store: Store) {
    this.#store = store;
  }

  /** What is in the keyspace now will be handed out to `visitor`, each key once. */
  begin(visitor: WalkVisitor): void {
    invariant(!this.active || this.#visitor === null, 'one walk at a time');
    while (this.active) this.step(1_000_000);
    while (this.settle(1_000_000));
    this.#store.large.beginWalk(visitor);
    this.epoch = (this.epoch + 1) & EPOCH_MASK;
    this.begun++;
    this.active = true;
    this.#visitor = visitor;
    this.#index = this.#store.index;
    this.#slot = 0;
    this.#cursor = 0;
    this.#store.discards.walking = true;
  }

  /**
   * Goes over about so many records, or elements of large values, where 512 bytes count as one; true when the walk is
   * over.
   */
  step(maxRecords: number): boolean {
    const { large } = this.#store;
    let left = maxRecords;
    while (left > 0 && this.active) {
      left -= large.any ? large.slice(left) : this.#stepTable(left);
    }
    return !this.active;
  }

  /** Ends, in slices, what abandoned walks have begun with large values; true when there is more to do. */
  settle(maxElements: number): boolean {
    const { large } = this.#store;
    if (!this.active && large.any) large.slice(maxElements);
    return !this.active && large.any;
  }

  /** Ends the walk: the visitor is given nothing more. */
  abandon(): void {
    if (!this.active) return;
    this.#store.large.abandon();
    if (this.#abandoned >= MOST_ABANDONED - 1) {
      this.#visitor = null;
      return;
    }
    this.#abandoned++;
    this.#end();
  }

  /** Ends it because there are no records any more. */
  forget(): void {
    this.#store.large.forget();
    this.#abandoned = 0;
    this.#end();
  }

  /** The record is about to change, or go: it is handed out first when that is still to be done. */
  beforeChange(record: number): void {
    const words = this.#store.arena.words[record >>> CHUNK_SHIFT];
    const at = (record & UNIT_MASK) << 1;
    const head = words[at];
    const { epoch } = this;
    if (((head >>> EPOCH_SHIFT) & EPOCH_MASK) === epoch || this.#index === null) return;
    words[at] = (head & ~(EPOCH_MASK << EPOCH_SHIFT)) | (epoch << EPOCH_SHIFT);
    if (this.#visitor === null) return;
    const { reader, large } = this.#store;
    reader.read(record, this.#index.heap);
    if (reader.isLarge) {
      large.open(reader, record);
      return;
    }
    const isString = reader.type === TYPE_STRING;
    this.#cost += isString ? Math.floor(reader.value.length / BYTES_PER_UNIT) : COLLECTION_COST;
    this.#visitor.whole(reader);
  }

  /** The table of a slot of this index was put aside and is at `root` now. */
  slotDropped(index: SlotIndex, root: number): void {
    if (this.active && index === this.#index) this.#dropped.push(root);
  }

  #stepTable(most: number): number {
    const { table } = this.#store;
    const index = this.#index;
    const inIndex = this.#slot < SLOT_COUNT && index !== null;
    if (!inIndex && this.#dropped.length === 0) {
      this.#abandoned = 0;
      if (this.#visitor !== null) this.completed = this.begun;
      this.#end();
      return 0;
    }
    const root = inIndex ? index.rootOf(this.#slot) : this.#dropped[0];
    this.#seen = 0;
    this.#cost = 0;
    const count = Math.max(1, Math.floor(most / this.#costEach));
    this.#cursor = table.scan(root, this.#cursor, count, this.#visit);
    if (this.#seen > 0) this.#costEach = (this.#costEach + this.#cost / this.#seen) / 2;
    if (this.#cursor === 0) {
      if (inIndex) this.#slot++;
      else this.#dropped.shift();
    }
    return this.#seen === 0 ? 1 / EMPTY_SLOTS_PER_RECORD : this.#cost;
  }

  #end(): void {
    this.active = false;
    this.#visitor = null;
    this.#index = null;
    this.#dropped.length = 0;
    this.#store.discards.walking = false;
  }
}
