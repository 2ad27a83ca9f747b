/**
 * Looks ahead over effects that are about to be applied, as look-ahead.ts does over commands: it goes from effect
 * to effect, but reads no more of each than its key.
 */
import { EFFECT, OPERANDS } from './effects.ts';
import { MOST_KEYS_AHEAD } from './look-ahead.ts';
import type { Store } from './store.ts';

export class EffectsAhead {
  readonly #store: Store;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what the next effects in bytes[at, end) will; returns up to where it looked. */
  read(bytes: Uint8Array, at: number, end: number): number {
    const { ahead, index } = this.#store;
    this.#bytes = bytes;
    this.#at = at;
    ahead.begin(bytes);
    for (let left = MOST_KEYS_AHEAD; left > 0 && this.#at < end; left--) {
      const op = bytes[this.#at++];
      if (op === EFFECT.flushAll) continue;
      const length = this.#integer();
      if (op === EFFECT.dropSlot) continue;
      const start = this.#at;
      this.#at += length;
      if (this.#at > end) break;
      ahead.add(index, start, this.#at);
      this.#skipOperands(op);
    }
    ahead.read();
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
