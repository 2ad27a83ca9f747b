/**
 * Memory outside the V8 heap for everything the keyspace holds. A heap of millions of small objects stalls for
 * hundreds of milliseconds when it is collected; here V8 sees a few large buffers.
 *
 * An address is a signed 32-bit integer in units of 8 bytes, 0 is null, so 32 GiB can be named. Beyond 16 GiB
 * addresses are negative: take them apart by `>>>` and `&`, compare them only with `===`.
 *
 * Blocks come in size classes: steps of 8 bytes up to 256, then eighths of a power of two up to 4 MiB. A slab
 * holds blocks of one class and a list of its free ones, so when it is empty any class can have it. A larger
 * block has a chunk number and a buffer of its own.
 *
 * Invariants: `#open[c]` heads the list of the slabs of class c that have room, and blocks are taken from the
 * head; a slab is in that list if and only if it has room; a slab whose last block is freed is given back.
 */
import { invariant } from '#base/invariant.ts';
import {
  ArenaChunks,
  ArenaFullError,
  CHUNK_SHIFT,
  CLASS,
  FREE_BLOCK,
  FRESH_BLOCK,
  MOST_CHUNKS,
  NEXT_SLAB,
  PAGE_SHIFT,
  PREVIOUS_SLAB,
  SLAB_BYTES,
  UNIT_MASK,
  USED_BLOCKS,
} from './arena-chunks.ts';

export { ArenaFullError, CHUNK_SHIFT, UNIT_MASK } from './arena-chunks.ts';

/** Blocks above this have a buffer of their own. */
export const LARGEST_CLASS_BYTES = 1 << 22;
const LARGEST_CLASS = 144;
/** The class of blocks with a buffer of their own. */
const OWN_BUFFER = LARGEST_CLASS + 1;
/** The largest classes in slabs of 64 KiB and of 1 MiB. */
const LARGEST_OF_SMALL_SLABS = 80;
const LARGEST_OF_MIDDLE_SLABS = 112;

function classOf(byteLength: number): number {
  if (byteLength <= 256) return byteLength <= 8 ? 1 : (byteLength + 7) >>> 3;
  const below = byteLength - 1;
  const power = 31 - Math.clz32(below);
  return 33 + ((power - 8) << 3) + ((below - (1 << power)) >>> (power - 3));
}

function classBytes(sizeClass: number): number {
  if (sizeClass <= 32) return sizeClass << 3;
  const power = 8 + ((sizeClass - 33) >>> 3);
  return (1 << power) + ((((sizeClass - 33) & 7) + 1) << (power - 3));
}

function slabKind(sizeClass: number): number {
  if (sizeClass <= LARGEST_OF_SMALL_SLABS) return 0;
  return sizeClass <= LARGEST_OF_MIDDLE_SLABS ? 1 : 2;
}

/** By class: the bytes of a block, and how many of them a slab holds. */
const CLASS_BYTES = Int32Array.from({ length: LARGEST_CLASS + 1 }, (_, c) => classBytes(c));
const CLASS_BLOCKS = Int32Array.from({ length: LARGEST_CLASS + 1 }, (_, c) =>
  c === 0 ? 0 : Math.floor(SLAB_BYTES[slabKind(c)] / classBytes(c)),
);

export class Arena {
  /** The memory by chunk number, in four views. */
  readonly bytes: readonly Uint8Array[];
  readonly words: readonly Int32Array[];
  readonly floats: readonly Float64Array[];
  readonly views: readonly DataView[];

  readonly #chunks: ArenaChunks;
  /** The first slab of each class that has room, 0 for none. */
  readonly #open = new Int32Array(LARGEST_CLASS + 1);
  /** An array, because a number in a field is allocated anew when it leaves the range of small integers. */
  readonly #usedBytes = new Float64Array(1);

  /** @param firstChunk the first chunk number that is used, and @param endChunk the one after the last. */
  constructor(firstChunk = 1, endChunk = MOST_CHUNKS) {
    this.#chunks = new ArenaChunks(firstChunk, endChunk);
    this.bytes = this.#chunks.bytes;
    this.words = this.#chunks.words;
    this.floats = this.#chunks.floats;
    this.views = this.#chunks.views;
  }

  /** The bytes of the blocks in use, as their classes have them. */
  get usedBytes(): number {
    return this.#usedBytes[0];
  }

  /** The bytes held from the system, but for what {@link giveBack} is to give back. */
  get reservedBytes(): number {
    return this.#chunks.reservedBytes;
  }

  /**
   * The address of a block of at least `byteLength` bytes; what they are is not defined.
   * Throws {@link ArenaFullError}, and has changed nothing then.
   */
  alloc(byteLength: number): number {
    if (byteLength > LARGEST_CLASS_BYTES) return this.#allocOwn(byteLength);
    const sizeClass = classOf(byteLength);
    let page = this.#open[sizeClass];
    if (page === 0) page = this.#openSlab(sizeClass);
    const { slabs } = this.#chunks;
    const at = page << 3;
    let address = slabs[at + FREE_BLOCK];
    if (address !== 0) {
      slabs[at + FREE_BLOCK] = this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1];
    } else {
      address = slabs[at + FRESH_BLOCK];
      slabs[at + FRESH_BLOCK] = address + (CLASS_BYTES[sizeClass] >> 3);
    }
    const used = slabs[at + USED_BLOCKS] + 1;
    slabs[at + USED_BLOCKS] = used;
    if (used === CLASS_BLOCKS[sizeClass]) this.#unlink(page, sizeClass);
    this.#usedBytes[0] += CLASS_BYTES[sizeClass];
    return address;
  }

  /** As {@link alloc}, but 0 when the arena is full: for what can as well be left undone. */
  allocOrNone(byteLength: number): number {
    try {
      return this.alloc(byteLength);
    } catch (error) {
      if (error instanceof ArenaFullError) return 0;
      throw error;
    }
  }

  /** Takes a block back. */
  free(address: number): void {
    const { slabs } = this.#chunks;
    let page = address >>> PAGE_SHIFT;
    const sizeClass = slabs[(page << 3) + CLASS];
    if (sizeClass > LARGEST_OF_SMALL_SLABS) {
      if (sizeClass === OWN_BUFFER) {
        this.#freeOwn(address);
        return;
      }
      page = this.#chunks.firstPage(page, slabKind(sizeClass));
    }
    const at = page << 3;
    const used = slabs[at + USED_BLOCKS];
    invariant(sizeClass > 0 && used > 0, 'a block that is freed is in use');
    this.#usedBytes[0] -= CLASS_BYTES[sizeClass];
    if (used === CLASS_BLOCKS[sizeClass]) this.#link(page, sizeClass);
    slabs[at + USED_BLOCKS] = used - 1;
    if (used === 1) {
      this.#unlink(page, sizeClass);
      this.#chunks.giveSlab(page, slabKind(sizeClass));
      return;
    }
    this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1] = slabs[at + FREE_BLOCK];
    slabs[at + FREE_BLOCK] = address;
  }

  /** How many bytes the block at `address` holds. */
  capacity(address: number): number {
    const sizeClass = this.#chunks.slabs[((address >>> PAGE_SHIFT) << 3) + CLASS];
    if (sizeClass === OWN_BUFFER) return this.bytes[address >>> CHUNK_SHIFT].length;
    return CLASS_BYTES[sizeClass];
  }

  /** Whether a new block of `byteLength` bytes would be as large as the one at `address`: it can stay there. */
  fits(address: number, byteLength: number): boolean {
    const sizeClass = this.#chunks.slabs[((address >>> PAGE_SHIFT) << 3) + CLASS];
    if (byteLength <= LARGEST_CLASS_BYTES) return classOf(byteLength) === sizeClass;
    if (sizeClass !== OWN_BUFFER) return false;
    const held = this.bytes[address >>> CHUNK_SHIFT].length;
    return byteLength <= held && byteLength > held - (held >>> 3);
  }

  /**
   * Whether moving the block elsewhere helps to empty a slab, or a chunk, that is mostly unused. It sees to it
   * that a new block would come from elsewhere.
   */
  isSparse(address: number): boolean {
    const { slabs } = this.#chunks;
    let page = address >>> PAGE_SHIFT;
    const sizeClass = slabs[(page << 3) + CLASS];
    if (sizeClass === OWN_BUFFER) return false;
    const kind = slabKind(sizeClass);
    page = this.#chunks.firstPage(page, kind);
    const head = this.#open[sizeClass];
    if (page !== head && slabs[(page << 3) + USED_BLOCKS] << 2 < CLASS_BLOCKS[sizeClass] * 3) {
      return true;
    }
    if (!this.#chunks.isSparse(page, kind)) return false;
    if (head === 0 || this.#chunks.isSparse(head, kind)) this.#openSlab(sizeClass);
    return true;
  }

  /** Gives a part of the memory that is free, about a millisecond's, back to the system; true when there is more. */
  giveBack(): boolean {
    return this.#chunks.giveBack();
  }

  /** Frees every block. */
  clear(): void {
    this.#chunks.clear();
    this.#open.fill(0);
    this.#usedBytes[0] = 0;
  }

  #allocOwn(byteLength: number): number {
    const address = this.#chunks.takeBlock(byteLength, OWN_BUFFER);
    this.#usedBytes[0] += this.bytes[address >>> CHUNK_SHIFT].length;
    return address;
  }

  #freeOwn(address: number): void {
    this.#usedBytes[0] -= this.bytes[address >>> CHUNK_SHIFT].length;
    this.#chunks.giveBlock(address >>> CHUNK_SHIFT);
  }

  /** Takes a slab and makes it the head of its list; it is used at once. */
  #openSlab(sizeClass: number): number {
    const page = this.#chunks.takeSlab(slabKind(sizeClass), sizeClass);
    const { slabs } = this.#chunks;
    const next = this.#open[sizeClass];
    slabs[(page << 3) + NEXT_SLAB] = next;
    slabs[(page << 3) + PREVIOUS_SLAB] = 0;
    if (next !== 0) slabs[(next << 3) + PREVIOUS_SLAB] = page;
    this.#open[sizeClass] = page;
    return page;
  }

  /**
   * Puts a slab into the list of those with room: second, so that the head is filled up first, and the fuller
   * ones, which were full last, come before the emptier ones.
   */
  #link(page: number, sizeClass: number): void {
    const { slabs } = this.#chunks;
    const head = this.#open[sizeClass];
    const at = page << 3;
    slabs[at + PREVIOUS_SLAB] = head;
    if (head === 0) {
      slabs[at + NEXT_SLAB] = 0;
      this.#open[sizeClass] = page;
      return;
    }
    const next = slabs[(head << 3) + NEXT_SLAB];
    slabs[at + NEXT_SLAB] = next;
    slabs[(head << 3) + NEXT_SLAB] = page;
    if (next !== 0) slabs[(next << 3) + PREVIOUS_SLAB] = page;
  }

  #unlink(page: number, sizeClass: number): void {
    const { slabs } = this.#chunks;
    const next = slabs[(page << 3) + NEXT_SLAB];
    const previous = slabs[(page << 3) + PREVIOUS_SLAB];
    if (next !== 0) slabs[(next << 3) + PREVIOUS_SLAB] = previous;
    if (previous !== 0) slabs[(previous << 3) + NEXT_SLAB] = next;
    else this.#open[sizeClass] = next;
  }
}
