/**
 * Sorted sets: members with a score each, in the order (score, bytes of the member), outside of the JS heap.
 *
 * A small one is one block (packed-scores.ts). A large one is a table from members to entries (table.ts), which are
 * shared with a tree that has them in order (score-tree.ts):
 *
 *     large root   [root of the table: count, TABLE | …, …, …][top of the tree][height of the tree]
 *     entry        [score f64][member's length u32][0][member]
 *
 * A large sorted set stays large. -0 is taken for 0; NaN is not given.
 *
 * When a change throws ArenaFullError, the sorted set has not changed, but `root` may be elsewhere.
 */
import { ByteRange } from '#base/byte-range.ts';
import type { Prng } from '#base/prng.ts';
import { type Arena, ArenaFullError, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import { PackedScores } from './packed-scores.ts';
import { ScoreTree } from './score-tree.ts';
import { Table, TABLE } from './table.ts';

const LARGE_ROOT_BYTES = 24;
/** Compaction goes through the table first, by hash; cursors from here on are ranks. */
const FIRST_RANK_CURSOR = 2 ** 32;
/** What a leaf of the tree costs, in members, for the budgets of slices. */
const LEAF_COST = 8;

export class SortedSet {
  /** Where the sorted set that was changed last is now. */
  root = 0;
  /** The score that the member had before the last `add` or `remove`; NaN when it was not there. */
  scoreBefore = Number.NaN;
  /** The member that a reading method went to, and its score; valid until the next change. */
  readonly member = new ByteRange();
  score = Number.NaN;

  readonly #arena: Arena;
  readonly #packed: PackedScores;
  readonly #table: Table;
  readonly #tree: ScoreTree;
  /** The sorted set that reading is about. */
  #open = 0;
  #openIsPacked = true;
  /** A position that `next` and `previous` can go on from. */
  #isSeeking = false;
  /** The rank that a packed one is read at. */
  #rank = 0;
  #visitor: () => void = () => {};
  /** Made once: a walk makes no closure. */
  readonly #visit = (entry: number): void => {
    this.#show(entry);
    this.#visitor();
  };
  readonly #moved = (old: number, next: number): void => {
    const bytes = this.#arena.bytes[old >>> CHUNK_SHIFT];
    const start = this.#memberStart(old);
    const end = start + this.#table.keyLength(old);
    this.#tree.replaceEntry(this.root, this.#scoreOf(old), bytes, start, end, next);
  };

  constructor(arena: Arena, hashSeed: readonly [number, number]) {
    this.#arena = arena;
    this.#packed = new PackedScores(arena);
    this.#table = new Table(arena, 8, hashSeed);
    this.#tree = new ScoreTree(arena);
  }

  /** A new empty sorted set. */
  create(): number {
    this.root = this.#packed.create();
    return this.root;
  }

  /** From now on reading is about this sorted set. */
  open(root: number): void {
    this.#open = root;
    this.#openIsPacked = this.isPacked(root);
    this.#isSeeking = false;
    this.#packed.forget();
  }

  /** How many members the open sorted set has. */
  get size(): number {
    return this.#table.size(this.#open);
  }

  isPacked(root: number): boolean {
    const words = this.#arena.words[root >>> CHUNK_SHIFT];
    return (words[((root & UNIT_MASK) << 1) + 1] & TABLE) === 0;
  }

  /** Goes to the member bytes[start, end) of the open sorted set; false when it is not there. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#openIsPacked) {
      if (!this.#packed.find(this.#open, bytes, start, end)) return false;
      this.#showPacked();
      return true;
    }
    const entry = this.#entry(this.#open, bytes, start, end);
    if (entry === 0) return false;
    this.#show(entry);
    return true;
  }

  /** The score of a member, NaN when it is not there; goes nowhere. */
  scoreIn(root: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.isPacked(root)) {
      if (!this.#packed.find(root, bytes, start, end)) return Number.NaN;
      return this.#packed.score(root, this.#packed.offset);
    }
    const entry = this.#entry(root, bytes, start, end);
    return entry === 0 ? Number.NaN : this.#scoreOf(entry);
  }

  /** How many members come before this one; -1 when it is not there. Goes nowhere. */
  rankOf(bytes: Uint8Array, start: number, end: number): number {
    if (this.#openIsPacked) {
      return this.#packed.find(this.#open, bytes, start, end) ? this.#packed.rank : -1;
    }
    const entry = this.#entry(this.#open, bytes, start, end);
    if (entry === 0) return -1;
    return this.#tree.rankOf(this.#open, this.#scoreOf(entry), bytes, start, end);
  }

  /** How many members have a lower score, or with `inclusive` not a higher one. */
  countBelow(score: number, inclusive: boolean): number {
    return this.#openIsPacked
      ? this.#packed.countBelow(this.#open, score, inclusive)
      : this.#tree.countBelow(this.#open, score, inclusive);
  }

  /** How many members are lower, or with `inclusive` not higher, by their bytes, when all scores are equal. */
  countBelowMember(bytes: Uint8Array, start: number, end: number, inclusive: boolean): number {
    return this.#openIsPacked
      ? this.#packed.countBelowMember(this.#open, bytes, start, end, inclusive)
      : this.#tree.countBelowMember(this.#open, bytes, start, end, inclusive);
  }

  /** Goes to the member of this rank (from 0, lowest first); false when there is none. */
  seek(rank: number): boolean {
    if (rank < 0 || rank >= this.size) return false;
    this.#isSeeking = true;
    if (this.#openIsPacked) {
      this.#seekPacked(rank);
    } else {
      this.#tree.seek(this.#open, rank);
      this.#show(this.#tree.entry);
    }
    return true;
  }

  /** Goes to the member after the one that `seek`, `next` or `previous` went to. */
  next(): boolean {
    if (!this.#isSeeking) return false;
    if (this.#openIsPacked) {
      if (this.#rank + 1 >= this.size) return false;
      this.#seekPacked(this.#rank + 1);
      return true;
    }
    if (!this.#tree.next()) return false;
    this.#show(this.#tree.entry);
    return true;
  }

  /** Goes to the member before. */
  previous(): boolean {
    if (!this.#isSeeking) return false;
    if (this.#openIsPacked) {
      if (this.#rank === 0) return false;
      this.#seekPacked(this.#rank - 1);
      return true;
    }
    if (!this.#tree.previous()) return false;
    this.#show(this.#tree.entry);
    return true;
  }

  /** Goes to some member, each as likely as any other; false when there is none. */
  random(prng: Prng): boolean {
    const { size } = this;
    return size > 0 && this.seek(prng.below(size));
  }

  /**
   * A step of a walk: goes to about `count` members in no order and calls `visit` at each; returns the cursor to go
   * on with, 0 when the walk is over. What stays is visited exactly once. `visit` changes nothing.
   */
  scan(cursor: number, count: number, visit: () => void): number {
    if (this.#openIsPacked) {
      const { size } = this;
      for (let rank = 0; rank < size; rank++) {
        this.#seekPacked(rank);
        visit();
      }
      return 0;
    }
    this.#visitor = visit;
    return this.#table.scan(this.#open, cursor, count, this.#visit);
  }

  // Passing: each member that one that is not packed has at one moment is visited once, while it changes (table.ts).

  /** The members that this sorted set has now are to be passed. */
  beginPass(root: number): void {
    this.#table.beginPass(root);
  }

  /** Passes the member that `seek` or `next` went to; false when that is not to be done. */
  passHere(): boolean {
    return this.#table.pass(this.#open, this.#tree.entry);
  }

  /** Passes the member bytes[start, end) of the open one and goes to it; false when that is not to be done. */
  passMember(bytes: Uint8Array, start: number, end: number): boolean {
    const entry = this.#entry(this.#open, bytes, start, end);
    if (entry === 0 || !this.#table.pass(this.#open, entry)) return false;
    this.#show(entry);
    return true;
  }

  /** Gives the member bytes[start, end) this score. */
  add(
    root: number,
    givenScore: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): 'added' | 'updated' | 'unchanged' {
    const score = givenScore + 0;
    this.root = root;
    if (!this.isPacked(root)) return this.#addLarge(root, score, bytes, start, end);
    const packed = this.#packed;
    if (packed.find(root, bytes, start, end)) {
      this.scoreBefore = packed.score(root, packed.offset);
      if (this.scoreBefore === score) return 'unchanged';
      packed.cut(root, packed.offset);
      packed.insert(root, score, bytes, start, end);
      return 'updated';
    }
    if (!packed.hasRoom(root, end - start)) {
      this.#unpack(root);
      return this.#addLarge(this.root, score, bytes, start, end);
    }
    this.scoreBefore = Number.NaN;
    this.root = packed.insert(root, score, bytes, start, end);
    return 'added';
  }

  /** Removes the member bytes[start, end); false when it is not there. */
  remove(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.root = root;
    this.scoreBefore = Number.NaN;
    if (this.isPacked(root)) {
      const packed = this.#packed;
      if (!packed.find(root, bytes, start, end)) return false;
      this.scoreBefore = packed.score(root, packed.offset);
      packed.cut(root, packed.offset);
      this.#shrink();
      return true;
    }
    const hash = this.#table.hashOf(bytes, start, end);
    const entry = this.#table.find(root, bytes, start, end, hash);
    if (entry === 0) return false;
    this.scoreBefore = this.#scoreOf(entry);
    this.#tree.remove(root, this.scoreBefore, bytes, start, end);
    this.#table.remove(root, hash, entry);
    this.#arena.free(entry);
    return true;
  }

  /** An equal sorted set that shares nothing with this one. */
  copy(root: number): number {
    if (this.isPacked(root)) return this.#packed.copy(root);
    const copy = this.#createLarge();
    const size = this.#table.size(root);
    if (size > 0) this.#tree.seek(root, 0);
    try {
      for (let left = size; left > 0; left--) {
        const { entry: source, score } = this.#tree;
        const entry = this.#table.copyEntry(source);
        this.#table.insertOrFree(copy, this.#table.entryHash(entry), entry);
        this.#tree.append(copy, score, entry);
        this.#tree.next();
      }
    } catch (error) {
      this.freeSlice(copy, Infinity);
      throw error;
    }
    return copy;
  }

  /**
   * Frees as much as about `maxElements` members cost; returns the root of what is left, 0 when nothing is. What is
   * left of a large one is only good for more of this.
   */
  freeSlice(root: number, maxElements: number): number {
    if (!this.isPacked(root)) {
      const leaves = this.#tree.freeSlice(root, 1 + Math.floor(maxElements / LEAF_COST));
      const left = maxElements - leaves * LEAF_COST;
      if (left <= 0) return root;
      this.#table.freeSlice(root, left);
      if (this.#table.size(root) > 0) return root;
    }
    this.#arena.free(root);
    return 0;
  }

  /** Bytes of all its blocks; of many, estimated from some. */
  memoryBytes(root: number): number {
    const own = this.#arena.capacity(root);
    if (this.isPacked(root)) return own;
    const tree = this.#tree.memoryBytes(root, this.#table.size(root));
    return own + this.#table.memoryBytes(root) + tree;
  }

  /**
   * Moves blocks that lie in sparse places, as far as about `maxElements` members cost; returns the cursor to go on
   * with, 0 when it is through; begins with 0.
   */
  compactSlice(root: number, cursor: number, maxElements: number): number {
    this.root = root;
    try {
      if (this.isPacked(root)) {
        if (this.#arena.isSparse(root)) this.root = this.#packed.relocate(root);
        return 0;
      }
      return this.#compactLarge(cursor, maxElements);
    } catch (error) {
      // no memory to move to: it stays where it is
      if (error instanceof ArenaFullError) return 0;
      throw error;
    }
  }

  /** Of a large one. */
  #entry(root: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#table.find(root, bytes, start, end, this.#table.hashOf(bytes, start, end));
  }

  #compactLarge(cursor: number, maxElements: number): number {
    if (cursor === 0 && this.#arena.isSparse(this.root)) this.#moveLargeRoot();
    const { root } = this;
    if (cursor < FIRST_RANK_CURSOR) {
      const next = this.#table.compactSlice(root, cursor, maxElements, this.#moved);
      return next === 0 ? FIRST_RANK_CURSOR : next;
    }
    const size = this.#table.size(root);
    let rank = cursor - FIRST_RANK_CURSOR;
    for (let left = maxElements; left > 0 && rank < size; left -= LEAF_COST) {
      this.#tree.seek(root, rank);
      rank += this.#tree.leafCount - this.#tree.index;
      this.#tree.compactPath(root);
    }
    return rank >= size ? 0 : FIRST_RANK_CURSOR + rank;
  }

  #moveLargeRoot(): void {
    const old = this.root;
    const next = this.#arena.alloc(LARGE_ROOT_BYTES);
    const from = this.#arena.words[old >>> CHUNK_SHIFT];
    const to = this.#arena.words[next >>> CHUNK_SHIFT];
    for (let i = 0; i < LARGE_ROOT_BYTES >> 2; i++) {
      to[((next & UNIT_MASK) << 1) + i] = from[((old & UNIT_MASK) << 1) + i];
    }
    this.#arena.free(old);
    this.root = next;
  }

  #createLarge(): number {
    const root = this.#arena.alloc(LARGE_ROOT_BYTES);
    this.#table.initialize(root);
    try {
      this.#tree.initialize(root);
    } catch (error) {
      this.#arena.free(root);
      throw error;
    }
    return root;
  }

  #addLarge(
    root: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): 'added' | 'updated' | 'unchanged' {
    const table = this.#table;
    const hash = table.hashOf(bytes, start, end);
    const entry = table.find(root, bytes, start, end, hash);
    if (entry === 0) {
      this.scoreBefore = Number.NaN;
      this.#insertLarge(root, hash, score, bytes, start, end);
      return 'added';
    }
    const before = this.#scoreOf(entry);
    this.scoreBefore = before;
    if (before === score) return 'unchanged';
    this.#tree.changeScore(root, before, score, bytes, start, end);
    this.#setScore(entry, score);
    return 'updated';
  }

  #insertLarge(
    root: number,
    hash: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const table = this.#table;
    const entry = table.createEntry(bytes, start, end, 0);
    this.#setScore(entry, score);
    let isInTable = false;
    try {
      table.insert(root, hash, entry);
      isInTable = true;
      this.#tree.insert(root, score, entry, bytes, start, end);
    } catch (error) {
      if (isInTable) table.remove(root, hash, entry);
      this.#arena.free(entry);
      throw error;
    }
  }

  /** Makes a large sorted set of a packed one. */
  #unpack(old: number): void {
    const packed = this.#packed;
    const root = this.#createLarge();
    const bytes = this.#arena.bytes[old >>> CHUNK_SHIFT];
    const size = packed.size(old);
    packed.forget();
    try {
      for (let rank = 0; rank < size; rank++) {
        packed.seek(old, rank);
        const start = packed.memberStart(old, packed.offset);
        const end = start + packed.memberLength(old, packed.offset);
        const score = packed.score(old, packed.offset);
        this.#insertLarge(root, this.#table.hashOf(bytes, start, end), score, bytes, start, end);
      }
    } catch (error) {
      this.freeSlice(root, Infinity);
      throw error;
    }
    packed.forget();
    this.#arena.free(old);
    this.root = root;
  }

  #shrink(): void {
    try {
      this.root = this.#packed.shrink(this.root);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
    }
  }

  #seekPacked(rank: number): void {
    this.#rank = rank;
    this.#packed.seek(this.#open, rank);
    this.#showPacked();
  }

  #showPacked(): void {
    const root = this.#open;
    const chunk = root >>> CHUNK_SHIFT;
    const { offset } = this.#packed;
    const start = this.#packed.memberStart(root, offset);
    const { member } = this;
    member.bytes = this.#arena.bytes[chunk];
    member.view = this.#arena.views[chunk];
    member.start = start;
    member.end = start + this.#packed.memberLength(root, offset);
    this.score = this.#packed.score(root, offset);
  }

  #show(entry: number): void {
    const chunk = entry >>> CHUNK_SHIFT;
    const { member } = this;
    const start = this.#memberStart(entry);
    member.bytes = this.#arena.bytes[chunk];
    member.view = this.#arena.views[chunk];
    member.start = start;
    member.end = start + this.#table.keyLength(entry);
    this.score = this.#scoreOf(entry);
  }

  #memberStart(entry: number): number {
    return ((entry & UNIT_MASK) << 3) + this.#table.keyOffset;
  }

  #scoreOf(entry: number): number {
    return this.#arena.floats[entry >>> CHUNK_SHIFT][entry & UNIT_MASK];
  }

  #setScore(entry: number, score: number): void {
    this.#arena.floats[entry >>> CHUNK_SHIFT][entry & UNIT_MASK] = score;
  }
}
