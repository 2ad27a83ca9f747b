/**
 * Puts the blocks of a snapshot file together from pieces of any size, and lets only those through that are whole,
 * unchanged and in their place.
 *
 * Invariant: the buffer grows with what has come, never because of a length that was only read.
 */
import { invariant } from '#base/invariant.ts';
import { xxh32 } from './checksum.ts';
import {
  BLOCK_DATA,
  BLOCK_HEAD,
  BLOCK_HEADER_BYTES,
  BLOCK_TRAILER,
  checksumSeed,
  FORMAT_VERSION,
  MAGIC,
  MOST_HEAD_BYTES,
  MOST_PAYLOAD_BYTES,
  PREAMBLE_BYTES,
  SnapshotCorruptError,
  TRAILER_BYTES,
} from './format.ts';

export class BlockReader {
  /** A block is there: `kind`, and the payload in bytes[start, end), valid until more is taken. */
  complete = false;
  kind = 0;
  bytes = new Uint8Array(BLOCK_HEADER_BYTES + MOST_PAYLOAD_BYTES);
  view = new DataView(this.bytes.buffer);
  readonly start = BLOCK_HEADER_BYTES;
  end = 0;
  /** Where in the file the bytes at 0 stand. */
  offset = 0;
  #stage: 'preamble' | 'header' | 'payload' = 'preamble';
  #have = 0;
  #need = PREAMBLE_BYTES;
  #ordinal = 0;
  #salt = 0;

  /** Takes bytes from `at` on until a block is complete; returns up to where it took them. */
  take(source: Uint8Array, at: number): number {
    if (this.complete) {
      invariant(this.kind !== BLOCK_TRAILER, 'nothing is taken after the trailer');
      this.#next();
    }
    let from = at;
    while (from < source.length && !this.complete) {
      const count = Math.min(this.#need - this.#have, source.length - from);
      this.#reserve(this.#have + count);
      this.bytes.set(source.subarray(from, from + count), this.#have);
      this.#have += count;
      from += count;
      if (this.#have === this.#need) this.#advance();
    }
    return from;
  }

  #next(): void {
    this.offset += this.#have;
    this.#have = 0;
    this.#need = BLOCK_HEADER_BYTES;
    this.#stage = 'header';
    this.complete = false;
  }

  #advance(): void {
    if (this.#stage === 'preamble') {
      this.#checkPreamble();
      this.#next();
    } else if (this.#stage === 'header') {
      this.#checkHeader();
    } else {
      this.#checkPayload();
    }
  }

  #checkPreamble(): void {
    if (MAGIC.some((byte, i) => this.bytes[i] !== byte)) this.#corrupt('no snapshot file');
    const version = this.view.getUint32(MAGIC.length, true);
    if (version !== FORMAT_VERSION) {
      this.#corrupt(`format version ${version}; this program reads ${FORMAT_VERSION}`);
    }
  }

  #checkHeader(): void {
    const length = this.view.getUint32(0, true);
    const kind = this.view.getUint32(8, true);
    const isHead = this.#ordinal === 0;
    if (isHead ? kind !== BLOCK_HEAD : kind !== BLOCK_DATA && kind !== BLOCK_TRAILER) {
      this.#corrupt('a block of another kind');
    }
    if (length < 1 || length > (isHead ? MOST_HEAD_BYTES : MOST_PAYLOAD_BYTES)) {
      this.#corrupt('a block of an impossible length');
    }
    if (kind === BLOCK_TRAILER && length !== TRAILER_BYTES) this.#corrupt('a trailer too long');
    this.kind = kind;
    this.#need = BLOCK_HEADER_BYTES + length;
    this.#stage = 'payload';
  }

  #checkPayload(): void {
    const length = this.#have - BLOCK_HEADER_BYTES;
    const seed = checksumSeed(this.#salt, this.#ordinal, length);
    const sum = this.view.getUint32(4, true);
    if (xxh32(this.view, 8, this.#have, seed) !== sum) this.#corrupt('a wrong checksum');
    if (this.#ordinal === 0) this.#salt = sum;
    this.#ordinal++;
    this.end = this.#have;
    this.complete = true;
  }

  #reserve(count: number): void {
    if (count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(count * 2, BLOCK_HEADER_BYTES + MOST_HEAD_BYTES));
    grown.set(this.bytes.subarray(0, this.#have));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  #corrupt(what: string): never {
    throw new SnapshotCorruptError(this.offset, what);
  }
}
