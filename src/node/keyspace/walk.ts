/**
 * The point-in-time walk: hands out every record as it was when the walk began, in bounded steps, while the
 * keyspace changes. It goes through the slots, and in each in the order of hashes, but what is about to change
 * and has not been handed out is handed out first.
 *
 * Each record bears the number of the last walk that it belongs to no more: the one that handed it out, or that
 * was under way when it was made. So what still has to be handed out is what bears another. Walks are counted
 * modulo 8: an abandoned walk leaves records that bear older numbers, and the next that is finished puts all right;
 * before a seventh in a row is abandoned the walk goes on to its end in silence.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import { invariant } from '#base/invariant.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { EPOCH_MASK, EPOCH_SHIFT } from './record.ts';
import type { RecordReader } from './record-reader.ts';
import type { SlotIndex } from './slot-index.ts';
import type { Store } from './store.ts';

/** Is given each record; it may read it until it returns, and must not change the keyspace. */
export type RecordVisitor = (record: RecordReader) => void;

/** A number may be reused when no record can bear it any more. */
const MOST_ABANDONED = EPOCH_MASK - 1;
/** Slots without keys that cost as much as one record. */
const EMPTY_SLOTS_PER_RECORD = 32;
const IN_SILENCE: RecordVisitor = () => undefined;

export class Walk {
  active = false;
  /** What records that the walk need not see bear. */
  epoch = 0;
  /** How many walks have begun. */
  begun = 0;
  /** The last, of those counted, that has handed out everything; others were abandoned. */
  completed = 0;
  readonly #store: Store;
  #visitor = IN_SILENCE;
  #index: SlotIndex | null = null;
  #slot = 0;
  #cursor = 0;
  /** Tables of slots that were dropped meanwhile; walked at the end. */
  readonly #dropped: number[] = [];
  #abandoned = 0;
  #seen = 0;
  readonly #visit = (record: number): void => {
    this.#seen++;
    this.beforeChange(record);
  };

  constructor(store: Store) {
    this.#store = store;
  }

  /** What is in the keyspace now will be handed out to `visitor`, each key once. */
  begin(visitor: RecordVisitor): void {
    invariant(!this.active || this.#visitor === IN_SILENCE, 'one walk at a time');
    while (this.active) this.step(1_000_000);
    this.epoch = (this.epoch + 1) & EPOCH_MASK;
    this.begun++;
    this.active = true;
    this.#visitor = visitor;
    this.#index = this.#store.index;
    this.#slot = 0;
    this.#cursor = 0;
    this.#store.discards.walking = true;
  }

  /** Goes over about so many records; true when the walk is over. */
  step(maxRecords: number): boolean {
    let left = maxRecords;
    while (left > 0 && this.active) left -= this.#stepTable(left);
    return !this.active;
  }

  /** Ends the walk: the visitor is given nothing more. */
  abandon(): void {
    if (!this.active) return;
    if (this.#abandoned >= MOST_ABANDONED - 1) {
      this.#visitor = IN_SILENCE;
      return;
    }
    this.#abandoned++;
    this.#end();
  }

  /** Ends it because there are no records any more. */
  forget(): void {
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
    const { reader } = this.#store;
    reader.read(record, this.#index.heap);
    this.#visitor(reader);
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
      if (this.#visitor !== IN_SILENCE) this.completed = this.begun;
      this.#end();
      return 0;
    }
    const root = inIndex ? index.rootOf(this.#slot) : this.#dropped[0];
    this.#seen = 0;
    this.#cursor = table.scan(root, this.#cursor, most, this.#visit);
    if (this.#cursor === 0) {
      if (inIndex) this.#slot++;
      else this.#dropped.shift();
    }
    return this.#seen === 0 ? 1 / EMPTY_SLOTS_PER_RECORD : this.#seen;
  }

  #end(): void {
    this.active = false;
    this.#visitor = IN_SILENCE;
    this.#index = null;
    this.#dropped.length = 0;
    this.#store.discards.walking = false;
  }
}
