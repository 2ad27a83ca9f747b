/**
 * The four kinds of collections behind one door, for what is done to any of them by its type and root. An
 * instance has one position for each kind; whoever reads while commands read has an instance of its own.
 */
import type { Arena } from '#node/data/arena.ts';
import { Hash } from '#node/data/hash.ts';
import { List } from '#node/data/list.ts';
import { SetValue } from '#node/data/set.ts';
import { SortedSet } from '#node/data/sorted-set.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET } from './record.ts';

type Collection = Hash | List | SetValue | SortedSet;

export class Values {
  readonly hash: Hash;
  readonly list: List;
  readonly set: SetValue;
  readonly sortedSet: SortedSet;

  constructor(arena: Arena, hashSeed: readonly [number, number]) {
    this.hash = new Hash(arena, hashSeed);
    this.list = new List(arena);
    this.set = new SetValue(arena, hashSeed);
    this.sortedSet = new SortedSet(arena, hashSeed);
  }

  /** The root of a new, empty collection. */
  create(type: number): number {
    return this.#of(type).create();
  }

  /** Reading is about this collection from now on. */
  open(type: number, root: number): void {
    if (type === TYPE_HASH) this.hash.open(root);
    else if (type === TYPE_LIST) this.list.open(root);
    else if (type === TYPE_SET) this.set.open(root);
    else this.sortedSet.open(root);
  }

  /** The root of an equal collection that shares nothing with this one. */
  copy(type: number, root: number): number {
    return this.#of(type).copy(root);
  }

  /** Frees up to so many elements; the root of what is left, 0 when all is gone. */
  freeSlice(type: number, root: number, maxElements: number): number {
    return this.#of(type).freeSlice(root, maxElements);
  }

  /** One block: cheap to go over. */
  isPacked(type: number, root: number): boolean {
    return this.#of(type).isPacked(root);
  }

  /** Opens it, and says how many elements it has. */
  size(type: number, root: number): number {
    this.open(type, root);
    return this.#of(type).size;
  }

  /** All that is in it is to be passed; not of packed ones, nor of lists. */
  beginPass(type: number, root: number): void {
    if (type === TYPE_HASH) this.hash.beginPass(root);
    else if (type === TYPE_SET) this.set.beginPass(root);
    else this.sortedSet.beginPass(root);
  }

  memoryBytes(type: number, root: number): number {
    return this.#of(type).memoryBytes(root);
  }

  /** Moves blocks that stand sparse; the cursor to go on with, 0 when done. The root may move: {@link rootOf}. */
  compactSlice(type: number, root: number, cursor: number, maxElements: number): number {
    return this.#of(type).compactSlice(root, cursor, maxElements);
  }

  /** Where the collection that was changed last is now. */
  rootOf(type: number): number {
    return this.#of(type).root;
  }

  #of(type: number): Collection {
    if (type === TYPE_HASH) return this.hash;
    if (type === TYPE_LIST) return this.list;
    return type === TYPE_SET ? this.set : this.sortedSet;
  }
}
