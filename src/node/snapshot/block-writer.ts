/**
 * Puts ops into blocks and emits each block when it is full. One buffer is used for all of them, so a writer needs
 * no more memory than that, whatever it writes.
 *
 * Invariant: an op that was begun by `room` has the bytes that it asked for, and stands whole in one block.
 */
import { copyBytes } from '#base/copy.ts';
import { invariant } from '#base/invariant.ts';
import { xxh32 } from './checksum.ts';
import { BLOCK_HEADER_BYTES, checksumSeed, MOST_PAYLOAD_BYTES } from './format.ts';

export class BlockWriter {
  /** Payload bytes of all blocks but the head. */
  payloadBytes = 0;
  readonly #emit: (bytes: Uint8Array) => void;
  readonly #bytes = new Uint8Array(BLOCK_HEADER_BYTES + MOST_PAYLOAD_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #at = BLOCK_HEADER_BYTES;
  #kind: number;
  #ordinal = 0;
  #salt = 0;

  /** `emit` must copy what it is given. */
  constructor(emit: (bytes: Uint8Array) => void, kind: number) {
    this.#emit = emit;
    this.#kind = kind;
  }

  /** Emits the block of the head, which comes first. */
  head(payload: Uint8Array, kind: number): void {
    const bytes = new Uint8Array(BLOCK_HEADER_BYTES + payload.length);
    bytes.set(payload, BLOCK_HEADER_BYTES);
    const view = new DataView(bytes.buffer);
    this.#salt = this.#seal(view, bytes.length, kind);
    this.#emit(bytes);
  }

  /** From now on blocks are of this kind. */
  setKind(kind: number): void {
    this.flush();
    this.#kind = kind;
  }

  /** The bytes that are left in this block. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Where the next byte goes. */
  get at(): number {
    return this.#at;
  }

  /** Sees to it that so many bytes go into one block. */
  room(count: number): void {
    if (count <= this.left) return;
    this.flush();
    invariant(count <= this.left, 'an op fits into a block');
  }

  uint8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  uint16(value: number): void {
    this.setUint16(this.#at, value);
    this.#at += 2;
  }

  setUint16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  uint24(value: number): void {
    this.uint16(value & 0xffff);
    this.uint8(value >>> 16);
  }

  uint53(value: number): void {
    this.#view.setUint32(this.#at, value % 2 ** 32, true);
    this.#view.setUint32(this.#at + 4, Math.floor(value / 2 ** 32), true);
    this.#at += 8;
  }

  int32(value: number): void {
    this.#view.setInt32(this.#at, value, true);
    this.#at += 4;
  }

  float64(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** An integer from 0 to 2^53 - 1, as {@link ByteWriter.leb128}. */
  leb128(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  /** The bytes from `start` to `end` of a view. */
  view(source: DataView, start: number, end: number): void {
    copyBytes(this.#view, this.#at, source, start, end - start);
    this.#at += end - start;
  }

  /** Emits what is in the block, if there is anything. */
  flush(): void {
    if (this.#at === BLOCK_HEADER_BYTES) return;
    this.payloadBytes += this.#at - BLOCK_HEADER_BYTES;
    this.#seal(this.#view, this.#at, this.#kind);
    this.#emit(this.#bytes.subarray(0, this.#at));
    this.#at = BLOCK_HEADER_BYTES;
  }

  #seal(view: DataView, end: number, kind: number): number {
    const length = end - BLOCK_HEADER_BYTES;
    view.setUint32(0, length, true);
    view.setUint32(8, kind, true);
    const sum = xxh32(view, 8, end, checksumSeed(this.#salt, this.#ordinal++, length));
    view.setUint32(4, sum, true);
    return sum;
  }
}
