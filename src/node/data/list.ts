/**
 * Lists: values of elements in an order of their own, pushed and popped at both ends at the same cost whatever
 * their size, outside of the JS heap.
 *
 * A small list is one block (list-blocks.ts) and that is its root; above NODE_BYTES, or with an element longer than
 * MOST_INLINE, it is a chain of such blocks ("nodes") with a root of its own. A large list stays large.
 *
 *     packed root   [count][PACKED][the rest of a block]
 *     large root    [count][LARGE][head][tail]
 *     node          [previous][next][the rest of a block]
 *
 * Invariants of a large list: head and tail are not 0; no node is empty but the only one of an empty list; two
 * neighbouring nodes that are neither head nor tail have more than LEAST_PAIR bytes of entries between them, unless
 * there was no memory to merge them.
 *
 * When a change throws ArenaFullError, the list has not changed, but `root` may be elsewhere.
 */
import { ByteRange } from '#base/byte-range.ts';
import { type Arena, ArenaFullError, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import { entryBytesOf, HEADER, ListBlocks, MOST_INLINE } from './list-blocks.ts';
import { FIRST_BYTES, LARGE, ListChain, PACKED, ROOT_BYTES } from './list-chain.ts';
import { ListRemoval } from './list-removal.ts';

/** What looking at a node costs, in elements, for the budgets of slices. */
const NODE_COST = 8;
/** MEMORY USAGE looks at so many nodes and takes the others to be like them. */
const MOST_SAMPLED = 256;

export class List {
  /** The element that `seek`, `next` or `previous` went to; valid until the next change. */
  readonly element = new ByteRange();

  readonly #arena: Arena;
  readonly #blocks: ListBlocks;
  readonly #chain: ListChain;
  readonly #removal: ListRemoval;
  /** The list that reading is about. */
  #open = 0;
  #openIsPacked = true;
  // The position: a block, where its entries end, and the entry [#at, #after) in it.
  #block = 0;
  #end = 0;
  #at = 0;
  #after = 0;
  /** The index of the first element of the block that #findBlock found. */
  #firstIndex = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#blocks = new ListBlocks(arena);
    this.#chain = new ListChain(arena, this.#blocks);
    this.#removal = new ListRemoval(arena, this.#blocks);
  }

  /** Where the list that was changed last is now. */
  get root(): number {
    return this.#chain.root;
  }

  /** A new empty list. */
  create(): number {
    const root = this.#blocks.make(FIRST_BYTES);
    this.#blocks.setWord(root, 0, 0);
    this.#blocks.setWord(root, 1, PACKED);
    this.#chain.root = root;
    return root;
  }

  /** From now on reading is about this list. */
  open(root: number): void {
    this.#open = root;
    this.#openIsPacked = this.isPacked(root);
    this.#block = 0;
  }

  /** How many elements the open list has. */
  get size(): number {
    return this.#blocks.word(this.#open, 0);
  }

  isPacked(root: number): boolean {
    return this.#blocks.word(root, 1) === PACKED;
  }

  /** Goes to the element `index` (from 0) of the open list; false when there is none. */
  seek(index: number): boolean {
    if (index < 0 || index >= this.size) return false;
    this.#find(this.#open, index);
    this.#end = this.#blocks.end(this.#block);
    this.#show();
    return true;
  }

  /** Goes to the element after the one last gone to. */
  next(): boolean {
    if (this.#after >= this.#end) {
      if (this.#openIsPacked || this.#block === 0) return false;
      const next = this.#blocks.word(this.#block, 1);
      if (next === 0) return false;
      this.#block = next;
      this.#after = this.#blocks.start(next);
      this.#end = this.#blocks.end(next);
    }
    this.#at = this.#after;
    this.#show();
    return true;
  }

  /** Goes to the element before the one last gone to. */
  previous(): boolean {
    if (this.#block === 0) return false;
    let before = this.#at;
    if (before <= this.#blocks.start(this.#block)) {
      if (this.#openIsPacked) return false;
      const previous = this.#blocks.word(this.#block, 0);
      if (previous === 0) return false;
      this.#block = previous;
      before = this.#end = this.#blocks.end(previous);
    }
    this.#at = before - this.#blocks.entryBytesBefore(this.#block, before);
    this.#show();
    return true;
  }

  /** Adds bytes[start, end) before the first element, or after the last. */
  push(root: number, atHead: boolean, bytes: Uint8Array, start: number, end: number): void {
    this.#chain.root = root;
    const blocks = this.#blocks;
    let long = 0;
    if (end - start > MOST_INLINE) {
      this.#chain.unpack();
      long = blocks.makeLong(bytes, start, end);
    }
    const block = this.#blockAtEnd(atHead, entryBytesOf(end - start), long);
    blocks.push(block, atHead, bytes, start, end, long);
    this.#chain.changeSize(1);
  }

  /** Removes the first or the last element; does nothing when there is none. */
  pop(root: number, atHead: boolean): void {
    this.#chain.root = root;
    const blocks = this.#blocks;
    const size = blocks.word(root, 0);
    if (size === 0) return;
    const packed = this.isPacked(root);
    const block = packed ? root : blocks.word(root, atHead ? 2 : 3);
    blocks.pop(block, atHead);
    this.#chain.changeSize(-1);
    if (blocks.count(block) === 0) {
      if (packed || size === 1) blocks.empty(block);
      else this.#chain.unlink(block);
    } else if (packed) {
      this.#chain.shrink(root);
    }
  }

  /** Puts bytes[start, end) before the element `index`; at the end when `index` is the size. */
  insert(root: number, index: number, bytes: Uint8Array, start: number, end: number): void {
    const size = this.#blocks.word(root, 0);
    if (index <= 0 || index >= size) {
      this.push(root, index <= 0, bytes, start, end);
      return;
    }
    this.#chain.root = root;
    this.#find(root, index);
    this.#chain.insertAt(this.#block, this.#at, bytes, start, end);
    this.#chain.changeSize(1);
  }

  /** Puts bytes[start, end) in the place of the element `index`, which must be there. */
  replace(root: number, index: number, bytes: Uint8Array, start: number, end: number): void {
    this.#chain.root = root;
    this.#find(root, index);
    const blocks = this.#blocks;
    const block = this.#block;
    const offset = this.#at;
    const isLong = end - start > MOST_INLINE;
    const sameSize = blocks.entryBytesAt(block, offset) === entryBytesOf(end - start);
    if (sameSize && !isLong && blocks.longAt(block, offset) === 0) {
      blocks.overwrite(block, offset, bytes, start, end);
      return;
    }
    // the new one first: nothing is lost when there is no memory for it
    this.insert(root, index, bytes, start, end);
    this.removeRange(this.root, index + 1, 1);
  }

  /** Removes `count` elements from `from` on, or as many of them as there are. */
  removeRange(root: number, from: number, count: number): void {
    this.#chain.root = root;
    const blocks = this.#blocks;
    const size = blocks.word(root, 0);
    let left = Math.min(count, size - from);
    if (from < 0 || left <= 0) return;
    this.#find(root, from);
    if (this.isPacked(root)) {
      if (left === size) blocks.empty(root);
      else blocks.remove(root, this.#at, left);
      this.#chain.changeSize(-left);
      this.#chain.shrink(this.#chain.root);
      return;
    }
    let block = this.#block;
    let offset = this.#at;
    // the node before what goes, when there is one
    let before = offset > blocks.start(block) ? block : blocks.word(block, 0);
    this.#chain.changeSize(-left);
    while (left > 0) {
      const next = blocks.word(block, 1);
      const inBlock = blocks.count(block) - (block === this.#block ? from - this.#firstIndex : 0);
      const going = left < inBlock ? left : inBlock;
      if (going === blocks.count(block)) this.#chain.drop(block);
      else blocks.remove(block, offset, going);
      left -= going;
      block = next;
      if (next !== 0) offset = blocks.start(next);
    }
    if (before === 0) before = blocks.word(this.#chain.root, 2);
    const settled = blocks.word(this.#chain.settle(before), 1);
    if (settled !== 0) this.#chain.settle(settled);
  }

  /**
   * Removes at most `maxCount` elements equal to bytes[start, end), looking from the head or from the tail; returns
   * how many.
   */
  removeEqual(
    root: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    maxCount: number,
    fromTail: boolean,
  ): number {
    this.#chain.root = root;
    const blocks = this.#blocks;
    if (this.isPacked(root)) {
      const removed = this.#removal.run(root, bytes, start, end, maxCount, fromTail);
      this.#chain.changeSize(-removed);
      if (removed > 0) this.#chain.shrink(root);
      return removed;
    }
    let removed = 0;
    let last = 0;
    for (let block = blocks.word(root, fromTail ? 3 : 2); block !== 0 && removed < maxCount; ) {
      const next = blocks.word(block, fromTail ? 0 : 1);
      const here = this.#removal.run(block, bytes, start, end, maxCount - removed, fromTail);
      removed += here;
      this.#chain.changeSize(-here);
      last = block;
      if (blocks.count(block) === 0) {
        last = blocks.word(block, fromTail ? 1 : 0);
        this.#chain.drop(block);
      }
      // only with what has been looked at already
      if (last !== 0) last = fromTail ? this.#chain.joinNext(last) : this.#chain.joinPrevious(last);
      block = next;
    }
    if (removed > 0) this.#chain.settle(last === 0 ? blocks.word(root, fromTail ? 3 : 2) : last);
    return removed;
  }

  /** An equal list that shares nothing with this one. */
  copy(root: number): number {
    const blocks = this.#blocks;
    if (this.isPacked(root)) return blocks.copy(root, HEADER + blocks.used(root));
    const copy = this.#arena.alloc(ROOT_BYTES);
    blocks.setWord(copy, 0, blocks.word(root, 0));
    blocks.setWord(copy, 1, LARGE);
    blocks.setWord(copy, 2, 0);
    let previous = 0;
    try {
      for (let node = blocks.word(root, 2); node !== 0; node = blocks.word(node, 1)) {
        const next = blocks.copy(node, blocks.capacity(node));
        blocks.setWord(next, 0, previous);
        blocks.setWord(next, 1, 0);
        if (previous === 0) blocks.setWord(copy, 2, next);
        else blocks.setWord(previous, 1, next);
        previous = next;
      }
    } catch (error) {
      this.freeSlice(copy, Infinity);
      throw error;
    }
    blocks.setWord(copy, 3, previous);
    return copy;
  }

  /**
   * Frees about `maxElements` elements from the head (whole nodes). What is left is a list again; returns its root,
   * 0 when nothing is left.
   */
  freeSlice(root: number, maxElements: number): number {
    const blocks = this.#blocks;
    if (!this.isPacked(root)) {
      let left = maxElements;
      let node = blocks.word(root, 2);
      while (node !== 0 && left > 0) {
        const next = blocks.word(node, 1);
        left -= NODE_COST + blocks.longCount(node);
        blocks.setWord(root, 0, blocks.word(root, 0) - blocks.count(node));
        blocks.freeLongs(node);
        this.#arena.free(node);
        node = next;
      }
      if (node !== 0) {
        blocks.setWord(node, 0, 0);
        blocks.setWord(root, 2, node);
        return root;
      }
    }
    this.#arena.free(root);
    return 0;
  }

  /** Bytes of all its blocks; estimated from the first nodes when there are many. */
  memoryBytes(root: number): number {
    const blocks = this.#blocks;
    const own = this.#arena.capacity(root);
    if (this.isPacked(root)) return own;
    let sum = 0;
    let elements = 0;
    let nodes = 0;
    for (let node = blocks.word(root, 2); node !== 0; node = blocks.word(node, 1)) {
      sum += blocks.capacity(node) + blocks.longBytes(node);
      elements += blocks.count(node);
      if (++nodes === MOST_SAMPLED) break;
    }
    return own + (elements === 0 ? sum : Math.round((sum / elements) * blocks.word(root, 0)));
  }

  /**
   * Moves blocks that lie in sparse places, as far as about `maxElements` elements cost; returns the cursor to go
   * on with, 0 when the list is through; begins with 0.
   */
  compactSlice(root: number, cursor: number, maxElements: number): number {
    this.#chain.root = root;
    try {
      return this.#compact(root, cursor, maxElements);
    } catch (error) {
      // no memory to move to: it stays where it is
      if (error instanceof ArenaFullError) return 0;
      throw error;
    }
  }

  #compact(root: number, cursor: number, maxElements: number): number {
    const blocks = this.#blocks;
    if (this.isPacked(root)) {
      if (this.#arena.isSparse(root))
        this.#chain.root = blocks.moveTo(root, blocks.capacity(root), false);
      return 0;
    }
    const size = blocks.word(root, 0);
    if (cursor >= size) return 0;
    if (this.#arena.isSparse(root)) this.#chain.moveRoot();
    this.#findBlock(this.#chain.root, cursor);
    let index = this.#firstIndex;
    let node = this.#block;
    for (let left = maxElements; node !== 0 && left > 0; ) {
      left -= NODE_COST + blocks.longCount(node);
      index += blocks.count(node);
      blocks.compactLongs(node);
      if (this.#arena.isSparse(node)) {
        const moved = blocks.moveTo(node, blocks.capacity(node), false);
        this.#chain.relink(moved);
        node = moved;
      }
      node = blocks.word(node, 1);
    }
    return node === 0 ? 0 : index;
  }

  /** The first or last block, with room for `size` more bytes there; frees `long` when there is no memory. */
  #blockAtEnd(atHead: boolean, size: number, long: number): number {
    const blocks = this.#blocks;
    const { root } = this.#chain;
    const block = this.isPacked(root) ? root : blocks.word(root, atHead ? 2 : 3);
    const room = atHead ? blocks.start(block) - HEADER : blocks.capacity(block) - blocks.end(block);
    if (room >= size) return block;
    try {
      return this.#chain.roomAtEnd(block, atHead, size);
    } catch (error) {
      if (long !== 0) this.#arena.free(long);
      throw error;
    }
  }

  /** Shows the entry at #at. */
  #show(): void {
    const chunk = this.#block >>> CHUNK_SHIFT;
    const bytes = this.#arena.bytes[chunk];
    const { element } = this;
    const at = ((this.#block & UNIT_MASK) << 3) + this.#at;
    const tag = bytes[at];
    if (tag < 254) {
      element.bytes = bytes;
      element.view = this.#arena.views[chunk];
      element.start = at + 1;
      element.end = at + 1 + tag;
      this.#after = this.#at + tag + 2;
    } else {
      this.#showLonger(at, tag);
    }
  }

  #showLonger(at: number, tag: number): void {
    const { element } = this;
    let chunk = this.#block >>> CHUNK_SHIFT;
    const view = this.#arena.views[chunk];
    if (tag === 254) {
      const length = view.getUint16(at + 1, true);
      element.set(this.#arena.bytes[chunk], view, at + 3, at + 3 + length);
    } else {
      const long = view.getInt32(at + 1, true);
      chunk = long >>> CHUNK_SHIFT;
      const start = ((long & UNIT_MASK) << 3) + 4;
      const end = start + this.#blocks.word(long, 0);
      element.set(this.#arena.bytes[chunk], this.#arena.views[chunk], start, end);
    }
    this.#after = this.#at + this.#blocks.entryBytesAt(this.#block, this.#at);
  }

  /** Sets #block and #at to the element `index`, which must be there. */
  #find(root: number, index: number): void {
    this.#findBlock(root, index);
    this.#at = this.#blocks.offsetOf(this.#block, index - this.#firstIndex);
  }

  /** Sets #block to the block of the element `index`, by block counts from the nearer end. */
  #findBlock(root: number, index: number): void {
    const blocks = this.#blocks;
    this.#firstIndex = 0;
    this.#block = root;
    if (this.isPacked(root)) return;
    const size = blocks.word(root, 0);
    if (index < size >> 1) {
      let block = blocks.word(root, 2);
      let first = 0;
      for (let count = blocks.count(block); index >= first + count; count = blocks.count(block)) {
        first += count;
        block = blocks.word(block, 1);
      }
      this.#block = block;
      this.#firstIndex = first;
      return;
    }
    let block = blocks.word(root, 3);
    let first = size - blocks.count(block);
    while (index < first) {
      block = blocks.word(block, 0);
      first -= blocks.count(block);
    }
    this.#block = block;
    this.#firstIndex = first;
  }
}
