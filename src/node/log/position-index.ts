/**
 * Where entries are in the segment files, sparsely: a point at the first entry of a segment, at the
 * first after a truncation, and else once per SPACING_BYTES of log. From a point up to the index of the
 * next one, entries follow each other in the file in order. So memory is 40 bytes per 16 KiB of log.
 */
import { invariant } from '#base/invariant.ts';

const SPACING_BYTES = 16 * 1024;
const FIELDS = 5;

/** Where an entry's record is. */
export interface Position {
  readonly index: number;
  /** Of the segment. */
  readonly ordinal: number;
  /** Of the record, in bytes from the start of the file. */
  readonly recordAt: number;
  /** Where the batch around it begins. */
  readonly batchAt: number;
  /** Where the records of that batch end. */
  readonly batchEnd: number;
}

export class PositionIndex {
  #fields = new Float64Array(64 * FIELDS);
  #count = 0;
  #forced = true;

  /** Notes that the entry `index`, the newest so far, is at this place. */
  append(
    index: number,
    ordinal: number,
    recordAt: number,
    batchAt: number,
    batchEnd: number,
  ): void {
    if (!this.#forced) {
      const last = (this.#count - 1) * FIELDS;
      const sameSegment = this.#fields[last + 1] === ordinal;
      if (sameSegment && recordAt - this.#fields[last + 2] < SPACING_BYTES) return;
    }
    const at = this.#count * FIELDS;
    if (at === this.#fields.length) {
      const grown = new Float64Array(this.#fields.length * 2);
      grown.set(this.#fields);
      this.#fields = grown;
    }
    this.#fields[at] = index;
    this.#fields[at + 1] = ordinal;
    this.#fields[at + 2] = recordAt;
    this.#fields[at + 3] = batchAt;
    this.#fields[at + 4] = batchEnd;
    this.#count++;
    this.#forced = false;
  }

  /** Forgets entries with index >= from; the next one appended gets a point of its own. */
  truncate(from: number): void {
    while (this.#count > 0 && this.#fields[(this.#count - 1) * FIELDS] >= from) this.#count--;
    this.#forced = true;
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
    this.#forced = true;
  }

  /** Forgets the points in segments before `ordinal`. */
  dropSegments(ordinal: number): void {
    let first = 0;
    while (first < this.#count && this.#fields[first * FIELDS + 1] < ordinal) first++;
    this.#fields.copyWithin(0, first * FIELDS, this.#count * FIELDS);
    this.#count -= first;
    if (this.#count === 0) this.#forced = true;
  }

  /** Ordinal of the segment with the entry `index`, which exists. */
  ordinalOf(index: number): number {
    return this.#fields[this.find(index) * FIELDS + 1];
  }

  /** Number of the last point at or before `index`; the point exists. */
  find(index: number): number {
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#fields[middle * FIELDS] <= index) low = middle;
      else high = middle - 1;
    }
    invariant(this.#count > 0 && this.#fields[low * FIELDS] <= index, 'the entry is in the log');
    return low;
  }

  /** The point with this number, or null when there are fewer. */
  point(number: number): Position | null {
    if (number >= this.#count) return null;
    const at = number * FIELDS;
    return {
      index: this.#fields[at],
      ordinal: this.#fields[at + 1],
      recordAt: this.#fields[at + 2],
      batchAt: this.#fields[at + 3],
      batchEnd: this.#fields[at + 4],
    };
  }
}
