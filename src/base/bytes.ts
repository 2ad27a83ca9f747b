/**
 * Growing and reading byte buffers without Node's Buffer: pure rooms use these. Integers are
 * little-endian. Lengths are in bytes.
 */
import { copyBytes, viewOf } from './copy.ts';
import { invariant } from './invariant.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** bytes[start, end) as UTF-8 text; malformed parts become U+FFFD. */
export function text(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return decoder.decode(bytes.subarray(start, end));
}

/** bytes[start, end) as a string of one character a byte: a lossless map key. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let out = '';
  for (let at = start; at < end; at += 4096) {
    out += String.fromCharCode.apply(
      null,
      bytes.subarray(at, Math.min(at + 4096, end)) as unknown as number[],
    );
  }
  return out;
}

/** The bytes of a {@link latin1} string. */
export function fromLatin1(string: string): Uint8Array {
  const out = new Uint8Array(string.length);
  for (let i = 0; i < string.length; i++) out[i] = string.charCodeAt(i);
  return out;
}

/** True when a[aStart, aEnd) and b[bStart, bEnd) hold the same bytes. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (bEnd - bStart !== length) return false;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** The order of a[aStart, aEnd) and b[bStart, bEnd) as memcmp has it, the shorter first: below, at or above 0. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const shared = aLength < bLength ? aLength : bLength;
  for (let i = 0; i < shared; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Lower-case hexadecimal digits of `bytes`. */
export function hex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += byte.toString(16).padStart(2, '0');
  return out;
}

/** A larger buffer is dropped when it has been emptied. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** Bytes that a number takes at most. */
const LONGEST_LEB128 = 8;

/**
 * Gives the memory of a large array back at once: an idle process may not collect garbage for hours. It must be
 * the whole of its buffer, and nobody may look into it again. Small ones are left to the collector, because the
 * first buffer that is detached makes all access to all arrays a little slower.
 */
export function discardLarge(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes.length > KEPT_BYTES) bytes.buffer.transfer(0);
}

/**
 * An append-only buffer that grows by doubling; `bytes[0, length)` is what was written. Another array is `bytes`
 * after it has grown, or was cleared: a large one is gone then.
 */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  #view: DataView;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const need = this.length + count;
    if (need <= this.bytes.length) return;
    let capacity = Math.max(this.bytes.length * 2, 64);
    while (capacity < need) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    discardLarge(this.bytes);
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  uint16(value: number): void {
    this.reserve(2);
    this.#view.setUint16(this.length, value, true);
    this.length += 2;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** A non-negative integer up to 2^53 - 1 in eight bytes. */
  uint53(value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, 'uint53 takes 0 to 2^53 - 1');
    this.reserve(8);
    this.#view.setUint32(this.length, value % 0x1_0000_0000, true);
    this.#view.setUint32(this.length + 4, Math.floor(value / 0x1_0000_0000), true);
    this.length += 8;
  }

  bigInt64(value: bigint): void {
    this.reserve(8);
    this.#view.setBigInt64(this.length, value, true);
    this.length += 8;
  }

  float64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Appends source[start, end). */
  raw(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start;
    if (count >= 16) {
      this.view(viewOf(source), start, end);
      return;
    }
    this.reserve(count);
    const { bytes } = this;
    let to = this.length;
    for (let from = start; from < end; from++) bytes[to++] = source[from];
    this.length = to;
  }

  /** Appends the bytes from `start` to `end` of a view. */
  view(source: DataView, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    copyBytes(this.#view, this.length, source, start, count);
    this.length += count;
  }

  /** A length (uint32) and then source[start, end). */
  block(source: Uint8Array, start = 0, end = source.length): void {
    this.uint32(end - start);
    this.raw(source, start, end);
  }

  /** An integer from 0 to 2^53 - 1 in seven bits a byte, the lowest first (LEB128). */
  leb128(value: number): void {
    this.reserve(LONGEST_LEB128);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** A length ({@link leb128}) and then the bytes from `start` to `end` of a view. */
  shortBlock(source: DataView, start: number, end: number): void {
    const count = end - start;
    // most are short: room is made once for both
    this.reserve(LONGEST_LEB128 + count);
    if (count < 0x80) this.bytes[this.length++] = count;
    else this.leb128(count);
    copyBytes(this.#view, this.length, source, start, count);
    this.length += count;
  }

  /** A {@link block} of the UTF-8 bytes of `value`. */
  string(value: string): void {
    this.block(utf8(value));
  }

  /** Overwrites the uint32 at `at`. */
  setUint32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** What was written, as a view that the next write spoils. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Forgets everything written, and lets go of memory that only something very large needed. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length <= KEPT_BYTES) return;
    discardLarge(this.bytes);
    this.bytes = new Uint8Array(256);
    this.#view = new DataView(this.bytes.buffer);
  }
}

/** Thrown by {@link ByteReader} when the bytes end before the value does. */
export class TruncatedError extends Error {
  readonly code = 'TRUNCATED';
}

/** Reads what {@link ByteWriter} wrote, from bytes[at, end). */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes left. */
  get left(): number {
    return this.end - this.at;
  }

  /** Moves `count` bytes on and returns where they start. Throws {@link TruncatedError}. */
  skip(count: number): number {
    const start = this.at;
    if (count > this.end - start) throw new TruncatedError(`${count} bytes wanted at ${start}`);
    this.at = start + count;
    return start;
  }

  uint8(): number {
    return this.bytes[this.skip(1)];
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  uint53(): number {
    const at = this.skip(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
  }

  bigInt64(): bigint {
    return this.#view.getBigInt64(this.skip(8), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  /** A view (not a copy) of a {@link ByteWriter.block}. */
  block(): Uint8Array {
    const length = this.uint32();
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  string(): string {
    return text(this.block());
  }
}
