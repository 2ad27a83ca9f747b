/**
 * Counts complete replies (RESP2) in a stream of bytes that is cut anywhere, without keeping any: what a
 * load generator has to know of a reply and no more. An array counts as one, with all that is in it.
 */

const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;
const ARRAY = 0x2a;
const BULK = 0x24;
const ZERO = 0x30;

export class ReplyScanner {
  /** The first error that came as a reply; '' while there is none. */
  error = '';
  /** The first byte of the line that is being read; 0 between lines. */
  #kind = 0;
  /** The integer of that line so far. */
  #number = 0;
  #negative = false;
  /** Bytes of a bulk string, its line end included, that are still to come. */
  #bulkLeft = 0;
  /** Elements that are missing for the reply to be complete. */
  #elementsLeft = 1;
  #errorBytes: number[] = [];

  /** Reads bytes[start, end) and returns how many replies became complete. */
  scan(bytes: Uint8Array, start: number, end: number): number {
    let complete = 0;
    let at = start;
    while (at < end) {
      if (this.#bulkLeft > 0) {
        const taken = Math.min(this.#bulkLeft, end - at);
        this.#bulkLeft -= taken;
        at += taken;
        if (this.#bulkLeft > 0) break;
        complete += this.#element();
        continue;
      }
      const byte = bytes[at++];
      if (this.#kind === 0) {
        this.#kind = byte;
        this.#number = 0;
        this.#negative = false;
      } else if (byte === LF) {
        complete += this.#line();
        this.#kind = 0;
      } else if (this.#kind === BULK || this.#kind === ARRAY) {
        if (byte === MINUS) this.#negative = true;
        else if (byte !== CR) this.#number = this.#number * 10 + byte - ZERO;
      } else if (this.#kind === MINUS && this.error === '' && byte !== CR) {
        this.#errorBytes.push(byte);
      }
    }
    return complete;
  }

  /** A line has ended; returns 1 when a reply has. */
  #line(): number {
    if (this.#kind === BULK && !this.#negative) {
      this.#bulkLeft = this.#number + 2;
      return 0;
    }
    if (this.#kind === ARRAY && !this.#negative) this.#elementsLeft += this.#number;
    if (this.#kind === MINUS && this.error === '') {
      this.error = String.fromCharCode(...this.#errorBytes);
    }
    return this.#element();
  }

  #element(): number {
    if (--this.#elementsLeft > 0) return 0;
    this.#elementsLeft = 1;
    return 1;
  }
}
