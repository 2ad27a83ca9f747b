/**
 * The large values that a walk is handing out: they are not handed out in one go, but in slices, and what is about to
 * change in them, and has not been handed out, is handed out first, element by element. So neither a step of the walk
 * nor a change costs more because a value is large; only a single element that is large costs what it costs.
 *
 * A hash, set or sorted set is passed over as table.ts has it: each entry has a mark. Of a list the stretches are kept
 * that are still to be handed out (list-regions.ts), of a string its chunks. What is deleted meanwhile, or replaced
 * whole, is freed when it has been handed out.
 *
 * When a walk is abandoned, a pass over a table must still come to its end, without a visitor, so that all its entries
 * are marked alike: `slice` goes on with it, whoever calls that.
 *
 * Invariants: a value is here from when the walk has come to its key until all of it has been handed out; it is known
 * by the root of its collection, or by its record if it is a string, which is not freed, nor moved unnoticed, before.
 */
import { invariant } from '#base/invariant.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { type DigestPlace, newPlace } from './content-digest.ts';
import { ListRegions, type Stretch } from './list-regions.ts';
import {
  CHUNK_BYTES,
  HEADER_BYTES,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STRING,
} from './record.ts';
import type { RecordReader } from './record-reader.ts';
import type { Store } from './store.ts';
import type { LargeValue, WalkVisitor } from './walk-visitor.ts';

/** So many bytes cost about as much as a record or an element more. */
export const BYTES_PER_UNIT = 512;
/** With an element of a list that is about to change go neighbours that cost this, which will probably change next. */
const LIST_AHEAD = 64;
const MOST_FIELDS_AT_ONCE = 256;

class OpenValue implements LargeValue {
  readonly number: number;
  readonly type: number;
  readonly size: number;
  readonly place: DigestPlace = newPlace();
  /** The root of the collection, the record of a string. */
  address: number;
  /** Elements, or chunks, that have not been handed out. */
  left: number;
  /** What handing out the others has cost, in units. */
  cost = 0;
  /** Everything before has been handed out: a hash, a rank, a chunk. */
  cursor = 0;
  /** Nobody else has it: it is to be freed. */
  dropped = false;
  readonly regions: ListRegions | null;
  /** 1 for each chunk that has been handed out. */
  readonly chunks: Uint8Array | null;

  constructor(number: number, type: number, size: number, address: number) {
    const isString = type === TYPE_STRING;
    const count = isString ? Math.ceil(size / CHUNK_BYTES) : size;
    this.number = number;
    this.type = type;
    this.size = size;
    this.address = address;
    this.left = count;
    this.regions = type === TYPE_LIST ? new ListRegions(size) : null;
    this.chunks = isString ? new Uint8Array(count) : null;
  }
}

export class LargeValues {
  /** Whether there are any: what changes a value asks this first. */
  any = false;
  readonly #store: Store;
  readonly #values = new Map<number, OpenValue>();
  /** Null when the walk was abandoned. */
  #visitor: WalkVisitor | null = null;
  #opened = 0;
  /** The value that a slice is about. */
  #current: OpenValue | null = null;
  readonly #visitField = (): void => {
    if (this.#current !== null) this.#handOutEntry(this.#current);
  };

  constructor(store: Store) {
    this.#store = store;
  }

  /** A walk begins; nothing may be left of the last. */
  beginWalk(visitor: WalkVisitor): void {
    invariant(!this.any, 'a walk begins when the last is over');
    this.#visitor = visitor;
    this.#opened = 0;
  }

  /** The walk has come to this record, whose value is large. */
  open(reader: RecordReader, record: number): void {
    const { type, values, value } = reader;
    const isString = type === TYPE_STRING;
    const address = isString ? record : this.#store.rootOf(record);
    const size = isString ? value.end - value.start : values.size(type, address);
    const opened = new OpenValue(this.#opened++, type, size, address);
    this.#visitor?.begin(reader, opened);
    if (type !== TYPE_STRING && type !== TYPE_LIST) values.beginPass(type, address);
    this.#values.set(address, opened);
    this.any = true;
  }

  /** Hands out elements that cost about `budget`, one or more for each; returns what it cost. */
  slice(budget: number): number {
    let used = 0;
    for (const value of this.#values.values()) {
      const before = value.cost;
      this.#current = value;
      if (value.type === TYPE_STRING) this.#sliceString(value, budget - used);
      else if (value.type === TYPE_LIST) this.#sliceList(value, budget - used);
      else if (value.type === TYPE_HASH || value.type === TYPE_SET) {
        this.#sliceTable(value, budget - used);
      } else {
        this.#sliceSortedSet(value, budget - used);
      }
      this.#current = null;
      // going to a value costs, too
      used += value.cost - before + 1;
      if (value.left === 0) this.#close(value);
      if (used >= budget) break;
    }
    return used;
  }

  /** The walk was abandoned. */
  abandon(): void {
    this.#visitor = null;
    for (const value of this.#values.values()) {
      if (value.dropped || value.type === TYPE_STRING || value.type === TYPE_LIST) {
        this.#close(value);
      }
    }
  }

  /** There are no values any more. */
  forget(): void {
    this.#values.clear();
    this.#visitor = null;
    this.any = false;
  }

  /** Is this the root of a collection, or the record of a string, that is being handed out? */
  holds(address: number): boolean {
    return this.any && this.#values.has(address);
  }

  /** What is at this address is out of use. True: it is freed later, when it has been handed out. */
  takesOver(address: number): boolean {
    if (!this.any) return false;
    const value = this.#values.get(address);
    if (value === undefined) return false;
    if (this.#visitor !== null) {
      value.dropped = true;
      return true;
    }
    this.#remove(value);
    return false;
  }

  /** A record has been moved. */
  recordMoved(old: number, next: number): void {
    if (!this.any) return;
    const value = this.#values.get(old);
    if (value === undefined) return;
    this.#values.delete(old);
    value.address = next;
    this.#values.set(next, value);
  }

  // What is about to change: whoever changes a value says so before, when there is `any`.

  /** The field or member bytes[start, end) of a hash, set or sorted set. */
  beforeElement(root: number, bytes: Uint8Array, start: number, end: number): void {
    const value = this.#values.get(root);
    if (value === undefined) return;
    const { hash, set, sortedSet } = this.#store.reader.values;
    let toHandOut: boolean;
    if (value.type === TYPE_HASH) {
      hash.open(root);
      toHandOut = hash.passField(bytes, start, end);
    } else if (value.type === TYPE_SET) {
      set.open(root);
      toHandOut = set.passMember(bytes, start, end);
    } else {
      sortedSet.open(root);
      toHandOut = sortedSet.passMember(bytes, start, end);
      // if it goes, all after it have a lower rank
      if (value.cursor > 0) value.cursor--;
    }
    if (toHandOut) this.#handOutEntry(value);
    if (value.left === 0) this.#close(value);
  }

  /** The bytes from `start` to `end` of the string of this record. */
  beforeBytes(record: number, start: number, end: number): void {
    const value = this.#values.get(record);
    if (value === undefined) return;
    const to = Math.min(end, value.size);
    for (let index = Math.floor(start / CHUNK_BYTES); index * CHUNK_BYTES < to; index++) {
      this.#handOutChunk(value, index);
    }
    if (value.left === 0) this.#close(value);
  }

  /** An element comes before the one at `index`, or at the end, of a list. */
  beforeInsert(root: number, index: number): void {
    this.#values.get(root)?.regions?.inserted(index);
  }

  /** The element at `index` of a list is replaced. */
  beforeReplace(root: number, index: number): void {
    const value = this.#values.get(root);
    if (value === undefined) return;
    this.#handOutRange(value, index, index + 1);
    if (value.left === 0) this.#close(value);
  }

  /** The elements [index, index + count) of a list are removed. */
  beforeRemove(root: number, index: number, count: number): void {
    const value = this.#values.get(root);
    if (value === undefined) return;
    this.#handOutRange(value, index, index + count);
    value.regions?.removed(index, count);
    if (value.left === 0) this.#close(value);
  }

  /** The list is changed all over: all that is left of it is handed out. */
  beforeAll(root: number): void {
    const value = this.#values.get(root);
    if (value === undefined) return;
    this.#handOutRange(value, 0, Infinity);
    this.#close(value);
  }

  #sliceTable(value: OpenValue, budget: number): void {
    const { hash, set } = this.#store.reader.values;
    const table = value.type === TYPE_HASH ? hash : set;
    table.open(value.address);
    const limit = value.cost + budget;
    while (value.left > 0 && value.cost < limit) {
      const each = (value.cost + 1) / (countOf(value) - value.left + 1);
      const most = Math.min(MOST_FIELDS_AT_ONCE, 1 + Math.floor((limit - value.cost) / each));
      const count = value.cost === 0 ? 1 : most;
      const before = value.cost;
      value.cursor = table.passSlice(value.cursor, count, this.#visitField);
      invariant(value.cursor !== 0 || value.left === 0, 'a pass over a table comes to each entry');
      if (value.cost === before) value.cost++;
    }
  }

  #sliceSortedSet(value: OpenValue, budget: number): void {
    const { sortedSet } = this.#store.reader.values;
    sortedSet.open(value.address);
    const limit = value.cost + budget;
    let more = sortedSet.seek(value.cursor);
    while (more && value.left > 0 && value.cost < limit) {
      if (sortedSet.passHere()) this.#handOutEntry(value);
      else value.cost++;
      value.cursor++;
      more = sortedSet.next();
    }
    invariant(more || value.left === 0, 'a pass over a sorted set comes to each member');
  }

  #sliceList(value: OpenValue, budget: number): void {
    const { regions } = value;
    if (regions === null) return;
    const limit = value.cost + budget;
    while (value.left > 0 && value.cost < limit) {
      const stretch = regions.stretches[0];
      this.#handOutElements(value, stretch, stretch.at, stretch.at + stretch.count, limit);
    }
  }

  #sliceString(value: OpenValue, budget: number): void {
    const limit = value.cost + budget;
    while (value.left > 0 && value.cost < limit) this.#handOutChunk(value, value.cursor++);
  }

  /** What is left of the elements [from, to) of a list. */
  #handOutRange(value: OpenValue, from: number, to: number): void {
    const { regions } = value;
    if (regions === null) return;
    // nothing is known of their size before some have been handed out
    const ahead = Math.floor((LIST_AHEAD * (value.size - value.left)) / (value.cost + 1));
    for (const stretch of regions.stretches.slice()) {
      const end = stretch.at + stretch.count;
      let low = Math.max(from, stretch.at);
      let high = Math.min(to, end);
      if (low >= high) continue;
      if (high === end) low = Math.max(stretch.at, Math.min(low, high - ahead));
      else high = Math.min(end, Math.max(high, low + ahead));
      this.#handOutElements(value, stretch, low, high, Infinity);
    }
  }

  /** Elements [from, to) of a stretch, but no more when the value has cost so much. */
  #handOutElements(
    value: OpenValue,
    stretch: Stretch,
    from: number,
    to: number,
    limit: number,
  ): void {
    const { list } = this.#store.reader.values;
    const { element } = list;
    list.open(value.address);
    let at = from;
    let more = list.seek(from);
    while (at < to && value.cost < limit) {
      invariant(more, 'a list has the elements that are to be handed out');
      this.#visitor?.element(value, stretch.first + at - stretch.at, element);
      this.#count(value, element.end - element.start);
      at++;
      more = list.next();
    }
    value.regions?.handedOut(stretch, from, at);
  }

  #handOutChunk(value: OpenValue, index: number): void {
    const { chunks, address, size } = value;
    if (chunks === null || chunks[index] === 1) return;
    chunks[index] = 1;
    const { words, views } = this.#store.arena;
    const chunk = address >>> CHUNK_SHIFT;
    const at = (address & UNIT_MASK) << 1;
    const valueAt = (at << 2) + HEADER_BYTES + words[chunk][at + 2];
    const start = index * CHUNK_BYTES;
    const end = Math.min(start + CHUNK_BYTES, size);
    this.#visitor?.chunk(value, index, views[chunk], valueAt + start, valueAt + end);
    this.#count(value, end - start);
  }

  /** The field or member that the reader is at. */
  #handOutEntry(value: OpenValue): void {
    const { hash, set, sortedSet } = this.#store.reader.values;
    if (value.type === TYPE_HASH) {
      this.#visitor?.field(value, hash.field, hash.value);
      this.#count(value, hash.field.length + hash.value.length);
    } else if (value.type === TYPE_SET) {
      this.#visitor?.member(value, set.member);
      this.#count(value, set.member.length);
    } else {
      this.#visitor?.scored(value, sortedSet.score, sortedSet.member);
      this.#count(value, sortedSet.member.length);
    }
  }

  #count(value: OpenValue, bytes: number): void {
    value.left--;
    value.cost += 1 + Math.floor(bytes / BYTES_PER_UNIT);
  }

  #close(value: OpenValue): void {
    this.#remove(value);
    if (!value.dropped) return;
    const { discards } = this.#store;
    if (value.type === TYPE_STRING) discards.releaseBlock(value.address);
    else discards.releaseCollection(value.type, value.address);
  }

  #remove(value: OpenValue): void {
    this.#values.delete(value.address);
    this.any = this.#values.size > 0;
  }
}

/** Elements, or chunks, that a value had. */
function countOf(value: OpenValue): number {
  return value.chunks === null ? value.size : value.chunks.length;
}
