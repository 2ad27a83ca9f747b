/**
 * Looks ahead at keys that are about to be found, and loads their index slots, records and the beginnings of their
 * collections. For each that is a chain of cache misses which the processor must wait for; of keys that it meets
 * together it waits for all in about the time of one.
 *
 * Nothing depends on it: keys may be there or not, and may change before they are asked for.
 */
import { slotOfKey } from '#base/slot.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { EFFECT, OPERANDS } from './effects.ts';
import { TYPE_MASK, TYPE_STRING } from './record.ts';
import type { Store } from './store.ts';

/** Keys that are looked at together: more than a processor waits for at a time, few enough to stay in its cache. */
export const LOOK_AHEAD_KEYS = 16;

export class LookAhead {
  /** What was seen: a load whose result nobody keeps would not be done. */
  seen = 0;
  readonly #store: Store;
  readonly #roots = new Int32Array(LOOK_AHEAD_KEYS);
  readonly #hashes = new Int32Array(LOOK_AHEAD_KEYS);
  #count = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Loads the `count` keys from ranges[2 * i] to ranges[2 * i + 1] of `bytes`. */
  keys(bytes: Uint8Array, ranges: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#add(bytes, ranges[2 * i], ranges[2 * i + 1]);
    this.#load();
  }

  /** Loads the keys of the next effects in bytes[at, end); returns up to where it looked. */
  effects(bytes: Uint8Array, at: number, end: number): number {
    this.#bytes = bytes;
    this.#at = at;
    while (this.#count < LOOK_AHEAD_KEYS && this.#at < end) {
      const op = bytes[this.#at++];
      if (op === EFFECT.flushAll) continue;
      const length = this.#integer();
      if (op === EFFECT.dropSlot) continue;
      const start = this.#at;
      this.#at += length;
      if (this.#at > end) break;
      this.#add(bytes, start, this.#at);
      this.#skipOperands(op);
    }
    this.#load();
    return this.#at;
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    const { table, index } = this.#store;
    this.#roots[this.#count] = index.rootOf(slotOfKey(bytes, start, end));
    this.#hashes[this.#count++] = table.hashOf(bytes, start, end);
  }

  /** Step by step for all keys, so that no load waits for one of another key. */
  #load(): void {
    const store = this.#store;
    const { words } = store.arena;
    const count = this.#count;
    this.#count = 0;
    store.table.load(this.#roots, this.#hashes, count);
    const records = this.#hashes;
    const collections = this.#roots;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const record = records[i];
      const head = words[record >>> CHUNK_SHIFT][(record & UNIT_MASK) << 1];
      collections[i] =
        record === 0 || (head & TYPE_MASK) === TYPE_STRING ? 0 : store.rootOf(record);
      seen ^= head;
    }
    for (let i = 0; i < count; i++) {
      const root = collections[i];
      seen ^= words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1];
    }
    this.seen = seen;
  }

  #skipOperands(op: number): void {
    // what no primary writes is for the applier to find
    for (const operand of OPERANDS[op] ?? []) {
      if (operand === 'bytes') {
        const length = this.#integer();
        this.#at += length;
      } else if (operand === 'integer') {
        this.#integer();
      } else if (operand === 'flags') {
        this.#at += (this.#bytes[this.#at] & 1) === 1 ? 9 : 1;
      } else {
        this.#at += operand === 'uint8' ? 1 : 8;
      }
    }
  }

  #integer(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * scale;
      if (!(byte >= 0x80)) return value;
    }
  }
}
