/**
 * The packed form of a sorted set: one block with the entries in order.
 *
 *     [count][used bytes | capacity / 8 << 16]  then entries  [score f64][length u8][member]
 *
 * Finding walks over all entries, which for so few is as fast as a table. Word 1 never has the bit TABLE, by which a
 * large sorted set is known.
 */
import { copyBytes, sameBytes, tailOf, viewOf } from '#base/copy.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';

/** A sorted set with more members, a longer one or more bytes is large. */
export const MOST_PACKED = 64;
const MOST_MEMBER_BYTES = 255;
const MOST_BYTES = 4096;

const HEADER = 8;
/** The score and the length. */
const MEMBER = 9;
const FIRST_BYTES = 32;
/** A smaller block is not exchanged for a still smaller one. */
const LEAST_SHRUNK = 128;
const USED_MASK = 0xffff;

export class PackedScores {
  /** The entry that `find`, `locate` or `seek` went to, in bytes from the start of the block, and its rank. */
  offset = 0;
  rank = 0;

  readonly #arena: Arena;
  /** Where the entries of the block that `seek` saw last begin; see `forget`. */
  readonly #offsets = new Int32Array(MOST_PACKED);
  #isIndexed = false;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  create(): number {
    return this.#make(FIRST_BYTES);
  }

  size(root: number): number {
    return this.#arena.words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1];
  }

  /** Whether one more member of `length` bytes may stand in a packed sorted set. */
  hasRoom(root: number, length: number): boolean {
    if (length > MOST_MEMBER_BYTES || this.size(root) >= MOST_PACKED) return false;
    return HEADER + this.#used(root) + MEMBER + length <= MOST_BYTES;
  }

  /** Goes to the entry of the member bytes[start, end); false when there is none. */
  find(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#arena.bytes[root >>> CHUNK_SHIFT];
    const ownView = this.#arena.views[root >>> CHUNK_SHIFT];
    const view = viewOf(bytes);
    const base = (root & UNIT_MASK) << 3;
    const length = end - start;
    const tail = tailOf(view, start, length);
    const count = this.size(root);
    let at = base + HEADER + MEMBER;
    for (let rank = 0; rank < count; rank++) {
      const size = own[at - 1];
      if (size === length && tailOf(ownView, at, length) === tail) {
        if (sameBytes(ownView, at, view, start, length)) {
          this.rank = rank;
          this.offset = at - MEMBER - base;
          return true;
        }
      }
      at += size + MEMBER;
    }
    return false;
  }

  /** Goes to the first entry that is not before (score, bytes[start, end)), maybe the end. */
  locate(root: number, score: number, bytes: Uint8Array, start: number, end: number): void {
    const view = this.#arena.views[root >>> CHUNK_SHIFT];
    const base = (root & UNIT_MASK) << 3;
    const count = this.size(root);
    let offset = HEADER;
    let rank = 0;
    for (; rank < count; rank++) {
      const other = view.getFloat64(base + offset, true);
      if (other > score) break;
      if (other === score && this.#compare(root, offset, bytes, start, end) >= 0) break;
      offset += MEMBER + view.getUint8(base + offset + MEMBER - 1);
    }
    this.offset = offset;
    this.rank = rank;
  }

  /** How many entries have a lower score, or with `inclusive` not a higher one. */
  countBelow(root: number, score: number, inclusive: boolean): number {
    const view = this.#arena.views[root >>> CHUNK_SHIFT];
    const count = this.size(root);
    let at = ((root & UNIT_MASK) << 3) + HEADER;
    let rank = 0;
    for (; rank < count; rank++) {
      const other = view.getFloat64(at, true);
      if (other > score || (other === score && !inclusive)) break;
      at += MEMBER + view.getUint8(at + MEMBER - 1);
    }
    return rank;
  }

  /** How many entries have a lower member, or with `inclusive` not a higher one, when all scores are equal. */
  countBelowMember(
    root: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    inclusive: boolean,
  ): number {
    const count = this.size(root);
    const most = inclusive ? 0 : -1;
    let offset = HEADER;
    let rank = 0;
    for (; rank < count; rank++) {
      if (this.#compare(root, offset, bytes, start, end) > most) break;
      offset += MEMBER + this.memberLength(root, offset);
    }
    return rank;
  }

  /** Goes to the entry of this rank, which must be there. */
  seek(root: number, rank: number): void {
    const offsets = this.#offsets;
    if (!this.#isIndexed) {
      const count = this.size(root);
      let offset = HEADER;
      for (let i = 0; i < count; i++) {
        offsets[i] = offset;
        offset += MEMBER + this.memberLength(root, offset);
      }
      this.#isIndexed = true;
    }
    this.rank = rank;
    this.offset = offsets[rank];
  }

  /** The next `seek` may be in another block. */
  forget(): void {
    this.#isIndexed = false;
  }

  score(root: number, offset: number): number {
    const at = ((root & UNIT_MASK) << 3) + offset;
    return this.#arena.views[root >>> CHUNK_SHIFT].getFloat64(at, true);
  }

  memberLength(root: number, offset: number): number {
    return this.#arena.bytes[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 3) + offset + MEMBER - 1];
  }

  /** Where the member of an entry begins, in bytes from the start of the chunk. */
  memberStart(root: number, offset: number): number {
    return ((root & UNIT_MASK) << 3) + offset + MEMBER;
  }

  /** Adds a member that is not there, for which there `hasRoom`; returns the root. */
  insert(oldRoot: number, score: number, bytes: Uint8Array, start: number, end: number): number {
    let root = oldRoot;
    const length = end - start;
    const used = this.#used(root);
    const need = HEADER + used + MEMBER + length;
    if (need > this.#capacity(root)) root = this.#moveTo(root, need + (need >> 3));
    this.#isIndexed = false;
    this.locate(root, score, bytes, start, end);
    const { offset } = this;
    const base = (root & UNIT_MASK) << 3;
    const own = this.#arena.bytes[root >>> CHUNK_SHIFT];
    const view = this.#arena.views[root >>> CHUNK_SHIFT];
    const stop = base + HEADER + used;
    const at = base + offset;
    if (at < stop) own.copyWithin(at + MEMBER + length, at, stop);
    view.setFloat64(at, score, true);
    own[at + MEMBER - 1] = length;
    copyBytes(view, at + MEMBER, viewOf(bytes), start, length);
    this.#change(root, 1, MEMBER + length);
    return root;
  }

  /** Removes the entry at `offset`. */
  cut(root: number, offset: number): void {
    const base = (root & UNIT_MASK) << 3;
    const size = MEMBER + this.memberLength(root, offset);
    const stop = base + HEADER + this.#used(root);
    this.#arena.bytes[root >>> CHUNK_SHIFT].copyWithin(base + offset, base + offset + size, stop);
    this.#change(root, -1, -size);
    this.#isIndexed = false;
  }

  /** Gives what takes little of its block a smaller one; returns the root. */
  shrink(root: number): number {
    const need = HEADER + this.#used(root);
    const capacity = this.#capacity(root);
    if (capacity <= LEAST_SHRUNK || need > capacity >> 2) return root;
    return this.#moveTo(root, need + (need >> 3));
  }

  /** Moves the block to another one. */
  relocate(root: number): number {
    return this.#moveTo(root, this.#capacity(root));
  }

  copy(root: number): number {
    const bytes = HEADER + this.#used(root);
    const next = this.#make(bytes);
    this.#copyInto(next, root, bytes);
    return next;
  }

  #used(root: number): number {
    return this.#arena.words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + 1] & USED_MASK;
  }

  #capacity(root: number): number {
    return (this.#arena.words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + 1] >>> 16) << 3;
  }

  #change(root: number, count: number, used: number): void {
    const words = this.#arena.words[root >>> CHUNK_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    words[at] += count;
    words[at + 1] += used;
  }

  #make(bytes: number): number {
    const root = this.#arena.alloc(bytes);
    const words = this.#arena.words[root >>> CHUNK_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    words[at] = 0;
    words[at + 1] = (this.#arena.capacity(root) >>> 3) << 16;
    return root;
  }

  #moveTo(root: number, bytes: number): number {
    const next = this.#make(bytes);
    this.#copyInto(next, root, HEADER + this.#used(root));
    this.#arena.free(root);
    return next;
  }

  /** Copies the entries to a new block, all of it but the capacity. */
  #copyInto(next: number, root: number, bytes: number): void {
    const { views } = this.#arena;
    const from = ((root & UNIT_MASK) << 3) + HEADER;
    const to = ((next & UNIT_MASK) << 3) + HEADER;
    copyBytes(views[next >>> CHUNK_SHIFT], to, views[root >>> CHUNK_SHIFT], from, bytes - HEADER);
    this.#change(next, this.size(root), bytes - HEADER);
  }

  /** Below, at or above 0 as the member at `offset` is less than, equal to or greater than bytes[start, end). */
  #compare(root: number, offset: number, bytes: Uint8Array, start: number, end: number): number {
    const own = this.#arena.bytes[root >>> CHUNK_SHIFT];
    const from = ((root & UNIT_MASK) << 3) + offset + MEMBER;
    const length = own[from - 1];
    const other = end - start;
    const both = length < other ? length : other;
    for (let i = 0; i < both; i++) {
      const difference = own[from + i] - bytes[start + i];
      if (difference !== 0) return difference;
    }
    return length - other;
  }
}
