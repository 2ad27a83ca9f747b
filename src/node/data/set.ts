/**
 * Sets of byte strings: hashes (hash.ts) whose values are empty, so with the same two forms, roots and rules for
 * positions. That costs a byte a member in packed ones and four in tables, for half the code.
 */
import type { ByteRange } from '#base/byte-range.ts';
import type { Prng } from '#base/prng.ts';
import type { Arena } from './arena.ts';
import { Hash } from './hash.ts';

const NO_VALUE = new Uint8Array(0);

export class SetValue {
  readonly member: ByteRange;
  readonly #hash: Hash;

  constructor(arena: Arena, hashSeed: readonly [number, number]) {
    this.#hash = new Hash(arena, hashSeed);
    this.member = this.#hash.field;
  }

  /** Where the set that was changed last is now. */
  get root(): number {
    return this.#hash.root;
  }

  /** The root of a new, empty set. */
  create(): number {
    return this.#hash.create();
  }

  /** Reading is about this set from now on. */
  open(root: number): void {
    this.#hash.open(root);
  }

  /** Members of the open set. */
  get size(): number {
    return this.#hash.size;
  }

  /** Whether it is one block, so that copying it is cheap. */
  isPacked(root: number): boolean {
    return this.#hash.isPacked(root);
  }

  /** Goes to the member bytes[start, end) of the open set; false when it is not there. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#hash.find(bytes, start, end);
  }

  /** Is bytes[start, end) in this set? Neither opens it nor moves the position. */
  contains(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#hash.contains(root, bytes, start, end);
  }

  /** Goes to the first member; false when there is none. */
  first(): boolean {
    return this.#hash.first();
  }

  /** Goes to the member after the one that `first` or `next` went to. */
  next(): boolean {
    return this.#hash.next();
  }

  /** Goes to some member, each as likely as any other; false when there is none. */
  random(prng: Prng): boolean {
    return this.#hash.random(prng);
  }

  /** One step of a walk, as {@link Hash.scan}. */
  scan(cursor: number, count: number, visit: () => void): number {
    return this.#hash.scan(cursor, count, visit);
  }

  /** As {@link Hash.beginPass}. */
  beginPass(root: number): void {
    this.#hash.beginPass(root);
  }

  /** As {@link Hash.passSlice}. */
  passSlice(cursor: number, count: number, visit: () => void): number {
    return this.#hash.passSlice(cursor, count, visit);
  }

  /** As {@link Hash.passField}. */
  passMember(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#hash.passField(bytes, start, end);
  }

  /** Adds bytes[start, end) and opens the set anew; false when it is there already. */
  add(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#hash.seek(root, bytes, start, end)) return false;
    this.#hash.put(bytes, start, end, NO_VALUE, 0, 0);
    return true;
  }

  /** Removes bytes[start, end) and opens the set anew; false when it is not there. */
  remove(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.#hash.seek(root, bytes, start, end)) return false;
    this.#hash.removeSought();
    return true;
  }

  /** The root of an equal set that shares nothing with this one. */
  copy(root: number): number {
    return this.#hash.copy(root);
  }

  /** Frees up to so many members; the root of what is left, 0 when all is gone. */
  freeSlice(root: number, maxElements: number): number {
    return this.#hash.freeSlice(root, maxElements);
  }

  /** Bytes that the set takes in the arena; of large ones, what the members take is estimated by a sample. */
  memoryBytes(root: number): number {
    return this.#hash.memoryBytes(root);
  }

  /** Moves blocks that the arena wants elsewhere, as {@link Hash.compactSlice}. */
  compactSlice(root: number, cursor: number, maxElements: number): number {
    return this.#hash.compactSlice(root, cursor, maxElements);
  }
}
