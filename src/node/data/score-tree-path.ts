/**
 * Changes of a score tree (score-tree.ts has the layout and the invariants) at the end of a path: the nodes from the
 * top to a leaf, and the place in each. Adding splits full nodes on the way up, removing merges underfull ones with a
 * neighbour, or takes from it.
 */
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import { MOST_IN_INNER, MOST_IN_LEAF, type ScoreNodes } from './score-nodes.ts';

export const LEAST_IN_LEAF = 28;
export const LEAST_IN_INNER = 16;
/** Two neighbours with no more than this together become one; with more, each gets half. */
const MERGED_IN_LEAF = 63;
const MERGED_IN_INNER = 38;
const MOST_HEIGHT = 16;
const TOP = 4;
const HEIGHT = 5;

/** At which edge of the tree a split was, if the new entry was the very first or the very last. */
const LEFT_EDGE = -1;
const NO_EDGE = 0;
const RIGHT_EDGE = 1;

export class ScoreTreePath {
  readonly nodes = new Int32Array(MOST_HEIGHT);
  readonly places = new Int32Array(MOST_HEIGHT);

  readonly #arena: Arena;
  readonly #nodes: ScoreNodes;

  constructor(arena: Arena, nodes: ScoreNodes) {
    this.#arena = arena;
    this.#nodes = nodes;
  }

  /** The node at the top of the tree. */
  top(root: number): number {
    return this.#arena.words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + TOP];
  }

  /** How many inner nodes stand above a leaf. */
  height(root: number): number {
    return this.#arena.words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + HEIGHT];
  }

  setTop(root: number, node: number, height: number): void {
    const words = this.#arena.words[root >>> CHUNK_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    words[at + TOP] = node;
    words[at + HEIGHT] = height;
  }

  /** How many entries come before the place that the path leads to. */
  rank(root: number): number {
    const height = this.height(root);
    let rank = this.places[height];
    for (let level = 0; level < height; level++) {
      rank += this.#nodes.totalBefore(this.nodes[level], this.places[level]);
    }
    return rank;
  }

  /** Puts an entry at the place that the path leads to. */
  put(root: number, score: number, entry: number): void {
    const nodes = this.#nodes;
    const height = this.height(root);
    const leaf = this.nodes[height];
    const at = this.places[height];
    const count = nodes.count(leaf);
    if (count < MOST_IN_LEAF) {
      nodes.putEntry(leaf, at, score, entry);
      this.#addBelow(height, 1);
      return;
    }
    let edge = NO_EDGE;
    let keep = count >>> 1;
    if (at === count && nodes.next(leaf) === 0) {
      edge = RIGHT_EDGE;
      keep = count;
    } else if (at === 0 && nodes.previous(leaf) === 0) {
      edge = LEFT_EDGE;
      keep = 0;
    }
    this.#reserve(height);
    const right = nodes.makeLeaf();
    nodes.linkAfter(leaf, right);
    nodes.moveRight(leaf, right, count - keep);
    if (at > keep || edge === RIGHT_EDGE) nodes.putEntry(right, at - keep, score, entry);
    else nodes.putEntry(leaf, at, score, entry);
    this.#addChild(root, height, right, edge);
  }

  /** Removes the entry that the path leads to. */
  cut(root: number): void {
    const nodes = this.#nodes;
    const height = this.height(root);
    const leaf = this.nodes[height];
    const at = this.places[height];
    nodes.cutEntry(leaf, at);
    this.#addBelow(height, -1);
    const count = nodes.count(leaf);
    if (at === 0 && count > 0) {
      this.repairSeparator(height, nodes.score(leaf, 0), nodes.leafEntry(leaf, 0));
    }
    if (count < LEAST_IN_LEAF && height > 0) this.#fill(root, height);
  }

  /** The node at this level of the path begins with another entry than it did. */
  repairSeparator(level: number, score: number, entry: number): void {
    for (let above = level - 1; above >= 0; above--) {
      if (this.places[above] === 0) continue;
      this.#nodes.setSeparator(this.nodes[above], this.places[above], score, entry);
      return;
    }
  }

  /** There are `change` more entries below the node at this level of the path. */
  #addBelow(level: number, change: number): void {
    for (let above = level - 1; above >= 0; above--) {
      this.#nodes.addBelow(this.nodes[above], this.places[above], change);
    }
  }

  /** Blocks for all the nodes that splitting the leaf will take, so that it cannot fail half-way. */
  #reserve(height: number): void {
    let level = height - 1;
    while (level >= 0 && this.#nodes.count(this.nodes[level]) === MOST_IN_INNER) level--;
    this.#nodes.reserve(height - level + (level < 0 ? 1 : 0));
  }

  /** The node at `bottom` of the path was split, `added` is its new right neighbour. */
  #addChild(root: number, bottom: number, added: number, edge: number): void {
    const nodes = this.#nodes;
    let right = added;
    for (let level = bottom - 1; level >= 0; level--) {
      const left = this.nodes[level + 1];
      const node = this.nodes[level];
      const at = this.places[level] + 1;
      const count = nodes.count(node);
      nodes.setBelow(node, at - 1, nodes.total(left));
      if (count < MOST_IN_INNER) {
        this.#putChild(node, at, right);
        this.#addBelow(level, 1);
        return;
      }
      let keep = count >>> 1;
      if (edge === RIGHT_EDGE) keep = count - 1;
      else if (edge === LEFT_EDGE) keep = 1;
      const next = nodes.makeInner();
      nodes.moveRight(node, next, count - keep);
      if (at > keep) this.#putChild(next, at - keep, right);
      else this.#putChild(node, at, right);
      right = next;
    }
    const left = this.nodes[0];
    const top = nodes.makeInner();
    nodes.putChild(top, 0, 0, 0, left, nodes.total(left));
    this.#putChild(top, 1, right);
    this.setTop(root, top, this.height(root) + 1);
  }

  #putChild(node: number, at: number, child: number): void {
    const nodes = this.#nodes;
    const score = nodes.score(child, 0);
    nodes.putChild(node, at, score, nodes.entry(child, 0), child, nodes.total(child));
  }

  /** The node at `bottom` of the path has too little: it gets from a neighbour, or becomes one with it. */
  #fill(root: number, bottom: number): void {
    const nodes = this.#nodes;
    for (let level = bottom; level > 0; level--) {
      const parent = this.nodes[level - 1];
      const place = this.places[level - 1];
      const hasLeft = place > 0;
      const rightAt = hasLeft ? place : 1;
      const left = nodes.child(parent, rightAt - 1);
      const right = nodes.child(parent, rightAt);
      const leftCount = nodes.count(left);
      const both = leftCount + nodes.count(right);
      const isLeaf = level === bottom;
      if (!isLeaf) {
        nodes.setSeparator(right, 0, nodes.score(parent, rightAt), nodes.entry(parent, rightAt));
      }
      const wasEmpty = leftCount === 0;
      const merged = both <= (isLeaf ? MERGED_IN_LEAF : MERGED_IN_INNER);
      const half = both >>> 1;
      if (merged) nodes.moveLeft(left, right, nodes.count(right));
      else if (leftCount < half) nodes.moveLeft(left, right, half - leftCount);
      else nodes.moveRight(left, right, leftCount - half);
      nodes.setBelow(parent, rightAt - 1, nodes.total(left));
      if (wasEmpty) this.repairSeparator(level - 1, nodes.score(left, 0), nodes.entry(left, 0));
      if (!merged) {
        nodes.setBelow(parent, rightAt, nodes.total(right));
        nodes.setSeparator(parent, rightAt, nodes.score(right, 0), nodes.entry(right, 0));
        return;
      }
      if (isLeaf) nodes.unlink(right);
      nodes.free(right);
      nodes.cutChild(parent, rightAt);
      if (nodes.count(parent) >= LEAST_IN_INNER) return;
    }
    const top = this.top(root);
    if (nodes.count(top) > 1) return;
    this.setTop(root, nodes.child(top, 0), this.height(root) - 1);
    nodes.free(top);
  }
}
