/**
 * The nodes of a score tree (score-tree.ts): arena blocks of 1 KiB.
 *
 *     leaf    [count][next][previous][-]   84 scores at byte 16, 84 addresses of entries at byte 688
 *     inner   [count | INNER][-][-][-]     50 separators: scores at byte 16, addresses of entries at byte 416;
 *                                          50 children at byte 616; the entries below each at byte 816
 *
 * A separator is the first entry below its child; that of child 0 is not kept (it is wherever a separator for the
 * node itself stands, further up).
 */
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';

export const NODE_BYTES = 1024;
export const MOST_IN_LEAF = 84;
export const MOST_IN_INNER = 50;

const MOST_RESERVED = 16;

const INNER = 0x10000;
const COUNT_MASK = 0xffff;
/** In floats from the start of a node. */
export const SCORES = 2;
/** In words from the start of a node. */
export const LEAF_ENTRIES = 172;
export const SEPARATOR_ENTRIES = 104;
export const CHILDREN = 154;
export const COUNTS = 204;
const NEXT = 1;
const PREVIOUS = 2;

export class ScoreNodes {
  readonly #arena: Arena;
  /** Blocks for nodes to come. */
  readonly #reserve = new Int32Array(MOST_RESERVED);
  #reserved = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Sees to it that so many nodes can be made without failure; has changed nothing when it throws. */
  reserve(count: number): void {
    while (this.#reserved < count) {
      this.#reserve[this.#reserved] = this.#arena.alloc(NODE_BYTES);
      this.#reserved++;
    }
  }

  makeLeaf(): number {
    return this.#make(0);
  }

  makeInner(): number {
    return this.#make(INNER);
  }

  free(node: number): void {
    this.#arena.free(node);
  }

  isInner(node: number): boolean {
    return (this.#word(node, 0) & INNER) !== 0;
  }

  /** Entries of a leaf, children of an inner node. */
  count(node: number): number {
    return this.#word(node, 0) & COUNT_MASK;
  }

  next(leaf: number): number {
    return this.#word(leaf, NEXT);
  }

  previous(leaf: number): number {
    return this.#word(leaf, PREVIOUS);
  }

  /** A score of a leaf; the score of a separator of an inner node. */
  score(node: number, at: number): number {
    return this.#arena.floats[node >>> CHUNK_SHIFT][(node & UNIT_MASK) + SCORES + at];
  }

  /** An entry of a leaf; the entry of a separator of an inner node. */
  entry(node: number, at: number): number {
    return this.#word(node, (this.isInner(node) ? SEPARATOR_ENTRIES : LEAF_ENTRIES) + at);
  }

  leafEntry(leaf: number, at: number): number {
    return this.#word(leaf, LEAF_ENTRIES + at);
  }

  child(node: number, at: number): number {
    return this.#word(node, CHILDREN + at);
  }

  /** Entries below a child. */
  below(node: number, at: number): number {
    return this.#word(node, COUNTS + at);
  }

  setChild(node: number, at: number, child: number): void {
    this.#setWord(node, CHILDREN + at, child);
  }

  setBelow(node: number, at: number, count: number): void {
    this.#setWord(node, COUNTS + at, count);
  }

  setScore(node: number, at: number, score: number): void {
    this.#arena.floats[node >>> CHUNK_SHIFT][(node & UNIT_MASK) + SCORES + at] = score;
  }

  setLeafEntry(leaf: number, at: number, entry: number): void {
    this.#setWord(leaf, LEAF_ENTRIES + at, entry);
  }

  setSeparator(node: number, at: number, score: number, entry: number): void {
    this.setScore(node, at, score);
    this.#setWord(node, SEPARATOR_ENTRIES + at, entry);
  }

  /** All entries below a node. */
  total(node: number): number {
    const count = this.count(node);
    return this.isInner(node) ? this.totalBefore(node, count) : count;
  }

  /** Entries below the first `count` children of an inner node. */
  totalBefore(node: number, count: number): number {
    const words = this.#arena.words[node >>> CHUNK_SHIFT];
    const from = ((node & UNIT_MASK) << 1) + COUNTS;
    const to = from + count;
    let sum = 0;
    for (let at = from; at < to; at++) sum += words[at];
    return sum;
  }

  /** There are `change` more entries below a child. */
  addBelow(node: number, at: number, change: number): void {
    this.#arena.words[node >>> CHUNK_SHIFT][((node & UNIT_MASK) << 1) + COUNTS + at] += change;
  }

  /** Puts an entry at a place of a leaf that is not full. */
  putEntry(leaf: number, at: number, score: number, entry: number): void {
    const chunk = leaf >>> CHUNK_SHIFT;
    const words = this.#arena.words[chunk];
    const floats = this.#arena.floats[chunk];
    const base = leaf & UNIT_MASK;
    const scores = base + SCORES;
    const entries = (base << 1) + LEAF_ENTRIES;
    const count = words[base << 1];
    for (let i = count; i > at; i--) {
      floats[scores + i] = floats[scores + i - 1];
      words[entries + i] = words[entries + i - 1];
    }
    floats[scores + at] = score;
    words[entries + at] = entry;
    words[base << 1] = count + 1;
  }

  cutEntry(leaf: number, at: number): void {
    const chunk = leaf >>> CHUNK_SHIFT;
    const words = this.#arena.words[chunk];
    const floats = this.#arena.floats[chunk];
    const base = leaf & UNIT_MASK;
    const scores = base + SCORES;
    const entries = (base << 1) + LEAF_ENTRIES;
    const count = words[base << 1] - 1;
    for (let i = at; i < count; i++) {
      floats[scores + i] = floats[scores + i + 1];
      words[entries + i] = words[entries + i + 1];
    }
    words[base << 1] = count;
  }

  /** Puts a child with its separator at a place of an inner node that is not full. */
  putChild(
    node: number,
    at: number,
    score: number,
    entry: number,
    child: number,
    below: number,
  ): void {
    this.move(node, at, node, at + 1, this.count(node) - at);
    this.setSeparator(node, at, score, entry);
    this.setChild(node, at, child);
    this.setBelow(node, at, below);
    this.#addToCount(node, 1);
  }

  cutChild(node: number, at: number): void {
    this.move(node, at + 1, node, at, this.count(node) - at - 1);
    this.#addToCount(node, -1);
  }

  /** Makes room for `count` at the start of `right`, and moves as many there from the end of `left`. */
  moveRight(left: number, right: number, count: number): void {
    this.move(right, 0, right, count, this.count(right));
    this.move(left, this.count(left) - count, right, 0, count);
    this.#addToCount(left, -count);
    this.#addToCount(right, count);
  }

  /** Moves the first `count` of `right` to the end of `left`. */
  moveLeft(left: number, right: number, count: number): void {
    this.move(right, 0, left, this.count(left), count);
    this.move(right, count, right, 0, this.count(right) - count);
    this.#addToCount(left, count);
    this.#addToCount(right, -count);
  }

  /** Copies `count` entries or children from one place to another, within a node or between two of a kind. */
  move(from: number, fromAt: number, to: number, toAt: number, count: number): void {
    if (count <= 0) return;
    const inner = this.isInner(from);
    const source = this.#arena.floats[from >>> CHUNK_SHIFT];
    const target = this.#arena.floats[to >>> CHUNK_SHIFT];
    const sourceBase = (from & UNIT_MASK) + SCORES + fromAt;
    const targetBase = (to & UNIT_MASK) + SCORES + toAt;
    if (from === to && toAt > fromAt) {
      for (let i = count - 1; i >= 0; i--) target[targetBase + i] = source[sourceBase + i];
    } else {
      for (let i = 0; i < count; i++) target[targetBase + i] = source[sourceBase + i];
    }
    if (!inner) {
      this.#moveWords(from, LEAF_ENTRIES + fromAt, to, LEAF_ENTRIES + toAt, count);
      return;
    }
    this.#moveWords(from, SEPARATOR_ENTRIES + fromAt, to, SEPARATOR_ENTRIES + toAt, count);
    this.#moveWords(from, CHILDREN + fromAt, to, CHILDREN + toAt, count);
    this.#moveWords(from, COUNTS + fromAt, to, COUNTS + toAt, count);
  }

  /** Puts the leaf `right` after `left` in the chain. */
  linkAfter(left: number, right: number): void {
    const next = this.next(left);
    this.#setWord(right, NEXT, next);
    this.#setWord(right, PREVIOUS, left);
    this.#setWord(left, NEXT, right);
    if (next !== 0) this.#setWord(next, PREVIOUS, right);
  }

  unlink(leaf: number): void {
    const next = this.next(leaf);
    const previous = this.previous(leaf);
    if (next !== 0) this.#setWord(next, PREVIOUS, previous);
    if (previous !== 0) this.#setWord(previous, NEXT, next);
  }

  /** Moves a node to another block, frees the old one and returns the new one; the parent is the caller's. */
  relocate(node: number): number {
    const arena = this.#arena;
    const to = arena.alloc(NODE_BYTES);
    const words = NODE_BYTES >> 2;
    this.#moveWords(node, 0, to, 0, words);
    if (!this.isInner(to)) {
      const next = this.next(to);
      const previous = this.previous(to);
      if (next !== 0) this.#setWord(next, PREVIOUS, to);
      if (previous !== 0) this.#setWord(previous, NEXT, to);
    }
    arena.free(node);
    return to;
  }

  #make(head: number): number {
    const reserved = this.#reserved > 0;
    const node = reserved ? this.#reserve[--this.#reserved] : this.#arena.alloc(NODE_BYTES);
    this.#setWord(node, 0, head);
    this.#setWord(node, NEXT, 0);
    this.#setWord(node, PREVIOUS, 0);
    return node;
  }

  #addToCount(node: number, change: number): void {
    this.#setWord(node, 0, this.#word(node, 0) + change);
  }

  #moveWords(from: number, fromAt: number, to: number, toAt: number, count: number): void {
    const source = this.#arena.words[from >>> CHUNK_SHIFT];
    const target = this.#arena.words[to >>> CHUNK_SHIFT];
    const sourceBase = ((from & UNIT_MASK) << 1) + fromAt;
    const targetBase = ((to & UNIT_MASK) << 1) + toAt;
    if (from === to && toAt > fromAt) {
      for (let i = count - 1; i >= 0; i--) target[targetBase + i] = source[sourceBase + i];
    } else {
      for (let i = 0; i < count; i++) target[targetBase + i] = source[sourceBase + i];
    }
  }

  #word(node: number, index: number): number {
    return this.#arena.words[node >>> CHUNK_SHIFT][((node & UNIT_MASK) << 1) + index];
  }

  #setWord(node: number, index: number, value: number): void {
    this.#arena.words[node >>> CHUNK_SHIFT][((node & UNIT_MASK) << 1) + index] = value;
  }
}
