/**
 * A table from byte strings to entries by extendible hashing: a directory, indexed by the first bits of the
 * hash, of segments of at most 1024 slots. A full segment splits alone, so nothing ever stops for a rehash of
 * the whole, and a walk in the order of hashes keeps its place while the table grows.
 *
 * Invariants: an entry stands in the segment that the first `depth` bits of its hash select, at or after its
 * home slot with no gap between (linear probing, deletion shifts back); the directory has a power of two of
 * places, and a segment of depth d fills 2^(directory depth - d) neighbouring ones.
 */
import { equalBytes } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import type { Prng } from '#base/prng.ts';

export interface TableEntry {
  readonly key: Uint8Array;
  /** The hash of `key`, a signed 32-bit integer; where hashes are ordered, they count as unsigned. */
  readonly hash: number;
}

const FIRST_SLOTS = 8;
const MOST_SLOTS = 1024;
/** Segments of this depth grow instead of splitting, so that the directory stays below 2^20 places. */
const MOST_DEPTH = 20;
/** A walk step looks at no more than this many segments without entries. */
const MOST_EMPTY_SEGMENTS = 64;

class Segment<E extends TableEntry> {
  entries: (E | undefined)[];
  /** The entries' hashes: compared before an entry is touched. */
  hashes: Int32Array;
  count = 0;
  readonly depth: number;

  constructor(depth: number, slots: number) {
    this.depth = depth;
    this.entries = Array.from({ length: slots });
    this.hashes = new Int32Array(slots);
  }

  get full(): boolean {
    return this.count >= this.entries.length - (this.entries.length >> 2);
  }

  add(entry: E): void {
    const mask = this.entries.length - 1;
    let slot = entry.hash & mask;
    while (this.entries[slot] !== undefined) slot = (slot + 1) & mask;
    this.entries[slot] = entry;
    this.hashes[slot] = entry.hash;
    this.count++;
  }

  grow(): void {
    const old = this.entries;
    this.entries = Array.from({ length: old.length * 2 });
    this.hashes = new Int32Array(old.length * 2);
    this.count = 0;
    for (const entry of old) if (entry !== undefined) this.add(entry);
  }

  /** Removes the entry in `slot`; those after it move back so that no probe meets a gap. */
  removeAt(slot: number): void {
    const mask = this.entries.length - 1;
    let gap = slot;
    for (let at = (slot + 1) & mask; this.entries[at] !== undefined; at = (at + 1) & mask) {
      const home = this.hashes[at] & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.entries[gap] = this.entries[at];
      this.hashes[gap] = this.hashes[at];
      gap = at;
    }
    this.entries[gap] = undefined;
    this.count--;
  }
}

/** Where an entry stands in a walk. */
function order(entry: TableEntry): number {
  return entry.hash >>> 0;
}

export class ByteTable<E extends TableEntry> {
  size = 0;
  #depth = 0;
  #directory: Segment<E>[] = [new Segment<E>(0, FIRST_SLOTS)];

  /** The entry whose key is bytes[start, end); `hash` is its hash. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): E | undefined {
    const { entries, hashes } = this.#segment(hash);
    const mask = entries.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = entries[slot];
      if (entry === undefined) return undefined;
      if (hashes[slot] !== hash) continue;
      if (equalBytes(entry.key, 0, entry.key.length, bytes, start, end)) return entry;
    }
  }

  /** Adds an entry whose key is not there. */
  insert(entry: E): void {
    let segment = this.#segment(entry.hash);
    while (segment.full) {
      if (segment.entries.length < MOST_SLOTS || segment.depth >= MOST_DEPTH) segment.grow();
      else this.#split(entry.hash);
      segment = this.#segment(entry.hash);
    }
    segment.add(entry);
    this.size++;
  }

  /** Removes an entry that is there. */
  remove(entry: E): void {
    const segment = this.#segment(entry.hash);
    const mask = segment.entries.length - 1;
    let slot = entry.hash & mask;
    while (segment.entries[slot] !== entry) {
      invariant(segment.entries[slot] !== undefined, 'an entry that is removed is in the table');
      slot = (slot + 1) & mask;
    }
    segment.removeAt(slot);
    this.size--;
    if (this.size === 0) this.clear();
  }

  clear(): void {
    this.size = 0;
    this.#depth = 0;
    this.#directory = [new Segment<E>(0, FIRST_SLOTS)];
  }

  /** Every entry once, in no order. The table must not change meanwhile. */
  *[Symbol.iterator](): Generator<E> {
    for (let place = 0; place < this.#directory.length; ) {
      const segment = this.#directory[place];
      for (const entry of segment.entries) if (entry !== undefined) yield entry;
      place += 2 ** (this.#depth - segment.depth);
    }
  }

  /**
   * One step of a walk in the order of hashes: appends about `count` entries to `out` (more when hashes are
   * equal) and returns the cursor to go on with, 0 when the walk is over; it starts with 0. What stays in the
   * table during a whole walk is given exactly once, however the table grows and shrinks meanwhile.
   */
  scan(cursor: number, count: number, out: E[]): number {
    let from = cursor;
    let left = count;
    let segmentsLeft = MOST_EMPTY_SEGMENTS;
    for (;;) {
      const segment = this.#segment(from);
      const found = segment.entries.filter((e): e is E => e !== undefined && order(e) >= from);
      found.sort((a, b) => order(a) - order(b));
      for (let i = 0; i < found.length; i++) {
        if (left <= 0 && found[i].hash !== found[i - 1]?.hash) return order(found[i]);
        out.push(found[i]);
        left--;
      }
      if (found.length === 0) segmentsLeft--;
      const span = 2 ** (32 - segment.depth);
      from = (Math.floor(from / span) + 1) * span;
      if (from >= 2 ** 32) return 0;
      if (left <= 0 || segmentsLeft <= 0) return from;
    }
  }

  /** Some entry, nearly uniformly; undefined when there is none. */
  random(random: Prng): E | undefined {
    if (this.size === 0) return undefined;
    for (let attempt = 0; attempt < 128; attempt++) {
      const { entries, count } = this.#directory[random.below(this.#directory.length)];
      if (count === 0) continue;
      const entry = entries[random.below(entries.length)];
      if (entry !== undefined) return entry;
    }
    // nearly empty: walk on from somewhere
    const out: E[] = [];
    this.scan(random.uint32(), 1, out);
    if (out.length === 0) for (let next = 0; out.length === 0; ) next = this.scan(next, 1, out);
    return out[0];
  }

  #segment(hash: number): Segment<E> {
    return this.#directory[this.#depth === 0 ? 0 : hash >>> (32 - this.#depth)];
  }

  #split(hash: number): void {
    const old = this.#segment(hash);
    if (old.depth === this.#depth) {
      const wider: Segment<E>[] = [];
      for (const segment of this.#directory) wider.push(segment, segment);
      this.#directory = wider;
      this.#depth++;
    }
    const depth = old.depth + 1;
    const low = new Segment<E>(depth, MOST_SLOTS);
    const high = new Segment<E>(depth, MOST_SLOTS);
    for (const entry of old.entries) {
      if (entry === undefined) continue;
      ((entry.hash >>> (32 - depth)) & 1 ? high : low).add(entry);
    }
    const places = 2 ** (this.#depth - old.depth);
    const first = Math.floor((hash >>> (32 - this.#depth)) / places) * places;
    for (let i = 0; i < places; i++) this.#directory[first + i] = i < places / 2 ? low : high;
  }
}
