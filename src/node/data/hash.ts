/**
 * The value of a hash key: fields to values, in the order in which the fields were first set.
 *
 * Read by position: `find`, `first`, `next`, `scan` and `random` set the ranges below to a field; they are
 * valid until the hash changes. So a representation outside of the JS heap can stand behind the same calls.
 *
 * Up to 16 fields are only a list, searched by hash; a table is made when there are more, and kept.
 *
 * `packed` is what OBJECT ENCODING calls listpack. It says what a Redis would have chosen, not how the fields
 * are stored, and once false stays false, as there.
 */
import { equalBytes } from '#base/bytes.ts';
import type { Prng } from '#base/prng.ts';
import { ByteTable, type TableEntry } from './byte-table.ts';
import { halfSipHash } from './half-sip-hash.ts';

const NONE = new Uint8Array(0);

/** Up to this many fields are searched one by one. */
const MOST_LISTED = 16;

/** What a field costs besides its bytes, in bytes: an estimate of what V8 takes for it. */
export const FIELD_OVERHEAD_BYTES = 256;

/** Above these a hash is no longer `packed` (hash-max-listpack-entries, hash-max-listpack-value). */
export interface PackedLimits {
  entries: number;
  valueBytes: number;
}

/** A hash as commands may see it: they change it by the keyspace, which records the change. */
export type HashReader = Omit<HashValue, 'set' | 'delete' | 'copy'>;

class HashEntry implements TableEntry {
  readonly key: Uint8Array;
  readonly hash: number;
  value: Uint8Array;
  previous: HashEntry | null = null;
  next: HashEntry | null = null;

  constructor(key: Uint8Array, hash: number, value: Uint8Array) {
    this.key = key;
    this.hash = hash;
    this.value = value;
  }
}

export class HashValue {
  packed = true;
  /** Bytes that the fields take, overhead included. */
  memoryBytes = 0;
  fieldBytes: Uint8Array = NONE;
  fieldStart = 0;
  fieldEnd = 0;
  valueBytes: Uint8Array = NONE;
  valueStart = 0;
  valueEnd = 0;

  size = 0;
  #table: ByteTable<HashEntry> | null = null;
  #first: HashEntry | null = null;
  #last: HashEntry | null = null;
  /** The entry that `first` or `next` went to. */
  #at: HashEntry | null = null;
  readonly #key0: number;
  readonly #key1: number;

  constructor(hashSeed: readonly [number, number]) {
    [this.#key0, this.#key1] = hashSeed;
  }

  /** Goes to the field bytes[start, end); false when it is not there. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    const hash = halfSipHash(bytes, start, end, this.#key0, this.#key1);
    return this.#show(this.#entry(bytes, start, end, hash));
  }

  /** Goes to the oldest field; false when there is none. */
  first(): boolean {
    this.#at = this.#first;
    return this.#show(this.#at);
  }

  /** Goes to the field after the one that `first` or `next` went to. */
  next(): boolean {
    this.#at = this.#at === null ? null : this.#at.next;
    return this.#show(this.#at);
  }

  /** Goes to some field; false when there is none. */
  random(random: Prng): boolean {
    if (this.#table !== null) return this.#show(this.#table.random(random) ?? null);
    let entry = this.#first;
    for (let left = entry === null ? 0 : random.below(this.size); left > 0; left--) {
      entry = entry?.next ?? null;
    }
    return this.#show(entry);
  }

  /** A step of a walk as {@link ByteTable.scan}: goes to each field in turn and calls `visit`. */
  scan(cursor: number, count: number, visit: () => void): number {
    const out: HashEntry[] = [];
    this.#table ??= this.#makeTable();
    const next = this.#table.scan(cursor, count, out);
    for (const entry of out) {
      this.#show(entry);
      visit();
    }
    return next;
  }

  /** Sets field[fieldStart, fieldEnd) to value[valueStart, valueEnd); true when the field is new. */
  set(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    limits: PackedLimits,
  ): boolean {
    const fieldLength = fieldEnd - fieldStart;
    const valueLength = valueEnd - valueStart;
    if (fieldLength > limits.valueBytes || valueLength > limits.valueBytes) this.packed = false;
    const hash = halfSipHash(field, fieldStart, fieldEnd, this.#key0, this.#key1);
    const old = this.#entry(field, fieldStart, fieldEnd, hash);
    if (old !== null) {
      this.memoryBytes += valueLength - old.value.length;
      old.value = value.slice(valueStart, valueEnd);
      return false;
    }
    const key = field.slice(fieldStart, fieldEnd);
    const entry = new HashEntry(key, hash, value.slice(valueStart, valueEnd));
    entry.previous = this.#last;
    if (this.#last === null) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#table?.insert(entry);
    if (++this.size > MOST_LISTED) this.#table ??= this.#makeTable();
    this.memoryBytes += FIELD_OVERHEAD_BYTES + fieldLength + valueLength;
    if (this.size > limits.entries) this.packed = false;
    return true;
  }

  /** Removes the field bytes[start, end); false when it is not there. */
  delete(bytes: Uint8Array, start: number, end: number): boolean {
    const hash = halfSipHash(bytes, start, end, this.#key0, this.#key1);
    const entry = this.#entry(bytes, start, end, hash);
    if (entry === null) return false;
    if (entry.previous === null) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === null) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    if (this.#at === entry) this.#at = entry.previous;
    this.#table?.remove(entry);
    this.size--;
    this.memoryBytes -= FIELD_OVERHEAD_BYTES + entry.key.length + entry.value.length;
    return true;
  }

  /** An equal hash that shares nothing with this one. */
  copy(): HashValue {
    const copy = new HashValue([this.#key0, this.#key1]);
    const limits = { entries: Infinity, valueBytes: Infinity };
    for (let e = this.#first; e !== null; e = e.next) {
      copy.set(e.key, 0, e.key.length, e.value, 0, e.value.length, limits);
    }
    copy.packed = this.packed;
    return copy;
  }

  #entry(bytes: Uint8Array, start: number, end: number, hash: number): HashEntry | null {
    if (this.#table !== null) return this.#table.find(bytes, start, end, hash) ?? null;
    let entry = this.#first;
    for (; entry !== null; entry = entry.next) {
      if (entry.hash !== hash) continue;
      if (equalBytes(entry.key, 0, entry.key.length, bytes, start, end)) break;
    }
    return entry;
  }

  #makeTable(): ByteTable<HashEntry> {
    const table = new ByteTable<HashEntry>();
    for (let entry = this.#first; entry !== null; entry = entry.next) table.insert(entry);
    return table;
  }

  #show(entry: HashEntry | null): boolean {
    if (entry === null) return false;
    this.fieldBytes = entry.key;
    this.fieldStart = 0;
    this.fieldEnd = entry.key.length;
    this.valueBytes = entry.value;
    this.valueStart = 0;
    this.valueEnd = entry.value.length;
    return true;
  }
}
