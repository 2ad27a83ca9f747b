/**
 * Fills an empty keyspace with whole records, as a snapshot has them: no effect is recorded, nothing becomes a hazard
 * or can be undone, and no clock is asked.
 *
 * Collections are filled element by element after `begin` or `resume`, and `end` leaves them; several may be half
 * filled at a time. Each method that adds something says whether it was not there yet; what answers false has changed
 * nothing, and the caller gives the whole keyspace up (`KeyspaceCore.clear`).
 *
 * Invariant: while a keyspace is loaded nothing else is done with it but that, so records stay where they are. No
 * given bytes lie in the keyspace.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { copyBytes } from '#base/copy.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { EMPTY_LISTPACK_BYTES, listpackEntryBytes } from './encodings.ts';
import {
  HEADER_BYTES,
  LIST_VALUE_BYTES,
  NO_TIME_MASK,
  ROOT_VALUE_BYTES,
  TIME_SHIFT,
  TYPE_LIST,
} from './record.ts';
import type { Store } from './store.ts';

/** What is said of every key. */
export interface RecordHead {
  /** TYPE_STRING and so on. */
  readonly type: number;
  /** How OBJECT ENCODING names it: see record.ts. */
  readonly encoding: number;
  /** Milliseconds since the Unix epoch; 0 when it does not expire. */
  readonly expiresAtMs: number;
  /** Seconds, modulo 2^24. */
  readonly accessedAt24: number;
}

export class Loader {
  readonly #store: Store;
  /** The collection that is filled, and where it is now. */
  #record = 0;
  #type = 0;
  #root = 0;
  #listBytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Adds a string. */
  addString(head: RecordHead, key: ByteRange, value: ByteRange): boolean {
    const length = value.end - value.start;
    const record = this.beginString(head, key, length);
    if (record === 0) return false;
    this.writeString(record, 0, value);
    return true;
  }

  /** Adds a string of `length` bytes that {@link writeString} will write all of; its record, or 0. */
  beginString(head: RecordHead, key: ByteRange, length: number): number {
    return this.#make(head, key, length);
  }

  /** Writes a part of the string of a record. */
  writeString(record: number, offset: number, part: ByteRange): void {
    const { arena } = this.#store;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const to = (at << 2) + HEADER_BYTES + arena.words[chunk][at + 2] + offset;
    copyBytes(arena.views[chunk], to, part.view, part.start, part.end - part.start);
  }

  /** Adds a collection, to be filled next; its record, or 0. It must get an element before the loading is over. */
  begin(head: RecordHead, key: ByteRange): number {
    const store = this.#store;
    const { type } = head;
    const isList = type === TYPE_LIST;
    const record = this.#make(head, key, isList ? LIST_VALUE_BYTES : ROOT_VALUE_BYTES);
    if (record === 0) return 0;
    this.#record = record;
    this.#type = type;
    this.#root = store.values.create(type);
    if (isList) this.#listBytes = EMPTY_LISTPACK_BYTES;
    return record;
  }

  /** The collection of this record is filled next. */
  resume(record: number): void {
    const store = this.#store;
    this.#record = record;
    this.#type = store.typeOf(record);
    this.#root = store.rootOf(record);
    store.record = record;
    if (this.#type === TYPE_LIST) this.#listBytes = store.listBytes;
  }

  /** Leaves the collection that was filled. */
  end(): void {
    const store = this.#store;
    store.setRootOf(this.#record, this.#root);
    store.record = this.#record;
    if (this.#type === TYPE_LIST) store.listBytes = this.#listBytes;
    this.#record = 0;
  }

  addField(field: ByteRange, value: ByteRange): boolean {
    const { hash } = this.#store.values;
    if (hash.seek(this.#root, field.bytes, field.start, field.end)) return false;
    hash.put(field.bytes, field.start, field.end, value.bytes, value.start, value.end);
    this.#root = hash.root;
    return true;
  }

  addMember(member: ByteRange): boolean {
    const { set } = this.#store.values;
    if (!set.add(this.#root, member.bytes, member.start, member.end)) return false;
    this.#root = set.root;
    return true;
  }

  addScored(score: number, member: ByteRange): boolean {
    const { sortedSet } = this.#store.values;
    const { bytes, start, end } = member;
    if (sortedSet.add(this.#root, score, bytes, start, end) !== 'added') return false;
    this.#root = sortedSet.root;
    return true;
  }

  /** Adds an element at the end of a list. */
  addElement(element: ByteRange): void {
    const { list } = this.#store.values;
    const { bytes, start, end } = element;
    list.push(this.#root, false, bytes, start, end);
    this.#root = list.root;
    this.#listBytes += listpackEntryBytes(bytes, start, end);
  }

  /** A record in the index whose value is not written yet; 0 when its key is there already. */
  #make(head: RecordHead, key: ByteRange, valueBytes: number): number {
    const store = this.#store;
    if (store.locate(key.bytes, key.start, key.end) !== 0) return 0;
    const { type, encoding, accessedAt24 } = head;
    const record = store.makeRecord(key.bytes, key.start, key.end, type, encoding, valueBytes, 0);
    const words = store.arena.words[record >>> CHUNK_SHIFT];
    const at = (record & UNIT_MASK) << 1;
    words[at] = (words[at] & NO_TIME_MASK) | (accessedAt24 << TIME_SHIFT);
    store.insert(record);
    store.setExpiry(head.expiresAtMs);
    store.digest.dirty[store.slot] = 1;
    store.forget();
    return record;
  }
}
