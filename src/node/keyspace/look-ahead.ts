/**
 * Looking ahead: what the next commands of a pipeline will read of the index and of their keys' records is read for
 * all of them at once. Finding a key is a chain of reads that are nearly always cache misses, each of which needs
 * what the one before it brought; done for many keys side by side, the processor waits for all of them together.
 *
 * It changes nothing and decides nothing: without it commands only wait longer, and compute slot and hash themselves.
 *
 * Invariant: the bytes of keys that were read do not change until {@link LookAhead.forget}.
 */
import { slotOfKey } from '#base/slot.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import type { Table } from '#node/data/table.ts';
import { HEADER_BYTES, TYPE_MASK, TYPE_STRING } from './record.ts';
import type { SlotIndex } from './slot-index.ts';

/** Most keys at once: about as many reads as a processor has under way at the same time. */
export const MOST_KEYS_AHEAD = 16;
/** A longer key costs more to hash than there is to gain, or is none: the text of a script, for one. */
const LONGEST_KEY = 256;
/** A line of the cache, in words; how many of them of a collection are read. */
const LINE_WORDS = 16;
const COLLECTION_LINES = 3;
const NONE: Uint8Array = new Uint8Array(0);

export class LookAhead {
  /** Holds what was read, so that no compiler may leave the reading out. */
  seen = 0;
  readonly #arena: Arena;
  readonly #table: Table;
  /** What the keys stand in; they come in the order in which they stand there. */
  #bytes = NONE;
  readonly #starts = new Int32Array(MOST_KEYS_AHEAD);
  readonly #ends = new Int32Array(MOST_KEYS_AHEAD);
  readonly #slots = new Int32Array(MOST_KEYS_AHEAD);
  readonly #hashes = new Int32Array(MOST_KEYS_AHEAD);
  /** Of each key what is read next: the root of its slot's table at first, its record at last; 0 for nothing. */
  readonly #places = new Int32Array(MOST_KEYS_AHEAD);
  #count = 0;
  /** The first key that commands have not passed. */
  #next = 0;

  constructor(arena: Arena, table: Table) {
    this.#arena = arena;
    this.#table = table;
  }

  /** The keys that come now stand in these bytes. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#count = 0;
    this.#next = 0;
  }

  /** A key that will be looked up soon. */
  add(index: SlotIndex, start: number, end: number): void {
    const i = this.#count;
    if (i === MOST_KEYS_AHEAD || end - start > LONGEST_KEY) return;
    const bytes = this.#bytes;
    const slot = slotOfKey(bytes, start, end);
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#slots[i] = slot;
    this.#hashes[i] = this.#table.hashOf(bytes, start, end);
    this.#places[i] = index.rootOf(slot);
    this.#count = i + 1;
  }

  /** Reads what looking up the keys that were added will read. */
  read(): void {
    this.#table.findAhead(this.#places, this.#hashes, this.#count);
    let seen = 0;
    for (let i = 0; i < this.#count; i++) seen ^= this.#readRecord(this.#places[i]);
    this.seen = seen;
  }

  /** The keys' bytes may change. */
  forget(): void {
    this.begin(NONE);
  }

  slotOf(bytes: Uint8Array, start: number, end: number): number {
    const i = this.#find(bytes, start, end);
    return i === -1 ? slotOfKey(bytes, start, end) : this.#slots[i];
  }

  hashOf(bytes: Uint8Array, start: number, end: number): number {
    const i = this.#find(bytes, start, end);
    return i === -1 ? this.#table.hashOf(bytes, start, end) : this.#hashes[i];
  }

  /** Which key this is; -1 when it is none of those that were read, or has been passed. */
  #find(bytes: Uint8Array, start: number, end: number): number {
    if (bytes !== this.#bytes) return -1;
    let i = this.#next;
    while (i < this.#count && this.#starts[i] < start) i++;
    this.#next = i;
    return i < this.#count && this.#starts[i] === start && this.#ends[i] === end ? i : -1;
  }

  /** Reads the head of a record and the end of its value. */
  #readRecord(record: number): number {
    if (record === 0) return 0;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const words = this.#arena.words[chunk];
    const valueAt = (at << 2) + HEADER_BYTES + words[at + 2];
    if ((words[at] & TYPE_MASK) !== TYPE_STRING) {
      return this.#readCollection(this.#arena.views[chunk].getInt32(valueAt, true));
    }
    return this.#arena.bytes[chunk][valueAt + words[at + 3] - 1];
  }

  /** Reads the beginning of a collection: of a small one, all. */
  #readCollection(root: number): number {
    const words = this.#arena.words[root >>> CHUNK_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    const end = Math.min(at + COLLECTION_LINES * LINE_WORDS, words.length);
    let seen = 0;
    for (let i = at; i < end; i += LINE_WORDS) seen ^= words[i];
    return seen;
  }
}
