/** Going over keys without knowing their names: SCAN, KEYS, RANDOMKEY, GETKEYSINSLOT. */
import type { Prng } from '#base/prng.ts';
import { SLOT_COUNT } from '#base/slot.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { HEADER_BYTES } from './record.ts';
import type { Store } from './store.ts';

/** A cursor is slot * 2^32 + hash: everything below it has been passed. */
const SLOT_SPAN = 2 ** 32;

export class KeyWalks {
  /** Records that the last step found, and the slots they are in. */
  records = new Int32Array(64);
  slots = new Int32Array(64);
  count = 0;
  readonly #store: Store;
  #slot = 0;
  readonly #collect = (record: number): void => {
    if (this.count === this.records.length) this.#grow();
    this.records[this.count] = record;
    this.slots[this.count++] = this.#slot;
  };

  constructor(store: Store) {
    this.#store = store;
  }

  /** Finds about `count` records from the cursor on; the next cursor, 0 at the end. */
  scan(cursor: number, count: number): number {
    const { table, index } = this.#store;
    this.count = 0;
    let slot = Math.floor(cursor / SLOT_SPAN);
    let hash = cursor % SLOT_SPAN;
    while (slot < SLOT_COUNT) {
      if (index.counts[slot] > 0) {
        if (this.count >= count) return slot * SLOT_SPAN + hash;
        this.#slot = slot;
        hash = table.scan(index.rootOf(slot), hash, count - this.count, this.#collect);
        if (hash !== 0) {
          if (this.count >= count || this.count > 0) return slot * SLOT_SPAN + hash;
          continue;
        }
      }
      slot++;
      hash = 0;
    }
    return 0;
  }

  /** Some record, each as likely as any other; 0 when there is none. Its slot is `slots[0]`. */
  random(random: Prng): number {
    const { table, index } = this.#store;
    if (index.size === 0) return 0;
    let left = random.below(index.size);
    let slot = 0;
    while (left >= index.counts[slot]) left -= index.counts[slot++];
    this.slots[0] = slot;
    return table.random(index.rootOf(slot), random);
  }

  /** A copy of a record's key. */
  keyOf(record: number): Uint8Array {
    const { arena } = this.#store;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const start = (at << 2) + HEADER_BYTES;
    return arena.bytes[chunk].slice(start, start + arena.words[chunk][at + 2]);
  }

  /** Copies of at most `limit` keys of the slot. */
  keysInSlot(slot: number, limit: number): Uint8Array[] {
    const { table, index } = this.#store;
    const keys: Uint8Array[] = [];
    if (limit <= 0) return keys;
    table.begin(index.rootOf(slot));
    for (let record = table.next(); record !== 0; record = table.next()) {
      keys.push(this.keyOf(record));
      if (keys.length >= limit) break;
    }
    return keys;
  }

  #grow(): void {
    const records = new Int32Array(this.records.length * 2);
    const slots = new Int32Array(this.records.length * 2);
    records.set(this.records);
    slots.set(this.slots);
    this.records = records;
    this.slots = slots;
  }
}
