/**
 * The memory of an arena in the large: chunks of 16 MiB, cut into slabs of one of three sizes, and chunks of one
 * block each for what is larger than any slab's blocks.
 *
 * Every page of 64 KiB has a record of eight words in `slabs`. That of a slab's first page is the slab's; the
 * others only repeat its class, so that the class of a block is one look-up by its address.
 *
 * Invariants: chunk 0 is never used, so neither address 0 nor page 0 is anybody's; a chunk without a slab in use
 * is released, but for one that is kept against thrashing; `bytes`, `words`, `floats` and `views` of a chunk are
 * the same memory.
 *
 * Giving 16 MiB back to the system takes it a millisecond, and chunks may become empty by the hundred. So what is
 * released is only put aside: the owner calls `giveBack`, now and then.
 */
import { invariant } from '#base/invariant.ts';

/** address >>> CHUNK_SHIFT is the number of the chunk. */
export const CHUNK_SHIFT = 21;
/** (address & UNIT_MASK) << 3 is the byte offset in the chunk, << 1 the word's, without a shift the float's. */
export const UNIT_MASK = 0x1fffff;
export const CHUNK_BYTES = 1 << 24;
export const MOST_CHUNKS = 2048;

/** address >>> PAGE_SHIFT is the number of the page. */
export const PAGE_SHIFT = 13;
const PAGES_PER_CHUNK = 256;

/** Kinds of slabs: 64 KiB, 1 MiB, 16 MiB. */
export const SLAB_BYTES: readonly number[] = [1 << 16, 1 << 20, 1 << 24];
/** The binary logarithm of a slab's pages, by its kind. */
const SLAB_PAGES_SHIFT: readonly number[] = [0, 4, 8];

/** Words of a page's record: `slabs[(page << 3) + …]`. */
export const CLASS = 0;
export const USED_BLOCKS = 1;
/** The first free block, 0 for none. */
export const FREE_BLOCK = 2;
/** The first block that was never used, if there is one. */
export const FRESH_BLOCK = 3;
/** Neighbours in a list of slabs. */
export const NEXT_SLAB = 4;
export const PREVIOUS_SLAB = 5;

/** What a chunk is used for, besides a kind of slabs. */
const NOT_HELD = -1;
const ONE_BLOCK = 3;
const SPARE = 4;

/** The memory that can be addressed, or that the system gives, is used up. */
export class ArenaFullError extends Error {
  readonly code = 'ARENA_FULL';
}

const NO_BUFFER = new ArrayBuffer(0);
const NO_BYTES = new Uint8Array(NO_BUFFER);
const NO_WORDS = new Int32Array(NO_BUFFER);
const NO_FLOATS = new Float64Array(NO_BUFFER);
const NO_VIEW = new DataView(NO_BUFFER);

export class ArenaChunks {
  readonly bytes: Uint8Array<ArrayBuffer>[] = [];
  readonly words: Int32Array[] = [];
  readonly floats: Float64Array[] = [];
  readonly views: DataView[] = [];
  reservedBytes = 0;
  /** The records of pages; replaced by a larger array as chunks are added. */
  slabs = new Int32Array(0);

  readonly #firstChunk: number;
  readonly #endChunk: number;
  readonly #use = new Int8Array(MOST_CHUNKS).fill(NOT_HELD);
  readonly #usedSlabs = new Int32Array(MOST_CHUNKS);
  /** The first page of the first free slab of a chunk; the next is in the page's record. */
  readonly #freeSlab = new Int32Array(MOST_CHUNKS);
  /** The chunk that slabs of a kind are taken from, 0 for none. */
  readonly #source = new Int32Array(SLAB_BYTES.length);
  /** How many free slabs of a kind there are in all chunks. */
  readonly #freeSlabs = new Int32Array(SLAB_BYTES.length);
  #spare = 0;
  /** The memory of released chunks, to be used again or given back to the system. */
  readonly #released: ArrayBuffer[] = [];

  constructor(firstChunk: number, endChunk: number) {
    invariant(firstChunk >= 1 && endChunk <= MOST_CHUNKS, 'chunks are numbered 1 to 2047');
    this.#firstChunk = firstChunk;
    this.#endChunk = endChunk;
  }

  /** The first page of the slab of `kind` that `page` belongs to. */
  firstPage(page: number, kind: number): number {
    return (page >>> SLAB_PAGES_SHIFT[kind]) << SLAB_PAGES_SHIFT[kind];
  }

  /** The first page of a slab of `kind` for blocks of a class. Throws {@link ArenaFullError}. */
  takeSlab(kind: number, sizeClass: number): number {
    let chunk = this.#sourceOf(kind);
    if (chunk === 0) {
      chunk = this.#cutChunk(kind);
      this.#source[kind] = chunk;
    }
    this.#freeSlabs[kind]--;
    const { slabs } = this;
    const page = this.#freeSlab[chunk];
    const at = page << 3;
    this.#freeSlab[chunk] = slabs[at + NEXT_SLAB];
    this.#usedSlabs[chunk]++;
    this.#setClass(page, kind, sizeClass);
    slabs[at + USED_BLOCKS] = 0;
    slabs[at + FREE_BLOCK] = 0;
    slabs[at + FRESH_BLOCK] = page << PAGE_SHIFT;
    return page;
  }

  /** Takes back a slab without blocks in use. */
  giveSlab(page: number, kind: number): void {
    const chunk = page >>> (CHUNK_SHIFT - PAGE_SHIFT);
    this.#setClass(page, kind, 0);
    this.slabs[(page << 3) + NEXT_SLAB] = this.#freeSlab[chunk];
    this.#freeSlab[chunk] = page;
    this.#usedSlabs[chunk]--;
    this.#freeSlabs[kind]++;
    if (this.#usedSlabs[chunk] > 0) return;
    this.#freeSlabs[kind] -= PAGES_PER_CHUNK >> SLAB_PAGES_SHIFT[kind];
    if (this.#source[kind] === chunk) this.#source[kind] = 0;
    if (this.#spare === 0) {
      this.#spare = chunk;
      this.#use[chunk] = SPARE;
    } else {
      this.#release(chunk);
    }
  }

  /** Whether a slab stands in a chunk that is mostly empty, and the next would come from another one. */
  isSparse(page: number, kind: number): boolean {
    const chunk = page >>> (CHUNK_SHIFT - PAGE_SHIFT);
    if (this.#usedSlabs[chunk] << 1 > PAGES_PER_CHUNK >> SLAB_PAGES_SHIFT[kind]) return false;
    const source = this.#sourceOf(kind);
    return source !== 0 && source !== chunk;
  }

  /** The address of a block that has a chunk of its own, of the class given. */
  takeBlock(byteLength: number, sizeClass: number): number {
    const chunk = this.#hold((byteLength + 7) & ~7);
    this.#use[chunk] = ONE_BLOCK;
    const page = chunk << (CHUNK_SHIFT - PAGE_SHIFT);
    this.slabs[(page << 3) + CLASS] = sizeClass;
    return chunk << CHUNK_SHIFT;
  }

  giveBlock(chunk: number): void {
    this.slabs[(chunk << (CHUNK_SHIFT - PAGE_SHIFT)) << 3] = 0;
    this.#release(chunk);
  }

  /** Gives the memory of one released chunk back to the system; true when there are more. */
  giveBack(): boolean {
    this.#released.pop()?.transfer(0);
    return this.#released.length > 0;
  }

  /** Releases everything. */
  clear(): void {
    for (let chunk = this.#firstChunk; chunk < this.bytes.length; chunk++) {
      if (this.#use[chunk] !== NOT_HELD) this.#release(chunk);
    }
    this.#spare = 0;
    this.#source.fill(0);
    this.#freeSlabs.fill(0);
    this.#usedSlabs.fill(0);
    this.#freeSlab.fill(0);
    this.slabs = new Int32Array(0);
  }

  #setClass(page: number, kind: number, sizeClass: number): void {
    const { slabs } = this;
    const end = page + (1 << SLAB_PAGES_SHIFT[kind]);
    for (let at = page; at < end; at++) slabs[(at << 3) + CLASS] = sizeClass;
  }

  /** The chunk that the next slab comes from; 0 when a new one is needed. */
  #sourceOf(kind: number): number {
    if (this.#freeSlabs[kind] === 0) return 0;
    const source = this.#source[kind];
    if (source !== 0 && this.#freeSlab[source] !== 0) return source;
    this.#source[kind] = this.#fullestChunk(kind);
    return this.#source[kind];
  }

  /** Slabs come from the fullest chunk, so that others may run empty. */
  #fullestChunk(kind: number): number {
    let found = 0;
    for (let chunk = this.#firstChunk; chunk < this.bytes.length; chunk++) {
      if (this.#use[chunk] !== kind || this.#freeSlab[chunk] === 0) continue;
      if (found === 0 || this.#usedSlabs[chunk] > this.#usedSlabs[found]) found = chunk;
    }
    return found;
  }

  /** A chunk whose slabs, of `kind`, are all free. */
  #cutChunk(kind: number): number {
    let chunk = this.#spare;
    if (chunk === 0) chunk = this.#hold(CHUNK_BYTES);
    else this.#spare = 0;
    this.#use[chunk] = kind;
    this.#usedSlabs[chunk] = 0;
    this.#freeSlabs[kind] += PAGES_PER_CHUNK >> SLAB_PAGES_SHIFT[kind];
    const { slabs } = this;
    const step = 1 << SLAB_PAGES_SHIFT[kind];
    const first = chunk << (CHUNK_SHIFT - PAGE_SHIFT);
    let next = 0;
    for (let page = first + PAGES_PER_CHUNK - step; page >= first; page -= step) {
      slabs[(page << 3) + NEXT_SLAB] = next;
      next = page;
    }
    this.#freeSlab[chunk] = next;
    return chunk;
  }

  /** Gets memory from the system under the lowest free number. */
  #hold(byteLength: number): number {
    const chunk = this.#use.indexOf(NOT_HELD, this.#firstChunk);
    if (chunk === -1 || chunk >= this.#endChunk) {
      throw new ArenaFullError(`all ${this.#endChunk - this.#firstChunk} chunks are in use`);
    }
    const pages = (chunk + 1) * PAGES_PER_CHUNK;
    let buffer: ArrayBuffer;
    try {
      if (this.slabs.length < pages << 3) {
        const slabs = new Int32Array(Math.min(pages * 2, MOST_CHUNKS * PAGES_PER_CHUNK) << 3);
        slabs.set(this.slabs);
        this.slabs = slabs;
      }
      const released = byteLength === CHUNK_BYTES ? this.#released.pop() : undefined;
      buffer = released ?? new ArrayBuffer(byteLength);
    } catch (error) {
      throw new ArenaFullError(`the system has no ${byteLength} bytes more`, { cause: error });
    }
    while (this.bytes.length <= chunk) this.#addPlace();
    this.bytes[chunk] = new Uint8Array(buffer);
    this.words[chunk] = new Int32Array(buffer);
    this.floats[chunk] = new Float64Array(buffer);
    this.views[chunk] = new DataView(buffer);
    this.reservedBytes += byteLength;
    return chunk;
  }

  #addPlace(): void {
    this.bytes.push(NO_BYTES);
    this.words.push(NO_WORDS);
    this.floats.push(NO_FLOATS);
    this.views.push(NO_VIEW);
  }

  /** What is larger than a chunk goes back at once: not when the collector gets to it. */
  #release(chunk: number): void {
    const { buffer } = this.bytes[chunk];
    this.reservedBytes -= buffer.byteLength;
    if (this.#use[chunk] === ONE_BLOCK) buffer.transfer(0);
    else this.#released.push(buffer);
    this.bytes[chunk] = NO_BYTES;
    this.words[chunk] = NO_WORDS;
    this.floats[chunk] = NO_FLOATS;
    this.views[chunk] = NO_VIEW;
    this.#use[chunk] = NOT_HELD;
    this.#freeSlab[chunk] = 0;
  }
}
