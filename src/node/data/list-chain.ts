/**
 * How the blocks of a list hang together (see list.ts for the layout and the invariants): a packed root becoming a
 * chain, room at the ends and in the middle, nodes that come, go and merge. `root` is the list that a change is
 * about; each method that moves it leaves the new one there.
 */
import { type Arena, ArenaFullError, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import { entryBytesOf, HEADER, type ListBlocks, MOST_INLINE, NODE_BYTES } from './list-blocks.ts';

/** Forms of a list: word 1 of its root. */
export const PACKED = 0;
export const LARGE = 1;
export const ROOT_BYTES = 16;
/** A new list holds elements of up to 14 bytes without moving. */
export const FIRST_BYTES = 32;
/** Neighbours with no more bytes than this together are merged. */
const LEAST_PAIR = NODE_BYTES / 2;

export class ListChain {
  root = 0;
  readonly #arena: Arena;
  readonly #blocks: ListBlocks;

  constructor(arena: Arena, blocks: ListBlocks) {
    this.#arena = arena;
    this.#blocks = blocks;
  }

  isPacked(root: number): boolean {
    return this.#blocks.word(root, 1) === PACKED;
  }

  /** Adds to the number of elements. */
  changeSize(change: number): void {
    const words = this.#arena.words[this.root >>> CHUNK_SHIFT];
    words[(this.root & UNIT_MASK) << 1] += change;
  }

  /** The packed list this.root becomes a large one of one node, the same block. */
  unpack(): void {
    const blocks = this.#blocks;
    const node = this.root;
    if (!this.isPacked(node)) return;
    const root = this.#arena.alloc(ROOT_BYTES);
    blocks.setWord(root, 0, blocks.word(node, 0));
    blocks.setWord(root, 1, LARGE);
    blocks.setWord(root, 2, node);
    blocks.setWord(root, 3, node);
    blocks.setWord(node, 0, 0);
    blocks.setWord(node, 1, 0);
    this.root = root;
  }

  /** A block with room for `size` more bytes at that end of the list, whose block there is `block`. */
  roomAtEnd(block: number, atHead: boolean, size: number): number {
    const blocks = this.#blocks;
    const used = blocks.used(block);
    if (HEADER + used + size <= NODE_BYTES) {
      if (block === this.root || blocks.capacity(block) < NODE_BYTES || used <= LEAST_PAIR) {
        return this.widen(block, atHead, size);
      }
    } else if (block === this.root) {
      this.unpack();
    }
    const node = blocks.make(NODE_BYTES);
    blocks.setWord(node, atHead ? 1 : 0, block);
    blocks.setWord(node, atHead ? 0 : 1, 0);
    this.relink(node);
    return atHead ? blocks.widen(node, true, size) : node;
  }

  /** Gives a block `size` more bytes of room at one end; returns where it is now. */
  widen(block: number, atHead: boolean, size: number): number {
    const packed = block === this.root;
    const wider = this.#blocks.widen(block, atHead, size);
    if (wider !== block) {
      if (packed) this.root = wider;
      else this.relink(wider);
    }
    return wider;
  }

  /** Lets a packed list that takes little of its block have a smaller one. */
  shrink(root: number): void {
    const blocks = this.#blocks;
    const need = HEADER + blocks.used(root);
    const capacity = blocks.capacity(root);
    if (capacity <= 4 * FIRST_BYTES || need > capacity >> 2) return;
    try {
      this.root = blocks.moveTo(root, need + (need >> 2), false);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
    }
  }

  /** Puts an entry before `offset` of a block, splitting it if it must. */
  insertAt(target: number, offset: number, bytes: Uint8Array, start: number, end: number): void {
    const blocks = this.#blocks;
    if (end - start > MOST_INLINE) this.unpack();
    const size = entryBytesOf(end - start);
    const need = HEADER + blocks.used(target) + size;
    if (need <= blocks.capacity(target)) {
      blocks.insert(target, offset, bytes, start, end);
      return;
    }
    const relative = offset - blocks.start(target);
    if (need > NODE_BYTES) {
      this.#insertSplitting(target, relative, bytes, start, end);
      return;
    }
    const block = this.widen(target, false, size);
    blocks.insert(block, blocks.start(block) + relative, bytes, start, end);
  }

  /** Splits a block and puts an entry `relative` bytes after where its first one starts. */
  #insertSplitting(
    block: number,
    relative: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const blocks = this.#blocks;
    this.unpack();
    let left = block;
    const right = blocks.split(left);
    blocks.setWord(right, 0, left);
    blocks.setWord(right, 1, blocks.word(left, 1));
    this.relink(right);
    const boundary = blocks.used(left);
    const size = entryBytesOf(end - start);
    // at most half a block and half an entry: any entry fits into either part
    if (relative > boundary) {
      blocks.insert(right, blocks.start(right) + relative - boundary, bytes, start, end);
    } else {
      if (HEADER + boundary + size > blocks.capacity(left)) left = this.widen(left, false, size);
      blocks.insert(left, blocks.start(left) + relative, bytes, start, end);
    }
    // the parts are smaller than the block was, whose neighbours may be small
    this.joinPrevious(left);
    this.joinNext(right);
  }

  /** Makes the neighbours of a node, or the root, point to it. */
  relink(node: number): void {
    const blocks = this.#blocks;
    const previous = blocks.word(node, 0);
    const next = blocks.word(node, 1);
    if (previous === 0) blocks.setWord(this.root, 2, node);
    else blocks.setWord(previous, 1, node);
    if (next === 0) blocks.setWord(this.root, 3, node);
    else blocks.setWord(next, 0, node);
  }

  /** Takes a node that is not the only one out of the chain and frees it. */
  unlink(node: number): void {
    const blocks = this.#blocks;
    const previous = blocks.word(node, 0);
    const next = blocks.word(node, 1);
    if (previous === 0) blocks.setWord(this.root, 2, next);
    else blocks.setWord(previous, 1, next);
    if (next === 0) blocks.setWord(this.root, 3, previous);
    else blocks.setWord(next, 0, previous);
    this.#arena.free(node);
  }

  /** Removes a node with its elements; the only one stays, empty. */
  drop(node: number): void {
    const blocks = this.#blocks;
    blocks.empty(node);
    if (blocks.word(node, 0) !== 0 || blocks.word(node, 1) !== 0) this.unlink(node);
  }

  /** Merges a node with its neighbours as long as they are small; returns the node that has its elements. */
  settle(node: number): number {
    for (let at = node; ; ) {
      const joined = this.joinNext(this.joinPrevious(at));
      if (joined === at) return at;
      at = joined;
    }
  }

  joinPrevious(node: number): number {
    const previous = this.#blocks.word(node, 0);
    return previous === 0 ? node : this.#join(previous, node, node);
  }

  joinNext(node: number): number {
    const next = this.#blocks.word(node, 1);
    return next === 0 ? node : this.#join(node, next, node);
  }

  /** Merges two neighbours that are small; returns the merged node, or `otherwise`. */
  #join(left: number, right: number, otherwise: number): number {
    const blocks = this.#blocks;
    const size = blocks.used(right);
    if (blocks.used(left) + size > LEAST_PAIR) return otherwise;
    let into = left;
    if (blocks.capacity(left) - blocks.end(left) < size) {
      try {
        into = this.widen(left, false, size);
      } catch (error) {
        if (error instanceof ArenaFullError) return otherwise;
        throw error;
      }
    }
    blocks.append(into, right);
    this.unlink(right);
    return into;
  }

  moveRoot(): void {
    const old = this.root;
    const next = this.#arena.alloc(ROOT_BYTES);
    for (let i = 0; i < 4; i++) this.#blocks.setWord(next, i, this.#blocks.word(old, i));
    this.#arena.free(old);
    this.root = next;
  }
}
