/**
 * The arguments of one command as byte ranges: nothing is copied and no string is made. Argument 0 is the
 * command's name. The ranges point into `bytes`, which is the socket's read buffer, a buffer that holds a
 * partial request, or a copy; they are valid until the decoder moves on.
 */
import { latin1, text } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { parseShortDecimal } from './double.ts';
import { type Int64, parseDouble, parseInt64 } from './number.ts';

const NONE = new Uint8Array(0);
const INITIAL_CAPACITY = 16;
/** A capacity above this is given back by {@link Arguments.reset}. */
const KEPT_CAPACITY = 4096;

/** Longest text that is read as a float (Redis: MAX_LONG_DOUBLE_CHARS). */
const MAX_FLOAT_LENGTH = 5 * 1024;

export class Arguments {
  /** What the ranges point into. */
  bytes: Uint8Array = NONE;
  /** Number of arguments, the name included. */
  count = 0;
  /** Start and end of each argument in turn. */
  #ranges = new Int32Array(INITIAL_CAPACITY * 2);

  /** No arguments, into `bytes`. */
  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.count = 0;
    if (this.#ranges.length > KEPT_CAPACITY * 2) {
      this.#ranges = new Int32Array(INITIAL_CAPACITY * 2);
    }
  }

  /**
   * `count` arguments, few, into `bytes`; the caller writes where each starts and ends into what this returns:
   * ranges[2i] and ranges[2i + 1]. For the decoder, which so spares a call an argument.
   */
  prepare(bytes: Uint8Array, count: number): Int32Array {
    this.bytes = bytes;
    this.count = count;
    if (count * 2 > this.#ranges.length) this.#grow(count);
    return this.#ranges;
  }

  /** One more argument, bytes[start, end). */
  push(start: number, end: number): void {
    const { count } = this;
    if (count * 2 === this.#ranges.length) this.#grow(count + 1);
    this.#ranges[count * 2] = start;
    this.#ranges[count * 2 + 1] = end;
    this.count = count + 1;
  }

  /** All ranges move by `offset`, into `bytes`. */
  rebase(bytes: Uint8Array, offset: number): void {
    this.bytes = bytes;
    for (let i = 0; i < this.count * 2; i++) this.#ranges[i] += offset;
  }

  /** Where argument `i` starts in `bytes`. */
  start(i: number): number {
    return this.#ranges[i * 2];
  }

  /** Where argument `i` ends in `bytes` (exclusive). */
  end(i: number): number {
    return this.#ranges[i * 2 + 1];
  }

  /** Bytes in argument `i`. */
  length(i: number): number {
    return this.#ranges[i * 2 + 1] - this.#ranges[i * 2];
  }

  /** Argument `i` as Redis' string2ll reads it, or undefined when it is no 64-bit integer. */
  integer(i: number): Int64 | undefined {
    return parseInt64(this.bytes, this.start(i), this.end(i));
  }

  /**
   * {@link integer} with what is beyond ±(2^53 - 1) cut to that: for offsets, counts and times, which mean
   * the same from there on.
   */
  clampedInteger(i: number): number | undefined {
    const value = this.integer(i);
    if (typeof value !== 'bigint') return value;
    return value > 0n ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER;
  }

  /** Argument `i` as a double (Redis' string2d: `inf` and hexadecimal included, NaN not), or undefined. */
  float(i: number): number | undefined {
    const quick = parseShortDecimal(this.bytes, this.start(i), this.end(i));
    if (quick === quick) return quick;
    const length = this.length(i);
    if (length === 0 || length >= MAX_FLOAT_LENGTH) return undefined;
    return parseDouble(this.latin1(i));
  }

  /** Is argument `i` this ASCII word, whatever the case? `word` must be in upper case. */
  equalsIgnoreCase(i: number, word: string): boolean {
    const start = this.start(i);
    const length = word.length;
    if (this.end(i) - start !== length) return false;
    for (let k = 0; k < length; k++) {
      let byte = this.bytes[start + k];
      if (byte >= 0x61 && byte <= 0x7a) byte -= 0x20;
      if (byte !== word.charCodeAt(k)) return false;
    }
    return true;
  }

  /** Argument `i` as text (UTF-8; malformed parts become U+FFFD). */
  text(i: number): string {
    return text(this.bytes, this.start(i), this.end(i));
  }

  /** Argument `i` with one character a byte. */
  latin1(i: number): string {
    return latin1(this.bytes, this.start(i), this.end(i));
  }

  /** A view (not a copy) of argument `i`. */
  view(i: number): Uint8Array {
    return this.bytes.subarray(this.start(i), this.end(i));
  }

  /** A copy of argument `i`. */
  slice(i: number): Uint8Array {
    return this.bytes.slice(this.start(i), this.end(i));
  }

  /** Sum of the lengths of all arguments, in bytes. */
  get totalBytes(): number {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.length(i);
    return total;
  }

  /** A copy that owns its bytes: for commands that wait (MULTI, parked, blocked). */
  copy(): Arguments {
    const copy = new Arguments();
    const bytes = new Uint8Array(this.totalBytes);
    copy.reset(bytes);
    let at = 0;
    for (let i = 0; i < this.count; i++) {
      bytes.set(this.view(i), at);
      copy.push(at, at + this.length(i));
      at += this.length(i);
    }
    return copy;
  }

  /** Arguments made of `parts`: for tests and for commands that the server itself runs. */
  static of(...parts: readonly (string | Uint8Array)[]): Arguments {
    const made = new Arguments();
    const encoder = new TextEncoder();
    const list = parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
    let length = 0;
    for (const part of list) length += part.length;
    const bytes = new Uint8Array(length);
    made.reset(bytes);
    let at = 0;
    for (const part of list) {
      bytes.set(part, at);
      made.push(at, at + part.length);
      at += part.length;
    }
    invariant(at === length, 'all parts were copied');
    return made;
  }

  /** Makes room for at least `count` arguments. */
  #grow(count: number): void {
    let capacity = this.#ranges.length;
    while (capacity < count * 2) capacity *= 2;
    const grown = new Int32Array(capacity);
    grown.set(this.#ranges);
    this.#ranges = grown;
  }
}
