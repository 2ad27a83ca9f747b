/**
 * The blocks of a list: elements in a row, with free space at either end, so that a push or a pop at an end moves
 * no bytes. A packed list is one such block; a large one is a chain of them (list.ts).
 *
 * Block, in the arena:
 *
 *     word 0, 1   of the list: links of a node, count and form of a packed root
 *     word 2      start u16 | end u16 << 16: the bytes of the block that elements take
 *     word 3      count (12 bits) | long elements << 12 (10 bits) | capacity / 8 << 22 (10 bits)
 *     entries     0 to 253 bytes     [length u8][bytes][length u8]
 *                 to MOST_INLINE     [254][length u16][bytes][length u16][254]
 *                 longer             [255][address i32][255]; at the address: [length u32][bytes]
 *
 * An entry says its size at both ends, so a block is read in both directions.
 *
 * Invariants: HEADER <= start <= end <= capacity <= NODE_BYTES; a block without elements has start = end.
 */
import { copyBytes, viewOf } from '#base/copy.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';

/** Bytes before the first entry. */
export const HEADER = 16;
/** No block is larger. */
export const NODE_BYTES = 4096;
/** Elements up to here stand in the block; longer ones in arena blocks of their own. */
export const MOST_INLINE = 1024;

const MIDDLE = 254;
const LONG = 255;
const MIDDLE_OVERHEAD = 6;
const LONG_ENTRY = 6;
const LONG_HEADER = 4;

const ONE_LONG = 1 << 12;
const COUNT_MASK = 0xfff;
const LONG_MASK = 0x3ff;
const CAPACITY_SHIFT = 22;

/** Bytes of the entry of an element of `length` bytes. */
export function entryBytesOf(length: number): number {
  if (length < MIDDLE) return length + 2;
  return length <= MOST_INLINE ? length + MIDDLE_OVERHEAD : LONG_ENTRY;
}

export class ListBlocks {
  readonly #arena: Arena;
  // what #passOver went over
  #boundary = 0;
  #passed = 0;
  #passedLong = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** A block without elements, of at least `bytes` bytes; words 0 and 1 are undefined. */
  make(bytes: number): number {
    const block = this.#arena.alloc(bytes);
    const words = this.#arena.words[block >>> CHUNK_SHIFT];
    const at = (block & UNIT_MASK) << 1;
    const rounded = this.#arena.capacity(block) & ~7;
    const capacity = rounded > NODE_BYTES ? NODE_BYTES : rounded;
    words[at + 2] = HEADER | (HEADER << 16);
    words[at + 3] = capacity << (CAPACITY_SHIFT - 3);
    return block;
  }

  word(block: number, index: number): number {
    return this.#arena.words[block >>> CHUNK_SHIFT][((block & UNIT_MASK) << 1) + index];
  }

  setWord(block: number, index: number, value: number): void {
    this.#arena.words[block >>> CHUNK_SHIFT][((block & UNIT_MASK) << 1) + index] = value;
  }

  count(block: number): number {
    return this.word(block, 3) & COUNT_MASK;
  }

  /** How many of its elements have a block of their own. */
  longCount(block: number): number {
    return (this.word(block, 3) >>> 12) & LONG_MASK;
  }

  capacity(block: number): number {
    return (this.word(block, 3) >>> CAPACITY_SHIFT) << 3;
  }

  start(block: number): number {
    return this.word(block, 2) & 0xffff;
  }

  end(block: number): number {
    return this.word(block, 2) >>> 16;
  }

  /** Bytes that entries take. */
  used(block: number): number {
    const span = this.word(block, 2);
    return (span >>> 16) - (span & 0xffff);
  }

  /** Bytes of the entry that starts at `offset`. */
  entryBytesAt(block: number, offset: number): number {
    const bytes = this.#arena.bytes[block >>> CHUNK_SHIFT];
    const at = ((block & UNIT_MASK) << 3) + offset;
    const tag = bytes[at];
    if (tag < MIDDLE) return tag + 2;
    if (tag === LONG) return LONG_ENTRY;
    return (bytes[at + 1] | (bytes[at + 2] << 8)) + MIDDLE_OVERHEAD;
  }

  /** Bytes of the entry that ends at `offset`. */
  entryBytesBefore(block: number, offset: number): number {
    const bytes = this.#arena.bytes[block >>> CHUNK_SHIFT];
    const at = ((block & UNIT_MASK) << 3) + offset;
    const tag = bytes[at - 1];
    if (tag < MIDDLE) return tag + 2;
    if (tag === LONG) return LONG_ENTRY;
    return (bytes[at - 3] | (bytes[at - 2] << 8)) + MIDDLE_OVERHEAD;
  }

  /** Where the element `index` (0 to count) of the block starts, reached from the nearer end. */
  offsetOf(block: number, index: number): number {
    const count = this.count(block);
    if (index <= count >> 1) {
      let offset = this.start(block);
      for (let i = 0; i < index; i++) offset += this.entryBytesAt(block, offset);
      return offset;
    }
    let offset = this.end(block);
    for (let i = count; i > index; i--) offset -= this.entryBytesBefore(block, offset);
    return offset;
  }

  /** The address of a long element, 0 when the one at `offset` is not long. */
  longAt(block: number, offset: number): number {
    const at = ((block & UNIT_MASK) << 3) + offset;
    if (this.#arena.bytes[block >>> CHUNK_SHIFT][at] !== LONG) return 0;
    return this.#arena.views[block >>> CHUNK_SHIFT].getInt32(at + 1, true);
  }

  setLongAt(block: number, offset: number, address: number): void {
    const at = ((block & UNIT_MASK) << 3) + offset;
    this.#arena.views[block >>> CHUNK_SHIFT].setInt32(at + 1, address, true);
  }

  /**
   * Adds the entry of bytes[start, end) after the last or before the first; there must be room at that end. `long` is
   * what `makeLong` has made for an element longer than MOST_INLINE, else 0.
   */
  push(
    block: number,
    atHead: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    long: number,
  ): void {
    const words = this.#arena.words[block >>> CHUNK_SHIFT];
    const at = (block & UNIT_MASK) << 1;
    const span = words[at + 2];
    const size = entryBytesOf(end - start);
    let offset: number;
    if (atHead) {
      offset = (span & 0xffff) - size;
      words[at + 2] = (span & ~0xffff) | offset;
    } else {
      offset = span >>> 16;
      words[at + 2] = span + (size << 16);
    }
    words[at + 3]++;
    if (long === 0) this.overwrite(block, offset, bytes, start, end);
    else this.#writeLong(block, offset, long);
  }

  /** Removes the first or the last entry; there must be one. */
  pop(block: number, atHead: boolean): void {
    const words = this.#arena.words[block >>> CHUNK_SHIFT];
    const at = (block & UNIT_MASK) << 1;
    const span = words[at + 2];
    const start = span & 0xffff;
    const end = span >>> 16;
    const size = atHead ? this.entryBytesAt(block, start) : this.entryBytesBefore(block, end);
    if (size === LONG_ENTRY) this.freeLongAt(block, atHead ? start : end - size);
    words[at + 3]--;
    words[at + 2] = atHead ? (start + size) | (end << 16) : start | ((end - size) << 16);
  }

  /** Puts an entry before `offset`; there must be room in the block, at whichever end. */
  insert(block: number, offset: number, bytes: Uint8Array, start: number, end: number): void {
    const long = end - start > MOST_INLINE ? this.makeLong(bytes, start, end) : 0;
    const at = this.#gap(block, offset, entryBytesOf(end - start));
    this.setWord(block, 3, this.word(block, 3) + 1);
    if (long === 0) this.overwrite(block, at, bytes, start, end);
    else this.#writeLong(block, at, long);
  }

  /** Moves entries so that there are `size` bytes before the one at `offset`; returns where. */
  #gap(block: number, offset: number, size: number): number {
    const from = this.start(block);
    const to = this.end(block);
    const left = offset - from;
    const right = to - offset;
    const roomLeft = from - HEADER;
    const roomRight = this.capacity(block) - to;
    if (roomRight >= size && (right <= left || roomLeft < size)) {
      this.move(block, offset, to, offset + size);
      this.#setSpan(block, from, to + size);
      return offset;
    }
    if (roomLeft >= size) {
      this.move(block, from, offset, from - size);
      this.#setSpan(block, from - size, to);
      return offset - size;
    }
    const at = HEADER + left;
    this.move(block, from, offset, HEADER);
    this.move(block, offset, to, at + size);
    this.#setSpan(block, HEADER, at + size + right);
    return at;
  }

  /** Removes `count` entries from `offset` on; returns where the entry after them starts then. */
  remove(block: number, offset: number, count: number): number {
    let stop = offset;
    for (let i = 0; i < count; i++) {
      const size = this.entryBytesAt(block, stop);
      if (size === LONG_ENTRY) this.freeLongAt(block, stop);
      stop += size;
    }
    const from = this.start(block);
    const to = this.end(block);
    this.setWord(block, 3, this.word(block, 3) - count);
    if (offset - from < to - stop) {
      this.move(block, from, offset, from + stop - offset);
      this.#setSpan(block, from + stop - offset, to);
      return stop;
    }
    this.move(block, stop, to, offset);
    this.#setSpan(block, from, to - (stop - offset));
    return offset;
  }

  /** Takes the entries block[from, to) and forgets all others; their long elements must be freed already. */
  keepOnly(block: number, from: number, to: number, count: number): void {
    this.#setSpan(block, from, to);
    this.setWord(block, 3, (this.word(block, 3) & ~COUNT_MASK) | count);
  }

  /** Removes all elements. */
  empty(block: number): void {
    this.freeLongs(block);
    this.setWord(block, 3, this.word(block, 3) & ~COUNT_MASK);
    this.#setSpan(block, HEADER, HEADER);
  }

  /** Frees what the long elements of the block point to; the block must be freed or emptied next. */
  freeLongs(block: number): void {
    let left = this.longCount(block);
    for (let offset = this.start(block); left > 0; offset += this.entryBytesAt(block, offset)) {
      if (this.longAt(block, offset) === 0) continue;
      this.freeLongAt(block, offset);
      left--;
    }
  }

  /**
   * Moves the entries within the block, all the free space to one end, or into a larger block (words 0 and 1 as
   * they were) with some to spare, so that `size` more bytes fit at that end. Returns the block.
   */
  widen(block: number, atHead: boolean, size: number): number {
    const used = this.used(block);
    const need = HEADER + used + size;
    const capacity = this.capacity(block);
    const free = capacity - HEADER - used;
    if (free >= size && (free >= used >> 2 || capacity === NODE_BYTES)) {
      const to = atHead ? capacity - used : HEADER;
      this.move(block, this.start(block), this.end(block), to);
      this.#setSpan(block, to, to + used);
      return block;
    }
    return this.moveTo(block, need + (need >> 2), atHead);
  }

  /** Moves everything to a new block of about `bytes` bytes, all the free space at one end; frees the old one. */
  moveTo(block: number, bytes: number, atHead: boolean): number {
    const used = this.used(block);
    const next = this.make(bytes < NODE_BYTES ? bytes : NODE_BYTES);
    const start = atHead ? this.capacity(next) - used : HEADER;
    this.#copyEntries(next, start, block, this.start(block), used);
    this.#setSpan(next, start, start + used);
    this.setWord(next, 0, this.word(block, 0));
    this.setWord(next, 1, this.word(block, 1));
    const counts = (1 << CAPACITY_SHIFT) - 1;
    this.setWord(next, 3, this.word(next, 3) | (this.word(block, 3) & counts));
    this.#arena.free(block);
    return next;
  }

  /** Appends the entries of `right` to those of `left`, which has the room; `right` must be freed next. */
  append(left: number, right: number): void {
    const end = this.end(left);
    const used = this.used(right);
    this.#copyEntries(left, end, right, this.start(right), used);
    this.#setSpan(left, this.start(left), end + used);
    const counts = (1 << CAPACITY_SHIFT) - 1;
    this.setWord(left, 3, this.word(left, 3) + (this.word(right, 3) & counts));
  }

  /** Moves about the second half of the bytes to a new block and returns that. */
  split(block: number): number {
    const start = this.start(block);
    const end = this.end(block);
    this.#passOver(block, start, start + ((end - start) >> 1));
    const boundary = this.#boundary;
    const counts = this.#passed | (this.#passedLong << 12);
    const next = this.make(NODE_BYTES);
    this.#copyEntries(next, HEADER, block, boundary, end - boundary);
    this.#setSpan(next, HEADER, HEADER + end - boundary);
    const whole = this.word(block, 3) & ((1 << CAPACITY_SHIFT) - 1);
    this.setWord(next, 3, this.word(next, 3) | (whole - counts));
    this.#setSpan(block, start, boundary);
    this.setWord(block, 3, this.word(block, 3) - (whole - counts));
    return next;
  }

  /** Finds the boundary of entries nearest to `target`, and what stands before it. */
  #passOver(block: number, start: number, target: number): void {
    let offset = start;
    this.#passed = 0;
    this.#passedLong = 0;
    while (offset < target) {
      const size = this.entryBytesAt(block, offset);
      if (offset + size - target > target - offset) break;
      if (size === LONG_ENTRY && this.longAt(block, offset) !== 0) this.#passedLong++;
      offset += size;
      this.#passed++;
    }
    this.#boundary = offset;
  }

  /** An equal block with copies of the long elements; words 0 and 1 are copied. */
  copy(block: number, bytes: number): number {
    const used = this.used(block);
    const next = this.make(bytes);
    this.#copyEntries(next, HEADER, block, this.start(block), used);
    this.#setSpan(next, HEADER, HEADER + used);
    this.setWord(next, 0, this.word(block, 0));
    this.setWord(next, 1, this.word(block, 1));
    const counts = (1 << CAPACITY_SHIFT) - 1;
    this.setWord(next, 3, this.word(next, 3) | (this.word(block, 3) & counts));
    this.#copyLongs(next);
    return next;
  }

  /** Gives a copied block long elements of its own; frees it when there is no memory for them. */
  #copyLongs(block: number): void {
    let left = this.longCount(block);
    try {
      for (let offset = HEADER; left > 0; offset += this.entryBytesAt(block, offset)) {
        const long = this.longAt(block, offset);
        if (long === 0) continue;
        this.setLongAt(block, offset, this.copyLong(long));
        left--;
      }
    } catch (error) {
      // those that are left are still the source's
      this.setWord(block, 3, this.word(block, 3) - left * ONE_LONG);
      this.freeLongs(block);
      this.#arena.free(block);
      throw error;
    }
  }

  /** A copy of the block of a long element. */
  copyLong(long: number): number {
    const arena = this.#arena;
    const bytes = LONG_HEADER + this.word(long, 0);
    const next = arena.alloc(bytes);
    copyBytes(
      arena.views[next >>> CHUNK_SHIFT],
      (next & UNIT_MASK) << 3,
      arena.views[long >>> CHUNK_SHIFT],
      (long & UNIT_MASK) << 3,
      bytes,
    );
    return next;
  }

  /** Moves the long elements of the block that lie in sparse places. */
  compactLongs(block: number): void {
    let left = this.longCount(block);
    for (let offset = this.start(block); left > 0; offset += this.entryBytesAt(block, offset)) {
      const long = this.longAt(block, offset);
      if (long === 0) continue;
      left--;
      if (!this.#arena.isSparse(long)) continue;
      this.setLongAt(block, offset, this.copyLong(long));
      this.#arena.free(long);
    }
  }

  /** Bytes of the blocks of long elements. */
  longBytes(block: number): number {
    let left = this.longCount(block);
    let sum = 0;
    for (let offset = this.start(block); left > 0; offset += this.entryBytesAt(block, offset)) {
      const long = this.longAt(block, offset);
      if (long === 0) continue;
      sum += this.#arena.capacity(long);
      left--;
    }
    return sum;
  }

  /** Writes the entry of an element that is not long to where there is room, or an entry of that size. */
  overwrite(block: number, offset: number, bytes: Uint8Array, start: number, end: number): void {
    const chunk = block >>> CHUNK_SHIFT;
    const to = this.#arena.bytes[chunk];
    const length = end - start;
    let at = ((block & UNIT_MASK) << 3) + offset;
    if (length < MIDDLE) {
      to[at++] = length;
      to[at + length] = length;
    } else {
      to[at] = MIDDLE;
      to[at + 1] = length;
      to[at + 2] = length >>> 8;
      at += 3;
      to[at + length] = length;
      to[at + length + 1] = length >>> 8;
      to[at + length + 2] = MIDDLE;
    }
    copyBytes(this.#arena.views[chunk], at, viewOf(bytes), start, length);
  }

  /** A block of a long element. */
  makeLong(bytes: Uint8Array, start: number, end: number): number {
    const arena = this.#arena;
    const long = arena.alloc(LONG_HEADER + end - start);
    this.setWord(long, 0, end - start);
    const to = ((long & UNIT_MASK) << 3) + LONG_HEADER;
    copyBytes(arena.views[long >>> CHUNK_SHIFT], to, viewOf(bytes), start, end - start);
    return long;
  }

  #writeLong(block: number, offset: number, long: number): void {
    const at = ((block & UNIT_MASK) << 3) + offset;
    const bytes = this.#arena.bytes[block >>> CHUNK_SHIFT];
    bytes[at] = LONG;
    bytes[at + LONG_ENTRY - 1] = LONG;
    this.setLongAt(block, offset, long);
    this.setWord(block, 3, this.word(block, 3) + ONE_LONG);
  }

  /** If the element at `offset` is long: frees its bytes and counts one long element less. */
  freeLongAt(block: number, offset: number): void {
    const long = this.longAt(block, offset);
    if (long === 0) return;
    this.#arena.free(long);
    this.setWord(block, 3, this.word(block, 3) - ONE_LONG);
  }

  /** Moves block[from, to) to block[at, …). */
  move(block: number, from: number, to: number, at: number): void {
    if (from === at || from === to) return;
    const base = (block & UNIT_MASK) << 3;
    this.#arena.bytes[block >>> CHUNK_SHIFT].copyWithin(base + at, base + from, base + to);
  }

  #copyEntries(next: number, to: number, block: number, from: number, count: number): void {
    copyBytes(
      this.#arena.views[next >>> CHUNK_SHIFT],
      ((next & UNIT_MASK) << 3) + to,
      this.#arena.views[block >>> CHUNK_SHIFT],
      ((block & UNIT_MASK) << 3) + from,
      count,
    );
  }

  #setSpan(block: number, start: number, end: number): void {
    this.setWord(block, 2, start | (end << 16));
  }
}
