/**
 * Hashes: fields to values, in the arena. Small ones are packed in one block (packed.ts) and keep the order in
 * which fields were first set; larger ones are a table (table.ts), in no order, and never become packed again.
 *
 * A hash is named by its root; word 1 of it says which form it has. Reading is about the hash that was opened, by
 * position: `find`, `first`, `next`, `scan` and `random` move `field` and `value`, which are valid until something
 * in the arena changes. A change is about the field that `seek` looked for, with nothing between but `goToSought`;
 * it leaves the new root in `root`, and that hash open. Bytes given to a change must not lie in the arena.
 */
import { ByteRange } from '#base/byte-range.ts';
import { copyBytes, viewOf } from '#base/copy.ts';
import type { Prng } from '#base/prng.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import { Packed } from './packed.ts';
import { ROOT_BYTES, TABLE, Table } from './table.ts';

export class Hash {
  readonly field = new ByteRange();
  readonly value = new ByteRange();
  /** Where the hash that was changed last is now. */
  root = 0;

  readonly #arena: Arena;
  readonly #packed: Packed;
  readonly #table: Table;
  #open = 0;
  #openIsPacked = true;
  /** The pair of a packed hash that `first` or `next` went to, as its offset in the block. */
  #at = 0;
  /** What {@link seek} found: a pair or -1, an entry or 0; and the hash of its name, in a table. */
  #sought = 0;
  #soughtHash = 0;
  #visit: () => void = () => undefined;
  readonly #visitEntry = (entry: number): void => {
    this.#showEntry(entry);
    this.#visit();
  };
  readonly #passEntry = (entry: number): void => {
    if (this.#table.pass(this.#open, entry)) this.#visitEntry(entry);
  };

  constructor(arena: Arena, hashSeed: readonly [number, number]) {
    this.#arena = arena;
    this.#packed = new Packed(arena);
    this.#table = new Table(arena, 0, hashSeed);
  }

  /** The root of a new, empty hash. */
  create(): number {
    return this.#packed.create();
  }

  /** Reading is about this hash from now on. */
  open(root: number): void {
    this.#open = root;
    this.#openIsPacked = this.isPacked(root);
  }

  /** Fields of the open hash. */
  get size(): number {
    return this.#table.size(this.#open);
  }

  /** Whether it is one block, so that copying it is cheap. */
  isPacked(root: number): boolean {
    return this.#arena.words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + 1] < TABLE;
  }

  /** Goes to the field bytes[start, end); false when it is not there. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#openIsPacked) {
      const pair = this.#packed.find(this.#open, bytes, start, end);
      if (pair === -1) return false;
      this.#showPair(pair);
      return true;
    }
    return this.#show(this.#entry(this.#open, bytes, start, end));
  }

  /** Is bytes[start, end) a field of this hash? Neither opens it nor moves the position. */
  contains(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isPacked(root)) return this.#packed.find(root, bytes, start, end) !== -1;
    return this.#entry(root, bytes, start, end) !== 0;
  }

  /** Goes to the first field; false when there is none. */
  first(): boolean {
    if (!this.#openIsPacked) {
      this.#table.begin(this.#open);
      return this.#show(this.#table.next());
    }
    return this.#showAt(this.#packed.first(this.#open));
  }

  /** Goes to the field after the one that `first` or `next` went to. */
  next(): boolean {
    if (!this.#openIsPacked) return this.#show(this.#table.next());
    const at = ((this.#open & UNIT_MASK) << 3) + this.#at;
    return this.#showAt(this.#packed.after(this.#open, at));
  }

  /** Goes to some field, each as likely as any other; false when there is none. */
  random(prng: Prng): boolean {
    if (!this.#openIsPacked) return this.#show(this.#table.random(this.#open, prng));
    if (this.size === 0) return false;
    let pair = this.#packed.first(this.#open);
    for (let left = prng.below(this.size); left > 0; left--) {
      pair = this.#packed.after(this.#open, pair);
    }
    this.#showPair(pair);
    return true;
  }

  /**
   * One step of a walk: goes to about `count` fields, all of them in a packed hash, and calls `visit` at each.
   * Returns the cursor to go on with, 0 when the walk is over; it starts with 0. A field that stays during a
   * whole walk is given at least once, and exactly once unless the hash ceases to be packed meanwhile.
   */
  scan(cursor: number, count: number, visit: () => void): number {
    if (!this.#openIsPacked) {
      this.#visit = visit;
      return this.#table.scan(this.#open, cursor, count, this.#visitEntry);
    }
    const end = this.#packed.end(this.#open);
    for (let pair = this.#packed.first(this.#open); pair < end; ) {
      this.#showPair(pair);
      visit();
      pair = this.#packed.after(this.#open, pair);
    }
    return 0;
  }

  // Passing: each field that a hash has at one moment is visited once, while it changes (table.ts). Not of packed ones.

  /** The fields that this hash has now are to be passed. */
  beginPass(root: number): void {
    this.#table.beginPass(root);
  }

  /** As {@link scan}, but of the fields that have not been passed. */
  passSlice(cursor: number, count: number, visit: () => void): number {
    this.#visit = visit;
    return this.#table.scan(this.#open, cursor, count, this.#passEntry);
  }

  /** Passes the field bytes[start, end) of the open hash and goes to it; false when that is not to be done. */
  passField(bytes: Uint8Array, start: number, end: number): boolean {
    const entry = this.#entry(this.#open, bytes, start, end);
    if (entry === 0 || !this.#table.pass(this.#open, entry)) return false;
    return this.#show(entry);
  }

  // Changing: a field is looked for once, and what is done to it follows.

  /** Opens this hash and looks for the field bytes[start, end), to change it; false when it is not there. */
  seek(root: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.root = root;
    this.open(root);
    if (this.#openIsPacked) {
      this.#sought = this.#packed.find(root, bytes, start, end);
      return this.#sought !== -1;
    }
    this.#soughtHash = this.#table.hashOf(bytes, start, end);
    this.#sought = this.#table.find(root, bytes, start, end, this.#soughtHash);
    return this.#sought !== 0;
  }

  /** Goes to the field sought last, which is there. */
  goToSought(): void {
    if (this.#openIsPacked) this.#showPair(this.#sought);
    else this.#showEntry(this.#sought);
  }

  /**
   * Gives the field sought last, whose name this is, a value, and opens the hash anew; the field is added if it is
   * not there. When it throws ArenaFullError, nothing has changed.
   */
  put(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (!this.#openIsPacked) {
      this.#putInTable(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
      return;
    }
    const packed = this.#packed;
    const root = this.#open;
    const pair = this.#sought;
    if (!packed.takes(root, pair, fieldEnd - fieldStart, valueEnd - valueStart)) {
      this.#putConverted(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
      return;
    }
    this.root =
      pair === -1
        ? packed.append(root, field, fieldStart, fieldEnd, value, valueStart, valueEnd)
        : packed.setValue(root, pair, value, valueStart, valueEnd);
    this.#open = this.root;
  }

  /** Removes the field sought last, which is there, and opens the hash anew. */
  removeSought(): void {
    if (this.#openIsPacked) {
      this.root = this.#packed.remove(this.#open, this.#sought);
      this.#open = this.root;
      return;
    }
    this.#table.remove(this.#open, this.#soughtHash, this.#sought);
    this.#arena.free(this.#sought);
  }

  /** The root of an equal hash that shares nothing with this one. */
  copy(root: number): number {
    if (this.isPacked(root)) return this.#packed.copy(root);
    const copy = this.#createTable();
    try {
      this.#table.copy(root, copy);
    } catch (error) {
      this.#discard(copy);
      throw error;
    }
    return copy;
  }

  /** Frees up to so many fields; the root of what is left, 0 when all is gone. */
  freeSlice(root: number, maxElements: number): number {
    if (!this.isPacked(root)) {
      this.#table.freeSlice(root, maxElements);
      if (this.#table.size(root) > 0) return root;
    }
    this.#arena.free(root);
    return 0;
  }

  /** Bytes that the hash takes in the arena; of large ones, what the fields take is estimated by a sample. */
  memoryBytes(root: number): number {
    const own = this.#arena.capacity(root);
    return this.isPacked(root) ? own : own + this.#table.memoryBytes(root);
  }

  /**
   * Moves blocks that the arena wants elsewhere, looking at about so many fields; the cursor to go on with, 0
   * when it is through. Leaves the root in `root`.
   */
  compactSlice(root: number, cursor: number, maxElements: number): number {
    this.root = root;
    const packed = this.isPacked(root);
    if (cursor === 0 && this.#arena.isSparse(root)) {
      this.root = packed ? this.#packed.move(root) : this.#moveRoot(root);
    }
    return packed ? 0 : this.#table.compactSlice(this.root, cursor, maxElements);
  }

  #entry(root: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#table.find(root, bytes, start, end, this.#table.hashOf(bytes, start, end));
  }

  #show(entry: number): boolean {
    if (entry === 0) return false;
    this.#showEntry(entry);
    return true;
  }

  #showEntry(entry: number): void {
    const chunk = entry >>> CHUNK_SHIFT;
    const bytes = this.#arena.bytes[chunk];
    const view = this.#arena.views[chunk];
    const start = ((entry & UNIT_MASK) << 3) + this.#table.keyOffset;
    const middle = start + this.#table.keyLength(entry);
    this.field.set(bytes, view, start, middle);
    this.value.set(bytes, view, middle, middle + this.#table.valueLength(entry));
  }

  #showPair(pair: number): void {
    const chunk = this.#open >>> CHUNK_SHIFT;
    const bytes = this.#arena.bytes[chunk];
    const view = this.#arena.views[chunk];
    const start = this.#packed.fieldStart(pair);
    const middle = start + bytes[pair];
    this.field.set(bytes, view, start, middle);
    this.value.set(bytes, view, middle, middle + bytes[pair + 1]);
  }

  /** Goes to the pair at `pair`, if one is there. */
  #showAt(pair: number): boolean {
    if (pair >= this.#packed.end(this.#open)) return false;
    this.#at = pair - ((this.#open & UNIT_MASK) << 3);
    this.#showPair(pair);
    return true;
  }

  #putInTable(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { root } = this;
    const table = this.#table;
    const old = this.#sought;
    const length = valueEnd - valueStart;
    if (old !== 0) {
      if (this.#arena.fits(old, table.keyOffset + fieldEnd - fieldStart + length)) {
        table.setValueLength(old, length);
        this.#writeValue(old, value, valueStart, length);
        return;
      }
    }
    const entry = table.createEntry(field, fieldStart, fieldEnd, length);
    this.#writeValue(entry, value, valueStart, length);
    if (old !== 0) {
      table.replace(root, this.#soughtHash, old, entry);
      this.#arena.free(old);
      return;
    }
    table.insertOrFree(root, this.#soughtHash, entry);
  }

  /** As {@link put}, in a packed hash that has to become a table for it. */
  #putConverted(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const packed = this.#open;
    const root = this.#tableOf(packed);
    try {
      this.seek(root, field, fieldStart, fieldEnd);
      this.#putInTable(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    } catch (error) {
      this.#discard(root);
      this.root = packed;
      this.open(packed);
      throw error;
    }
    this.#arena.free(packed);
  }

  #writeValue(entry: number, value: Uint8Array, start: number, length: number): void {
    if (length === 0) return;
    const at = ((entry & UNIT_MASK) << 3) + this.#table.keyOffset + this.#table.keyLength(entry);
    copyBytes(this.#arena.views[entry >>> CHUNK_SHIFT], at, viewOf(value), start, length);
  }

  #createTable(): number {
    const root = this.#arena.alloc(ROOT_BYTES);
    this.#table.initialize(root);
    return root;
  }

  #moveRoot(root: number): number {
    const next = this.#arena.allocOrNone(ROOT_BYTES);
    if (next === 0) return root;
    const { views } = this.#arena;
    const from = (root & UNIT_MASK) << 3;
    const to = (next & UNIT_MASK) << 3;
    copyBytes(views[next >>> CHUNK_SHIFT], to, views[root >>> CHUNK_SHIFT], from, ROOT_BYTES);
    this.#arena.free(root);
    return next;
  }

  #discard(root: number): void {
    this.#table.freeSlice(root, this.#table.size(root));
    this.#arena.free(root);
  }

  /** The root of a table that is equal to a packed hash. */
  #tableOf(root: number): number {
    const packed = this.#packed;
    const table = this.#table;
    const next = this.#createTable();
    const bytes = this.#arena.bytes[root >>> CHUNK_SHIFT];
    try {
      for (let pair = packed.first(root); pair < packed.end(root); ) {
        const start = packed.fieldStart(pair);
        const middle = start + bytes[pair];
        const entry = table.createEntry(bytes, start, middle, bytes[pair + 1]);
        this.#writeValue(entry, bytes, middle, bytes[pair + 1]);
        table.insertOrFree(next, table.hashOf(bytes, start, middle), entry);
        pair = packed.after(root, pair);
      }
    } catch (error) {
      this.#discard(next);
      throw error;
    }
    return next;
  }
}
