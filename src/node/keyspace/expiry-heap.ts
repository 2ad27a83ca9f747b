/**
 * When keys end: a heap of (time, record) with four children a node, so that what is due next is at its top and
 * nothing has to be looked for. Each record knows its place (word 1), so its time can be read and changed.
 *
 * Pages of typed arrays: growing copies nothing. Invariants: no node is later than its children; word 1 of the
 * record at place p is p + 1.
 */
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';

const PAGE_SHIFT = 14;
const PAGE_ENTRIES = 1 << PAGE_SHIFT;
const PAGE_MASK = PAGE_ENTRIES - 1;
const PAGE_BYTES = PAGE_ENTRIES * 12;

export class ExpiryHeap {
  size = 0;
  /**
   * Whether its index is in use, or was flushed and may come back (an undo), or is only to be freed: its records
   * go then without being taken out.
   */
  use: 'live' | 'kept' | 'dead' = 'live';
  readonly #words: readonly Int32Array[];
  #times: Float64Array[] = [];
  #records: Int32Array[] = [];

  constructor(arena: Arena) {
    this.#words = arena.words;
  }

  get memoryBytes(): number {
    return this.#times.length * PAGE_BYTES;
  }

  /** The time at a place, in milliseconds since the Unix epoch. */
  timeAt(place: number): number {
    return this.#times[place >>> PAGE_SHIFT][place & PAGE_MASK];
  }

  recordAt(place: number): number {
    return this.#records[place >>> PAGE_SHIFT][place & PAGE_MASK];
  }

  /** The record at `place` has been moved in the arena; it says the place itself already. */
  moved(place: number, record: number): void {
    this.#records[place >>> PAGE_SHIFT][place & PAGE_MASK] = record;
  }

  /** Adds a record that has no expiry. */
  insert(record: number, time: number): void {
    const place = this.size++;
    if (place >>> PAGE_SHIFT === this.#times.length) {
      this.#times.push(new Float64Array(PAGE_ENTRIES));
      this.#records.push(new Int32Array(PAGE_ENTRIES));
    }
    this.#up(place, record, time);
  }

  /** Changes the time at a place. */
  change(place: number, time: number): void {
    const record = this.recordAt(place);
    if (time < this.timeAt(place)) this.#up(place, record, time);
    else this.#down(place, record, time);
  }

  /** Takes the record at a place out; it has no expiry then. */
  remove(place: number): void {
    this.#setPlace(this.recordAt(place), 0);
    const last = --this.size;
    if (place !== last) {
      const record = this.recordAt(last);
      const time = this.timeAt(last);
      if (time < this.timeAt(place)) this.#up(place, record, time);
      else this.#down(place, record, time);
    }
    // one page is kept in reserve, so that going to and fro over the edge of a page costs nothing
    const pages = ((last + PAGE_MASK) >>> PAGE_SHIFT) + 1;
    if (this.#times.length > pages) {
      this.#times.length = pages;
      this.#records.length = pages;
    }
  }

  #up(from: number, record: number, time: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 2;
      const parentTime = this.timeAt(parent);
      if (parentTime <= time) break;
      this.#put(place, this.recordAt(parent), parentTime);
      place = parent;
    }
    this.#put(place, record, time);
  }

  #down(from: number, record: number, time: number): void {
    const { size } = this;
    let place = from;
    for (;;) {
      const first = place * 4 + 1;
      if (first >= size) break;
      const end = first + 4 < size ? first + 4 : size;
      let least = first;
      let leastTime = this.timeAt(first);
      for (let child = first + 1; child < end; child++) {
        const childTime = this.timeAt(child);
        if (childTime < leastTime) {
          least = child;
          leastTime = childTime;
        }
      }
      if (leastTime >= time) break;
      this.#put(place, this.recordAt(least), leastTime);
      place = least;
    }
    this.#put(place, record, time);
  }

  #put(place: number, record: number, time: number): void {
    const page = place >>> PAGE_SHIFT;
    const at = place & PAGE_MASK;
    this.#times[page][at] = time;
    this.#records[page][at] = record;
    this.#setPlace(record, place + 1);
  }

  #setPlace(record: number, value: number): void {
    this.#words[record >>> CHUNK_SHIFT][((record & UNIT_MASK) << 1) + 1] = value;
  }
}
