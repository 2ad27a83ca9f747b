/**
 * The order of a large sorted set: a B+-tree of 1 KiB nodes (score-nodes.ts) with entries in the order (score, bytes
 * of the member), and the number of entries below each child, for ranks. An entry is the one that the member table
 * has: [score f64][length u32][0 u32][member]. The tree is named by the root block of its sorted set: word 4 is the
 * node at the top, word 5 how many inner nodes stand above a leaf.
 *
 * Invariants: every separator is the first entry below its child, so removing that entry, or changing its score,
 * repairs the separator: exactly one names the first entry of a leaf, at the lowest level where the way down does
 * not go to child 0. Inner nodes have two children at least. Nodes that are neither at the left nor at the right edge
 * have LEAST_IN_LEAF or LEAST_IN_INNER; those at an edge may have fewer, because growth at an edge leaves full
 * nodes behind.
 */
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import {
  CHILDREN,
  COUNTS,
  LEAF_ENTRIES,
  NODE_BYTES,
  ScoreNodes,
  SCORES,
  SEPARATOR_ENTRIES,
} from './score-nodes.ts';
import { ScoreTreePath } from './score-tree-path.ts';

/** Where an entry's member begins. */
const MEMBER = 16;
/** For estimates: so many leaves are looked at, and an inner node is taken to have so many children. */
const MOST_SAMPLED = 128;
const USUAL_CHILDREN = 34;

export class ScoreTree {
  /** Where `seek`, `next` and `previous` stand; valid until the next change. */
  leaf = 0;
  index = 0;

  readonly #arena: Arena;
  readonly #nodes: ScoreNodes;
  /** The way from the top to a leaf, and the place in each node on it. */
  readonly #way: ScoreTreePath;
  readonly #path: Int32Array;
  readonly #place: Int32Array;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#nodes = new ScoreNodes(arena);
    this.#way = new ScoreTreePath(arena, this.#nodes);
    this.#path = this.#way.nodes;
    this.#place = this.#way.places;
  }

  /** An empty tree in this root block. */
  initialize(root: number): void {
    this.#way.setTop(root, this.#nodes.makeLeaf(), 0);
  }

  /** Adds an entry whose score and member are given again. */
  insert(
    root: number,
    score: number,
    entry: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#descend(root, score, bytes, start, end);
    this.#way.put(root, score, entry);
  }

  /** Adds an entry that comes after all others. */
  append(root: number, score: number, entry: number): void {
    const nodes = this.#nodes;
    const height = this.#way.height(root);
    let node = this.#way.top(root);
    for (let level = 0; level < height; level++) {
      const last = nodes.count(node) - 1;
      this.#path[level] = node;
      this.#place[level] = last;
      node = nodes.child(node, last);
    }
    this.#path[height] = node;
    this.#place[height] = nodes.count(node);
    this.#way.put(root, score, entry);
  }

  /** Removes the entry of this score and member, which must be there. */
  remove(root: number, score: number, bytes: Uint8Array, start: number, end: number): void {
    this.#descend(root, score, bytes, start, end);
    this.#way.cut(root);
  }

  /** Gives the entry of this member another score. */
  changeScore(
    root: number,
    oldScore: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#descend(root, oldScore, bytes, start, end);
    const height = this.#way.height(root);
    const leaf = this.#path[height];
    const at = this.#place[height];
    const nodes = this.#nodes;
    const entry = nodes.leafEntry(leaf, at);
    if (
      at > 0 &&
      at < nodes.count(leaf) - 1 &&
      this.#isBelow(leaf, at - 1, score, bytes, start, end) &&
      !this.#isBelow(leaf, at + 1, score, bytes, start, end)
    ) {
      nodes.setScore(leaf, at, score);
      return;
    }
    this.#way.cut(root);
    try {
      this.insert(root, score, entry, bytes, start, end);
    } catch (error) {
      // no memory to split a leaf; where it was, there is room
      this.insert(root, oldScore, entry, bytes, start, end);
      throw error;
    }
  }

  /** How many entries come before the one of this score and member. */
  rankOf(root: number, score: number, bytes: Uint8Array, start: number, end: number): number {
    this.#descend(root, score, bytes, start, end);
    return this.#way.rank(root);
  }

  /** How many entries have a lower score, or with `inclusive` not a higher one. */
  countBelow(root: number, score: number, inclusive: boolean): number {
    const height = this.#way.height(root);
    let node = this.#way.top(root);
    for (let level = 0; level <= height; level++) {
      const words = this.#arena.words[node >>> CHUNK_SHIFT];
      const floats = this.#arena.floats[node >>> CHUNK_SHIFT];
      const base = node & UNIT_MASK;
      let low = level < height ? 1 : 0;
      let high = words[base << 1] & 0xffff;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const other = floats[base + SCORES + middle];
        if (other < score || (inclusive && other === score)) low = middle + 1;
        else high = middle;
      }
      this.#path[level] = node;
      this.#place[level] = level < height ? low - 1 : low;
      if (level < height) node = words[(base << 1) + CHILDREN + low - 1];
    }
    return this.#way.rank(root);
  }

  /** How many entries have a lower member, or with `inclusive` not a higher one, when all scores are equal. */
  countBelowMember(
    root: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    inclusive: boolean,
  ): number {
    const height = this.#way.height(root);
    const most = inclusive ? 0 : -1;
    let node = this.#way.top(root);
    for (let level = 0; level <= height; level++) {
      const words = this.#arena.words[node >>> CHUNK_SHIFT];
      const base = (node & UNIT_MASK) << 1;
      const entries = base + (level < height ? SEPARATOR_ENTRIES : LEAF_ENTRIES);
      let low = level < height ? 1 : 0;
      let high = words[base] & 0xffff;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.#compareMember(words[entries + middle], bytes, start, end) <= most) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      this.#path[level] = node;
      this.#place[level] = level < height ? low - 1 : low;
      if (level < height) node = words[base + CHILDREN + low - 1];
    }
    return this.#way.rank(root);
  }

  /** Goes to the entry of this rank, which must be there. */
  seek(root: number, rank: number): void {
    const height = this.#way.height(root);
    let node = this.#way.top(root);
    let left = rank;
    for (let level = 0; level < height; level++) {
      const words = this.#arena.words[node >>> CHUNK_SHIFT];
      const base = (node & UNIT_MASK) << 1;
      let at = 0;
      for (let below = words[base + COUNTS]; left >= below; below = words[base + COUNTS + at]) {
        left -= below;
        at++;
      }
      this.#path[level] = node;
      this.#place[level] = at;
      node = words[base + CHILDREN + at];
    }
    this.#path[height] = node;
    this.#place[height] = left;
    this.leaf = node;
    this.index = left;
  }

  /** Goes to the next entry; false, and nowhere, when there is none. */
  next(): boolean {
    if (this.leaf === 0) return false;
    if (this.index + 1 < this.#nodes.count(this.leaf)) {
      this.index++;
      return true;
    }
    const next = this.#nodes.next(this.leaf);
    if (next === 0) return false;
    this.leaf = next;
    this.index = 0;
    return true;
  }

  /** Goes to the entry before. */
  previous(): boolean {
    if (this.leaf === 0) return false;
    if (this.index > 0) {
      this.index--;
      return true;
    }
    const previous = this.#nodes.previous(this.leaf);
    if (previous === 0) return false;
    this.leaf = previous;
    this.index = this.#nodes.count(previous) - 1;
    return true;
  }

  /** The score of the entry gone to. */
  get score(): number {
    return this.#nodes.score(this.leaf, this.index);
  }

  /** The entry gone to. */
  get entry(): number {
    return this.#nodes.leafEntry(this.leaf, this.index);
  }

  /** How many entries the leaf gone to has. */
  get leafCount(): number {
    return this.#nodes.count(this.leaf);
  }

  /**
   * Moves the nodes on the way to the leaf that `seek` has just gone to out of sparse places; `leaf` is where it is
   * then.
   */
  compactPath(root: number): void {
    const height = this.#way.height(root);
    for (let level = 0; level <= height; level++) {
      const node = this.#path[level];
      if (!this.#arena.isSparse(node)) continue;
      const moved = this.#nodes.relocate(node);
      this.#path[level] = moved;
      if (level === 0) this.#way.setTop(root, moved, height);
      else this.#nodes.setChild(this.#path[level - 1], this.#place[level - 1], moved);
    }
    this.leaf = this.#path[height];
  }

  /** The entry of this score and member, which must be there, is at another address now. */
  replaceEntry(
    root: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    entry: number,
  ): void {
    this.#descend(root, score, bytes, start, end);
    const height = this.#way.height(root);
    const at = this.#place[height];
    this.#nodes.setLeafEntry(this.#path[height], at, entry);
    if (at === 0) this.#way.repairSeparator(height, score, entry);
  }

  /** Bytes of all nodes, estimated from the first leaves when there are many. */
  memoryBytes(root: number, size: number): number {
    const nodes = this.#nodes;
    let leaf = this.#way.top(root);
    while (nodes.isInner(leaf)) leaf = nodes.child(leaf, 0);
    let leaves = 0;
    let entries = 0;
    for (; leaf !== 0 && leaves < MOST_SAMPLED; leaf = nodes.next(leaf)) {
      leaves++;
      entries += nodes.count(leaf);
    }
    if (leaf !== 0) leaves = Math.ceil((leaves / entries) * size);
    const inner = this.#way.height(root) === 0 ? 0 : Math.ceil(leaves / USUAL_CHILDREN);
    return (leaves + inner) * NODE_BYTES;
  }

  /**
   * Frees nodes from the right end, at most about `mostLeaves` leaves; returns how many it has freed. The entries are
   * the caller's. What is left is only good for being freed; nothing is left when word 4 of the root is 0.
   */
  freeSlice(root: number, mostLeaves: number): number {
    const nodes = this.#nodes;
    const height = this.#way.height(root);
    let freed = 0;
    while (freed < mostLeaves && this.#way.top(root) !== 0) {
      let node = this.#way.top(root);
      let level = 0;
      for (; nodes.isInner(node); level++) {
        this.#path[level] = node;
        node = nodes.child(node, nodes.count(node) - 1);
      }
      nodes.free(node);
      freed++;
      for (level--; level >= 0; level--) {
        const parent = this.#path[level];
        nodes.cutChild(parent, nodes.count(parent) - 1);
        if (nodes.count(parent) > 0) break;
        nodes.free(parent);
      }
      if (level < 0) this.#way.setTop(root, 0, height);
    }
    return freed;
  }

  /**
   * Sets the path to the first entry that is not before (score, bytes[start, end)): the place in the leaf may be its
   * count. Written out in one piece: it runs for every change and every rank.
   */
  #descend(root: number, score: number, bytes: Uint8Array, start: number, end: number): void {
    const height = this.#way.height(root);
    let node = this.#way.top(root);
    for (let level = 0; level < height; level++) {
      const words = this.#arena.words[node >>> CHUNK_SHIFT];
      const floats = this.#arena.floats[node >>> CHUNK_SHIFT];
      const base = node & UNIT_MASK;
      const entries = (base << 1) + SEPARATOR_ENTRIES;
      let low = 1;
      let high = words[base << 1] & 0xffff;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const other = floats[base + SCORES + middle];
        if (
          other < score ||
          (other === score && this.#compareMember(words[entries + middle], bytes, start, end) <= 0)
        ) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      this.#path[level] = node;
      this.#place[level] = low - 1;
      node = words[(base << 1) + CHILDREN + low - 1];
    }
    const words = this.#arena.words[node >>> CHUNK_SHIFT];
    const floats = this.#arena.floats[node >>> CHUNK_SHIFT];
    const base = node & UNIT_MASK;
    const entries = (base << 1) + LEAF_ENTRIES;
    let low = 0;
    let high = words[base << 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = floats[base + SCORES + middle];
      if (
        other < score ||
        (other === score && this.#compareMember(words[entries + middle], bytes, start, end) < 0)
      ) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    this.#path[height] = node;
    this.#place[height] = low;
  }

  /** True when the entry `at` of the leaf comes before (score, bytes[start, end)). */
  #isBelow(
    leaf: number,
    at: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const other = this.#nodes.score(leaf, at);
    if (other !== score) return other < score;
    return this.#compareMember(this.#nodes.leafEntry(leaf, at), bytes, start, end) < 0;
  }

  /** Below, at or above 0 as the entry's member is less than, equal to or greater than bytes[start, end). */
  #compareMember(entry: number, bytes: Uint8Array, start: number, end: number): number {
    const own = this.#arena.bytes[entry >>> CHUNK_SHIFT];
    const from = ((entry & UNIT_MASK) << 3) + MEMBER;
    const length = this.#arena.words[entry >>> CHUNK_SHIFT][((entry & UNIT_MASK) << 1) + 2];
    const other = end - start;
    const both = length < other ? length : other;
    for (let i = 0; i < both; i++) {
      const difference = own[from + i] - bytes[start + i];
      if (difference !== 0) return difference;
    }
    return length - other;
  }
}
