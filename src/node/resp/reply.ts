/**
 * Writes replies in RESP2 or RESP3 into one growing buffer: `bytes[0, length)` is what has been written and
 * not been taken yet. Nothing is checked for balance: who opens an array of n writes n replies after it.
 *
 * It is kept for long, so it gives memory back when it has been emptied after a large reply.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { discardLarge, utf8 } from '#base/bytes.ts';
import { copyBytes, viewOf } from '#base/copy.ts';
import { invariant } from '#base/invariant.ts';
import { DOUBLE_BYTES, writeDouble } from './double.ts';
import type { Int64 } from './number.ts';

const CR = 0x0d;
const LF = 0x0a;
const DOLLAR = 0x24;
const STAR = 0x2a;
const COLON = 0x3a;
const PERCENT = 0x25;
const TILDE = 0x7e;
const GREATER = 0x3e;
const COMMA = 0x2c;

const ZERO = 0x30;

const INITIAL_BYTES = 256;
/** A larger buffer is dropped when it has been emptied. */
const KEPT_BYTES = 16 * 1024;
/** Replies that wait on one connection never take more than this (rule W9). */
const MOST_BYTES = 1024 * 1024 * 1024;
/** Room for a type byte, 20 digits and a line end. */
const HEADER_BYTES = 24;

/** Fewer bytes than this are copied one by one. */
const SHORT_BYTES = 16;
/** Numbers below this are printed with 32-bit arithmetic. */
const SMALL_LIMIT = 1_000_000_000;

export class ReplyWriter {
  bytes = new Uint8Array(INITIAL_BYTES);
  length = 0;
  /**
   * A reply went past the limit (1 GiB, or what the constructor was given). Nothing is written any more; the
   * owner must close the connection, as what was written may end within a reply.
   */
  overflowed = false;
  /** The connection's protocol; HELLO changes it. */
  protocol: 2 | 3 = 2;
  #view = new DataView(this.bytes.buffer);
  readonly #mostBytes: number;
  readonly #keptBytes: number;

  /** @param keptBytes a buffer larger than this is dropped when it has been emptied. */
  constructor(mostBytes = MOST_BYTES, keptBytes = KEPT_BYTES) {
    this.#mostBytes = mostBytes;
    this.#keptBytes = keptBytes;
  }

  /** Forgets everything written. */
  clear(): void {
    this.length = 0;
    this.overflowed = false;
    if (this.bytes.length > this.#keptBytes) this.#use(new Uint8Array(INITIAL_BYTES));
  }

  /** Takes back what was written after `length` had this value. */
  truncate(length: number): void {
    invariant(length >= 0 && length <= this.length, 'truncate() goes back');
    this.length = length;
  }

  /** Drops the first `count` bytes: they have been sent. */
  discardFront(count: number): void {
    invariant(count >= 0 && count <= this.length, 'discardFront() takes what was written');
    if (count === this.length) {
      this.clear();
      return;
    }
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** A copy of what was written from `start` to `end`. */
  copy(start = 0, end = this.length): Uint8Array {
    return this.bytes.slice(start, end);
  }

  /** Appends bytes that are RESP already. */
  raw(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start;
    if (!this.#reserve(count)) return;
    this.#put(source, start, end);
  }

  /** `+OK` */
  ok(): void {
    this.#ascii('+OK\r\n');
  }

  /** A simple string; `text` is ASCII without line ends. */
  simple(text: string): void {
    this.#ascii(`+${text}\r\n`);
  }

  /** An error: a text of ERRORS (or one like it). Line ends inside become spaces, as in Redis. */
  error(text: string): void {
    const clean = /[\r\n]/.test(text)
      ? text.replace(/[\r\n]+$/, '').replaceAll(/[\r\n]/g, ' ')
      : text;
    this.raw(utf8(`-${clean}\r\n`));
  }

  /** A 64-bit integer. */
  integer(value: Int64): void {
    if (this.#reserve(HEADER_BYTES)) this.#header(COLON, value);
  }

  /** source[start, end) as a bulk string. */
  bulk(source: Uint8Array, start = 0, end = source.length): void {
    if (!this.#reserve(HEADER_BYTES + end - start)) return;
    this.#header(DOLLAR, end - start);
    this.#put(source, start, end);
    this.#lineEnd();
  }

  /** The bytes at a position (of the keyspace) as a bulk string. */
  bulkRange(range: ByteRange): void {
    const { start } = range;
    const count = range.end - start;
    if (!this.#reserve(HEADER_BYTES + count)) return;
    this.#header(DOLLAR, count);
    copyBytes(this.#view, this.length, range.view, start, count);
    this.length += count;
    this.#lineEnd();
  }

  /** The UTF-8 bytes of `text` as a bulk string. */
  bulkText(text: string): void {
    this.bulk(utf8(text));
  }

  /** A string of one character a byte as a bulk string. */
  bulkLatin1(text: string): void {
    if (!this.#reserve(HEADER_BYTES + text.length)) return;
    this.#header(DOLLAR, text.length);
    this.#ascii(text);
    this.#lineEnd();
  }

  /** The decimal digits of `value` as a bulk string. */
  bulkInteger(value: Int64): void {
    this.bulkLatin1(String(value));
  }

  /** Null: `_` or, in RESP2, the null bulk string. */
  null(): void {
    this.#ascii(this.protocol === 3 ? '_\r\n' : '$-1\r\n');
  }

  /** Null where an array was expected: `_` or, in RESP2, the null array. */
  nullArray(): void {
    this.#ascii(this.protocol === 3 ? '_\r\n' : '*-1\r\n');
  }

  /** The header of an array; `count` replies follow. */
  array(count: number): void {
    this.#aggregate(STAR, count);
  }

  /** The header of a map; `count` pairs of replies follow. In RESP2 an array of twice as many. */
  map(count: number): void {
    if (this.protocol === 3) this.#aggregate(PERCENT, count);
    else this.#aggregate(STAR, count * 2);
  }

  /** The header of a set; in RESP2 an array. */
  set(count: number): void {
    this.#aggregate(this.protocol === 3 ? TILDE : STAR, count);
  }

  /** The header of an out-of-band message; in RESP2 an array. */
  push(count: number): void {
    this.#aggregate(this.protocol === 3 ? GREATER : STAR, count);
  }

  /** A double: `,` or, in RESP2, a bulk string. */
  double(value: number): void {
    if (!this.#reserve(HEADER_BYTES + DOUBLE_BYTES)) return;
    const { bytes } = this;
    const at = this.length;
    let end: number;
    if (this.protocol === 3) {
      bytes[at] = COMMA;
      end = writeDouble(bytes, at + 1, value);
    } else {
      // behind a header for one digit, which nearly always suffices
      end = writeDouble(bytes, at + 4, value);
      const length = end - at - 4;
      let to = at;
      bytes[to++] = DOLLAR;
      if (length > 9) {
        bytes.copyWithin(at + 5, at + 4, end++);
        bytes[to++] = length > 19 ? 0x32 : 0x31;
      }
      bytes[to++] = 0x30 + (length % 10);
      bytes[to++] = CR;
      bytes[to] = LF;
    }
    bytes[end++] = CR;
    bytes[end++] = LF;
    this.length = end;
  }

  /** A truth value: `#t` and `#f` or, in RESP2, 1 and 0. */
  boolean(value: boolean): void {
    if (this.protocol === 3) this.#ascii(value ? '#t\r\n' : '#f\r\n');
    else this.integer(value ? 1 : 0);
  }

  /** An integer of any size: `(` or, in RESP2, a bulk string. */
  bigNumber(value: bigint): void {
    if (this.protocol === 3) this.#ascii(`(${value}\r\n`);
    else this.bulkLatin1(String(value));
  }

  /** A text with its format (three characters, `txt` or `mkd`); in RESP2 a bulk string. */
  verbatim(format: string, text: string): void {
    invariant(format.length === 3, 'a verbatim format has three characters');
    const bytes = utf8(text);
    if (this.protocol === 2) {
      this.bulk(bytes);
      return;
    }
    this.#ascii(`=${bytes.length + 4}\r\n${format}:`);
    this.raw(bytes);
    if (this.#reserve(2)) this.#lineEnd();
  }

  /**
   * An aggregate whose count is not known yet: write its replies after this and then call
   * {@link endArray} with the position that this returns.
   */
  beginArray(): number {
    return this.length;
  }

  /** Puts the header of an array of `count` before everything written since {@link beginArray}. */
  endArray(at: number, count: number): void {
    this.#insertHeader(at, STAR, count);
  }

  /** As {@link endArray}: a map of `count` pairs (RESP2: an array of twice as many). */
  endMap(at: number, count: number): void {
    if (this.protocol === 3) this.#insertHeader(at, PERCENT, count);
    else this.#insertHeader(at, STAR, count * 2);
  }

  /** Puts the digits of `value`, as a bulk string, before everything written since position `at`. */
  insertBulkInteger(at: number, value: Int64): void {
    const end = this.length;
    this.bulkInteger(value);
    this.#moveTo(at, end);
  }

  #insertHeader(at: number, type: number, count: number): void {
    const end = this.length;
    this.#aggregate(type, count);
    this.#moveTo(at, end);
  }

  /** Moves what has been written from `end` on to `at`. */
  #moveTo(at: number, end: number): void {
    if (this.overflowed) return;
    const moved = this.bytes.slice(end, this.length);
    this.bytes.copyWithin(at + moved.length, at, end);
    this.bytes.set(moved, at);
  }

  #aggregate(type: number, count: number): void {
    if (this.#reserve(HEADER_BYTES)) this.#header(type, count);
  }

  /** `type`, the digits of `value`, a line end; there is room for {@link HEADER_BYTES}. */
  #header(type: number, value: Int64): void {
    const { bytes } = this;
    let to = this.length;
    bytes[to++] = type;
    if (typeof value === 'number' && value >= 0 && value < SMALL_LIMIT) {
      to = putDigits(bytes, to, value);
    } else {
      const text = String(value);
      for (let i = 0; i < text.length; i++) bytes[to++] = text.charCodeAt(i);
    }
    bytes[to] = CR;
    bytes[to + 1] = LF;
    this.length = to + 2;
  }

  /** Appends source[start, end), for which there is room. */
  #put(source: Uint8Array, start: number, end: number): void {
    const to = this.length;
    if (end - start < SHORT_BYTES) {
      const { bytes } = this;
      for (let from = start, at = to; from < end; from++, at++) bytes[at] = source[from];
    } else {
      copyBytes(this.#view, to, viewOf(source), start, end - start);
    }
    this.length = to + end - start;
  }

  /** Appends a line end, for which there is room. */
  #lineEnd(): void {
    const { bytes, length } = this;
    bytes[length] = CR;
    bytes[length + 1] = LF;
    this.length = length + 2;
  }

  /** Appends characters below 256 as bytes. */
  #ascii(text: string): void {
    if (!this.#reserve(text.length)) return;
    const { bytes } = this;
    let to = this.length;
    for (let i = 0; i < text.length; i++) bytes[to++] = text.charCodeAt(i);
    this.length = to;
  }

  /** Makes room; false when that is not allowed. */
  #reserve(count: number): boolean {
    return this.length + count <= this.bytes.length && !this.overflowed
      ? true
      : this.#makeRoom(count);
  }

  #makeRoom(count: number): boolean {
    const need = this.length + count;
    if (need > this.#mostBytes || this.overflowed) {
      this.overflowed = true;
      return false;
    }
    let capacity = this.bytes.length * 2;
    while (capacity < need) capacity *= 2;
    const grown = new Uint8Array(Math.min(capacity, this.#mostBytes));
    grown.set(this.bytes.subarray(0, this.length));
    this.#use(grown);
    return true;
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    discardLarge(this.bytes);
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Writes the decimal digits of `value`, below {@link SMALL_LIMIT}; returns where they end. */
function putDigits(bytes: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    bytes[at] = ZERO + value;
    return at + 1;
  }
  let count = 2;
  for (let bound = 100; bound <= value; bound *= 10) count++;
  const end = at + count;
  let rest = value | 0;
  for (let to = end - 1; to >= at; to--) {
    const quotient = (rest / 10) | 0;
    bytes[to] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
  return end;
}
