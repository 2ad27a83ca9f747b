/**
 * The keys and values themselves: finding, making, replacing and removing records, with all that hangs on a
 * change: expiry, counts, watches, the digest's marks, the running walk, hazards, and what an undo needs. Which
 * effect a change has is written by those who make it: strings.ts and the facets of the collections.
 *
 * A change is about the key located last; `record`, `slot` and `hash` say which, so that finding a key and then
 * changing it looks it up once. Before a record or its collection changes, `#beforeChange` is called.
 *
 * Invariants: a record is in the table of its key's slot; a collection without elements does not exist; what is
 * recorded is noted for undo as long as its batch can be undone.
 */
import { ByteRange } from '#base/byte-range.ts';
import { ByteWriter } from '#base/bytes.ts';
import { copyBytes, sameBytes, viewOf } from '#base/copy.ts';
import { invariant } from '#base/invariant.ts';
import { Arena, CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { Table } from '#node/data/table.ts';
import { Digest } from './digest.ts';
import { Discards } from './discards.ts';
import { EFFECT, EffectWriter } from './effects.ts';
import { defaultLimits, EMPTY_LISTPACK_BYTES } from './encodings.ts';
import { Hazards } from './hazards.ts';
import { LargeValues } from './large-values.ts';
import { LookAhead } from './look-ahead.ts';
import {
  ENCODING_MASK,
  ENCODING_SHIFT,
  EPOCH_SHIFT,
  HEADER_BYTES,
  LIST_VALUE_BYTES,
  NO_TIME_MASK,
  PREFIX_BYTES,
  ROOT_VALUE_BYTES,
  TIME_SHIFT,
  TYPE_LIST,
  TYPE_MASK,
  TYPE_STRING,
} from './record.ts';
import { RecordReader } from './record-reader.ts';
import { SlotIndex } from './slot-index.ts';
import { UndoLog } from './undo-log.ts';
import { Values } from './values.ts';
import { Walk } from './walk.ts';
import type { Watches } from './watches.ts';

/** Keys up to this length that are not there are remembered for a command. */
const MOST_REMEMBERED_BYTES = 64;
/** Share of the index: a slot of eight bytes in tables that are 40 to 80 % full. */
const INDEX_BYTES = 13;
const NONE = new Uint8Array(0);

export class Store {
  readonly arena = new Arena();
  readonly table: Table;
  readonly values: Values;
  /** Reads records apart from where commands stand. */
  readonly reader: RecordReader;
  readonly limits = defaultLimits();
  readonly hazards = new Hazards();
  readonly watches: Watches;
  /** The large values that the running walk is handing out. */
  readonly large = new LargeValues(this);
  readonly discards: Discards;
  readonly undo: UndoLog;
  readonly ahead: LookAhead;
  readonly digest: Digest;
  readonly walk: Walk;
  /** Encoded effects since the shard last took them. */
  readonly effects = new ByteWriter(4096);
  readonly recorder = new EffectWriter(this.effects);
  index: SlotIndex;
  /** Effects are recorded; true on a primary. */
  recording = true;
  /** Changed keys become hazards; no reply waits for one where replies do not wait for commits. */
  notesHazards = true;
  waitIndex = 0;
  nowSeconds = 0;

  // Of the key located last.
  /** 0 when it is not there. */
  record = 0;
  slot = 0;
  hash = 0;
  /** Its encoding, after {@link openForChange}. */
  encoding = 0;
  /** What it was is to be noted for an undo, after {@link openForChange}. */
  keeping = false;

  #openIndex = 1;
  #unitSlot = -1;
  #keyBytes: Uint8Array = NONE;
  #keyStart = 0;
  #keyEnd = 0;
  readonly #due = new ByteRange();
  readonly #absentKey = new DataView(new ArrayBuffer(MOST_REMEMBERED_BYTES));
  readonly #baseBytes: number;

  constructor(hashSeed: readonly [number, number], watches: Watches) {
    const { arena } = this;
    this.watches = watches;
    this.table = new Table(arena, PREFIX_BYTES, hashSeed);
    this.values = new Values(arena, hashSeed);
    this.reader = new RecordReader(arena, hashSeed);
    this.index = new SlotIndex(arena, this.table);
    this.#baseBytes = arena.usedBytes;
    this.discards = new Discards(arena, this.table, this.values, this.large);
    this.undo = new UndoLog(this.discards);
    this.ahead = new LookAhead(arena, this.table);
    this.digest = new Digest(this);
    this.walk = new Walk(this);
  }

  get openIndex(): number {
    return this.#openIndex;
  }

  set openIndex(index: number) {
    this.#openIndex = index;
    this.undo.openBatch(index);
  }

  get memoryBytes(): number {
    const held = this.arena.usedBytes + this.index.heap.memoryBytes;
    const dead = this.discards.deadBytes + this.undo.deadBytes;
    return Math.max(0, held - this.#baseBytes - dead);
  }

  /** A command or unit starts whose keys are all in this slot; -1 when that is not known. */
  beginUnit(slot: number): void {
    this.#unitSlot = slot;
    this.#keyBytes = NONE;
  }

  /** The key located last is not remembered any more: its bytes, or records, have moved. */
  forget(): void {
    this.#keyBytes = NONE;
  }

  // Finding

  /** Goes to the key bytes[start, end), past its time or not; its record, 0 when it is not there. */
  locate(bytes: Uint8Array, start: number, end: number): number {
    if (bytes === this.#keyBytes && start === this.#keyStart && end === this.#keyEnd) {
      if (this.#isSame(bytes, start, end)) return this.record;
    }
    const slot = this.#unitSlot >= 0 ? this.#unitSlot : this.ahead.slotOf(bytes, start, end);
    const hash = this.ahead.hashOf(bytes, start, end);
    const record = this.table.find(this.index.rootOf(slot), bytes, start, end, hash);
    this.slot = slot;
    this.hash = hash;
    this.record = record;
    this.#remember(bytes, start, end);
    return record;
  }

  /** As {@link locate}, for a key that need not be in the slot of the unit. */
  locateAnywhere(bytes: Uint8Array, start: number, end: number): number {
    const unitSlot = this.#unitSlot;
    this.beginUnit(-1);
    const record = this.locate(bytes, start, end);
    this.beginUnit(unitSlot);
    return record;
  }

  /** Goes to a record that is in the index, in the table of this slot. */
  goTo(record: number, slot: number): void {
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const start = (at << 2) + HEADER_BYTES;
    const end = start + this.arena.words[chunk][at + 2];
    this.#keyBytes = NONE;
    this.record = record;
    this.slot = slot;
    this.hash = this.table.hashOf(this.arena.bytes[chunk], start, end);
  }

  /** The root of the collection that the key is; 0 when it is not there. */
  locateRoot(bytes: Uint8Array, start: number, end: number): number {
    const record = this.locate(bytes, start, end);
    return record === 0 ? 0 : this.rootOf(record);
  }

  /** Does the array hold the same key as when it was located? A buffer may have been filled anew. */
  #isSame(bytes: Uint8Array, start: number, end: number): boolean {
    const { record } = this;
    const view = viewOf(bytes);
    if (record === 0) return sameBytes(this.#absentKey, 0, view, start, end - start);
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    if (this.arena.words[chunk][at + 2] !== end - start) return false;
    return sameBytes(this.arena.views[chunk], (at << 2) + HEADER_BYTES, view, start, end - start);
  }

  #remember(bytes: Uint8Array, start: number, end: number): void {
    this.#keyBytes = bytes;
    this.#keyStart = start;
    this.#keyEnd = end;
    if (this.record !== 0) return;
    if (end - start > MOST_REMEMBERED_BYTES) {
      this.#keyBytes = NONE;
      return;
    }
    copyBytes(this.#absentKey, 0, viewOf(bytes), start, end - start);
  }

  // Reading records

  typeOf(record: number): number {
    return this.arena.words[record >>> CHUNK_SHIFT][(record & UNIT_MASK) << 1] & TYPE_MASK;
  }

  /** Milliseconds since the Unix epoch; 0 for never. */
  expiryOf(record: number): number {
    const place = this.arena.words[record >>> CHUNK_SHIFT][((record & UNIT_MASK) << 1) + 1];
    return place === 0 ? 0 : this.index.heap.timeAt(place - 1);
  }

  rootOf(record: number): number {
    return this.arena.views[record >>> CHUNK_SHIFT].getInt32(this.#valueAt(record), true);
  }

  keyOf(record: number, range: ByteRange): void {
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const start = (at << 2) + HEADER_BYTES;
    const end = start + this.arena.words[chunk][at + 2];
    range.set(this.arena.bytes[chunk], this.arena.views[chunk], start, end);
  }

  /** Of the list located last: how long its listpack would be. */
  get listBytes(): number {
    const { record } = this;
    return this.arena.views[record >>> CHUNK_SHIFT].getInt32(this.#valueAt(record) + 4, true);
  }

  set listBytes(bytes: number) {
    const { record } = this;
    this.arena.views[record >>> CHUNK_SHIFT].setInt32(this.#valueAt(record) + 4, bytes, true);
  }

  #valueAt(record: number): number {
    const at = (record & UNIT_MASK) << 1;
    return (at << 2) + HEADER_BYTES + this.arena.words[record >>> CHUNK_SHIFT][at + 2];
  }

  // Changing collections

  /** Goes to the key, making it of this type when it is not there, to change it; the root of its collection. */
  openForChange(key: Uint8Array, start: number, end: number, type: number): number {
    const record = this.locate(key, start, end);
    if (record === 0) return this.#makeCollection(key, start, end, type);
    this.beforeChange();
    invariant(this.typeOf(record) === type, 'a change fits the type of its key');
    return this.rootOf(record);
  }

  /** The record located last is about to be changed. */
  beforeChange(): void {
    const { record } = this;
    const head = this.arena.words[record >>> CHUNK_SHIFT][(record & UNIT_MASK) << 1];
    this.encoding = (head >>> ENCODING_SHIFT) & ENCODING_MASK;
    this.keeping = this.recording && this.undo.possible;
    this.undo.encoding = this.encoding;
    if (this.walk.active) this.walk.beforeChange(record);
  }

  /** The collection of the record located last was changed and is at `root`. As {@link changedKey}. */
  changed(root: number): boolean {
    const { record } = this;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const words = this.arena.words[chunk];
    const valueAt = (at << 2) + HEADER_BYTES + words[at + 2];
    this.arena.views[chunk].setInt32(valueAt, root, true);
    words[at] = (words[at] & NO_TIME_MASK) | (this.nowSeconds << TIME_SHIFT);
    return this.changedKey();
  }

  /** The collection of the record located last is at `root`. */
  setRoot(root: number): void {
    this.setRootOf(this.record, root);
  }

  setRootOf(record: number, root: number): void {
    this.arena.views[record >>> CHUNK_SHIFT].setInt32(this.#valueAt(record), root, true);
  }

  setEncoding(encoding: number): void {
    if (encoding === this.encoding) return;
    const words = this.arena.words[this.record >>> CHUNK_SHIFT];
    const at = (this.record & UNIT_MASK) << 1;
    words[at] = (words[at] & ~(ENCODING_MASK << ENCODING_SHIFT)) | (encoding << ENCODING_SHIFT);
    this.encoding = encoding;
  }

  #makeCollection(key: Uint8Array, start: number, end: number, type: number): number {
    const root = this.values.create(type);
    const valueBytes = type === TYPE_LIST ? LIST_VALUE_BYTES : ROOT_VALUE_BYTES;
    const record = this.makeRecord(key, start, end, type, 0, valueBytes, 0);
    this.insert(record);
    this.setRoot(root);
    if (type === TYPE_LIST) this.listBytes = EMPTY_LISTPACK_BYTES;
    this.keepAbsence(key, start, end);
    this.encoding = 0;
    this.keeping = false;
    return root;
  }

  // Changing records

  /** A record in no index, without expiry, whose value is not written yet; at least `room` bytes for that. */
  makeRecord(
    key: Uint8Array,
    start: number,
    end: number,
    type: number,
    encoding: number,
    valueLength: number,
    room: number,
  ): number {
    const keyLength = end - start;
    const most = room > valueLength ? room : valueLength;
    const record = this.arena.alloc(HEADER_BYTES + keyLength + most);
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const words = this.arena.words[chunk];
    words[at] =
      type |
      (encoding << ENCODING_SHIFT) |
      (this.walk.epoch << EPOCH_SHIFT) |
      (this.nowSeconds << TIME_SHIFT);
    words[at + 1] = 0;
    words[at + 2] = keyLength;
    words[at + 3] = valueLength;
    const to = (at << 2) + HEADER_BYTES;
    copyBytes(this.arena.views[chunk], to, viewOf(key), start, keyLength);
    return record;
  }

  /** Puts a record into the index under the key located last, which is not there. */
  insert(record: number): void {
    const { index, slot } = this;
    this.table.insert(index.rootOf(slot), this.hash, record);
    index.counts[slot]++;
    index.size++;
    this.record = record;
  }

  /** Puts a record in the place of the one located last; the expiry goes on. */
  replace(record: number): void {
    const old = this.record;
    this.table.replace(this.index.rootOf(this.slot), this.hash, old, record);
    const words = this.arena.words[old >>> CHUNK_SHIFT];
    const at = ((old & UNIT_MASK) << 1) + 1;
    const place = words[at];
    if (place !== 0) {
      words[at] = 0;
      this.arena.words[record >>> CHUNK_SHIFT][((record & UNIT_MASK) << 1) + 1] = place;
      this.index.heap.moved(place - 1, record);
    }
    this.record = record;
  }

  /** Gives the record located last an expiry, in milliseconds since the Unix epoch; 0 for never. */
  setExpiry(expiresAtMs: number): void {
    const { index, record, slot } = this;
    const place = this.arena.words[record >>> CHUNK_SHIFT][((record & UNIT_MASK) << 1) + 1];
    if (place === 0) {
      if (expiresAtMs === 0) return;
      index.heap.insert(record, expiresAtMs);
      index.expiring[slot]++;
      index.expiringCount++;
    } else if (expiresAtMs === 0) {
      index.heap.remove(place - 1);
      index.expiring[slot]--;
      index.expiringCount--;
    } else {
      index.heap.change(place - 1, expiresAtMs);
    }
  }

  /** Removes the key located last, which is there. True when the effect is to be recorded. */
  removeLocated(expired = false): boolean {
    this.beforeChange();
    // watchers of a key that had died already do not count that as a change
    if (this.watches.any && !expired) this.#tellWatches();
    const expiresAtMs = this.expiryOf(this.record);
    const record = this.takeOut();
    if (this.keeping) this.undo.keepRecord(record, expiresAtMs);
    else this.discards.releaseRecord(record);
    return this.note();
  }

  /** Puts back a record that was taken out, with this expiry, in the place of what has its key now. */
  restore(record: number, expiresAtMs: number): void {
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const start = (at << 2) + HEADER_BYTES;
    const end = start + this.arena.words[chunk][at + 2];
    if (this.locate(this.arena.bytes[chunk], start, end) !== 0) this.removeLocated();
    this.insert(record);
    this.setExpiry(expiresAtMs);
    this.forget();
    this.changedKey();
  }

  /** Takes the record located last out of index and heap; the key is not there any more. */
  takeOut(): number {
    const { index, record, slot } = this;
    this.setExpiry(0);
    this.table.remove(index.rootOf(slot), this.hash, record);
    index.counts[slot]--;
    index.size--;
    this.digest.dirty[slot] = 1;
    this.record = 0;
    this.#keyBytes = NONE;
    return record;
  }

  /** The key located last, which is there, has been changed. True when the effect is to be recorded. */
  changedKey(): boolean {
    this.digest.dirty[this.slot] = 1;
    if (this.watches.any) this.#tellWatches();
    return this.note();
  }

  /** The key located last has an effect: makes it a hazard. True when the effect is to be recorded. */
  note(): boolean {
    if (!this.recording) return false;
    if (this.notesHazards) this.hazards.raise(this.hash, this.#openIndex);
    this.waitIndex = this.#openIndex;
    return true;
  }

  /** Notes for an undo that the key was not there before. */
  keepAbsence(key: Uint8Array, start: number, end: number): void {
    if (!this.recording || !this.undo.possible) return;
    this.undo.encoding = 0;
    this.undo.begin(EFFECT.delete, key, start, end);
    this.undo.end();
  }

  /** Goes to the next key that is past its time; `record` is 0 if it is of a slot that was dropped. */
  goToDue(nowMs: number): boolean {
    const { heap } = this.index;
    if (heap.size === 0 || heap.timeAt(0) >= nowMs) return false;
    const record = heap.recordAt(0);
    this.keyOf(record, this.#due);
    this.beginUnit(-1);
    if (this.locate(this.#due.bytes, this.#due.start, this.#due.end) === record) return true;
    if (this.walk.active) this.walk.beforeChange(record);
    heap.remove(0);
    this.record = 0;
    this.forget();
    return true;
  }

  /** Records an effect whose only operand is the key of the record located last. */
  recordKey(op: number): void {
    this.keyOf(this.record, this.#due);
    this.recorder.begin(op, this.#due.bytes, this.#due.start, this.#due.end);
  }

  /** Bytes that a record takes, with its value and its share of the index. */
  memoryOf(record: number): number {
    const own = this.arena.capacity(record) + INDEX_BYTES;
    const type = this.typeOf(record);
    return type === TYPE_STRING ? own : own + this.values.memoryBytes(type, this.rootOf(record));
  }

  /** Forgets all keys and what was kept of them. */
  clear(): void {
    this.walk.forget();
    this.undo.forget();
    this.startAnew();
    this.digest.forget();
    this.hazards.clear();
    this.effects.clear();
    this.waitIndex = 0;
    this.forget();
  }

  /** Nothing in the arena is in use but an empty index: all memory is given back. */
  startAnew(): void {
    this.discards.clear();
    this.large.forget();
    this.arena.clear();
    this.index = new SlotIndex(this.arena, this.table);
  }

  #tellWatches(): void {
    const { record } = this;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const start = (at << 2) + HEADER_BYTES;
    const end = start + this.arena.words[chunk][at + 2];
    this.watches.changed(this.arena.bytes[chunk], start, end);
  }
}
