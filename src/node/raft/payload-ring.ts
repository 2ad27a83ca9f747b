/**
 * PayloadRing: memory for the payloads of the entries that are kept in memory. They come and go in the order
 * of the log, so one buffer used round and round serves them all. A buffer of its own for each would be garbage
 * soon, outside of the collector's heap, where it makes the collector run far more often than the heap needs.
 *
 * Invariants: live payloads do not overlap and are freed in the order in which they were put; a payload that
 * finds no room gets a buffer of its own, so `put` never fails.
 */
import { invariant } from '#base/invariant.ts';

export class PayloadRing {
  readonly #bytes: Uint8Array;
  /** Where the oldest live payload begins. */
  #head = 0;
  /** Where the newest one ends; at or below `#head` when they go round the end. */
  #tail = 0;
  /** Live payloads in the ring. */
  #count = 0;

  /** @param capacity bytes; 0: every payload gets a buffer of its own. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** A copy of `payload` that stays as it is until it is freed. */
  put(payload: Uint8Array): Uint8Array {
    const at = this.#room(payload.length);
    if (at < 0) return new Uint8Array(payload);
    const end = at + payload.length;
    this.#bytes.set(payload, at);
    this.#tail = end;
    this.#count++;
    return this.#bytes.subarray(at, end);
  }

  /**
   * The oldest of all payloads that `put` gave and that were not freed yet is needed, or looked at, no more. One of
   * a ring that this has taken the place of may be given as well: nothing happens.
   */
  free(oldest: Uint8Array): void {
    const { buffer } = oldest;
    if (buffer !== this.#bytes.buffer) {
      // its own buffer is given back at once: an idle process may not collect garbage for hours
      const isWhole = oldest.length === buffer.byteLength;
      if (isWhole && buffer instanceof ArrayBuffer) buffer.transfer(0);
      return;
    }
    invariant(this.#count > 0, 'what is freed was put');
    this.#head = oldest.byteOffset + oldest.length;
    this.#count--;
  }

  /** Where `length` bytes can go; -1 when nowhere. */
  #room(length: number): number {
    if (length === 0) return -1;
    if (this.#count === 0) {
      this.#head = 0;
      this.#tail = 0;
      return length <= this.#bytes.length ? 0 : -1;
    }
    if (this.#tail > this.#head) {
      if (length <= this.#bytes.length - this.#tail) return this.#tail;
      return length <= this.#head ? 0 : -1;
    }
    return length <= this.#head - this.#tail ? this.#tail : -1;
  }
}
