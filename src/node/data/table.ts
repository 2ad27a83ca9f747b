/**
 * A table from byte strings to entries in the arena, by extendible hashing with a keyed hash: nobody who does not
 * know the seed can choose keys that collide. An entry is a block
 *
 *     [prefixBytes of the owner's][key length u32][value length u32][key][value]
 *
 * A table is named by its root: 16 bytes in the arena, maybe inside a larger block, which never move by
 * themselves. Walks go in the order of hashes, taken as unsigned; a cursor is a hash, everything below it has been
 * passed, and so a walk gives what stays in the table exactly once however the table grows and shrinks meanwhile.
 * One Table serves all tables that share a layout. See table-segments.ts for the slots.
 *
 * A pass visits each entry that a table has at one moment once, while it changes: `beginPass`, then `pass` of each
 * that a walk comes to, and of each that is about to change or go. Every entry has a mark, the last bit of its value
 * length, and the root says (PHASE) which value of it means "passed". Invariant: when no pass is under way, all
 * entries of a table are passed; so are those that come into it during one.
 */
import { copyBytes, sameBytes, viewOf } from '#base/copy.ts';
import type { Prng } from '#base/prng.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import { halfSipHash } from './half-sip-hash.ts';
import { FORM, PHASE, removeSlot, SLOTS_MASK, TableSegments } from './table-segments.ts';

export { ROOT_BYTES, TABLE } from './table-segments.ts';

/** The two lengths. */
const LENGTHS_BYTES = 8;
/** A walk step looks at no more than this many ranges of hashes without entries. */
const MOST_EMPTY_RANGES = 64;
/** Slots are numbered below this, so that hash * 2^21 + slot is an exact integer. */
const SLOT_RANGE = 2 ** 21;
const HASH_RANGE = 2 ** 32;
const SIGN = 1 << 31;
/** The mark of an entry, in the word of its value length. */
const MARK = 1 << 31;
/** Of larger tables, memoryBytes takes the mean of so many entries. */
const SAMPLED_ENTRIES = 512;

/** Sorts the first `count` numbers. */
function sortStart(numbers: Float64Array, count: number): void {
  if (count > 32) {
    numbers.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const number = numbers[i];
    let to = i;
    for (; to > 0 && numbers[to - 1] > number; to--) numbers[to] = numbers[to - 1];
    numbers[to] = number;
  }
}

export class Table {
  readonly prefixBytes: number;
  /** Byte offset of an entry's key. */
  readonly keyOffset: number;
  readonly #arena: Arena;
  readonly #words: readonly Int32Array[];
  readonly #segments: TableSegments;
  readonly #key0: number;
  readonly #key1: number;
  /** hash * 2^21 + slot of the entries of a walk step. */
  #order = new Float64Array(1024);
  #walkRoot = 0;
  #walkPlace = 0;
  #walkSegment = 0;
  #walkSlot = 0;

  constructor(arena: Arena, prefixBytes: 0 | 8, hashSeed: readonly [number, number]) {
    this.prefixBytes = prefixBytes;
    this.keyOffset = prefixBytes + LENGTHS_BYTES;
    this.#arena = arena;
    this.#words = arena.words;
    this.#segments = new TableSegments(arena);
    [this.#key0, this.#key1] = hashSeed;
  }

  /** Makes the 16 bytes at `root` an empty table. */
  initialize(root: number): void {
    this.#segments.initialize(root);
  }

  /** How many entries there are. */
  size(root: number): number {
    return this.#words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1];
  }

  /** The hash of a key, a signed 32-bit integer. */
  hashOf(bytes: Uint8Array, start: number, end: number): number {
    return halfSipHash(bytes, start, end, this.#key0, this.#key1);
  }

  /** The hash of an entry's key. */
  entryHash(entry: number): number {
    const start = ((entry & UNIT_MASK) << 3) + this.keyOffset;
    const bytes = this.#arena.bytes[entry >>> CHUNK_SHIFT];
    return halfSipHash(bytes, start, start + this.keyLength(entry), this.#key0, this.#key1);
  }

  keyLength(entry: number): number {
    return this.#words[entry >>> CHUNK_SHIFT][((entry & UNIT_MASK) << 1) + (this.prefixBytes >> 2)];
  }

  valueLength(entry: number): number {
    const at = ((entry & UNIT_MASK) << 1) + (this.prefixBytes >> 2) + 1;
    return this.#words[entry >>> CHUNK_SHIFT][at] & ~MARK;
  }

  /** After the value of an entry became longer or shorter; the block must have room. */
  setValueLength(entry: number, length: number): void {
    const words = this.#words[entry >>> CHUNK_SHIFT];
    const at = ((entry & UNIT_MASK) << 1) + (this.prefixBytes >> 2) + 1;
    words[at] = (words[at] & MARK) | length;
  }

  /** Bytes of an entry, as it was asked for. */
  entryBytes(entry: number): number {
    return this.keyOffset + this.keyLength(entry) + this.valueLength(entry);
  }

  /** A new entry with the key bytes[start, end), not in any table; its prefix and value are not defined yet. */
  createEntry(bytes: Uint8Array, start: number, end: number, valueLength: number): number {
    const length = end - start;
    const entry = this.#arena.alloc(this.keyOffset + length + valueLength);
    const words = this.#words[entry >>> CHUNK_SHIFT];
    const at = ((entry & UNIT_MASK) << 1) + (this.prefixBytes >> 2);
    words[at] = length;
    words[at + 1] = valueLength;
    const to = ((entry & UNIT_MASK) << 3) + this.keyOffset;
    copyBytes(this.#arena.views[entry >>> CHUNK_SHIFT], to, viewOf(bytes), start, length);
    return entry;
  }

  /** A copy of an entry, not in any table. */
  copyEntry(entry: number): number {
    const next = this.#arena.alloc(this.entryBytes(entry));
    this.#copyBlock(entry, next);
    const at = ((next & UNIT_MASK) << 1) + (this.prefixBytes >> 2) + 1;
    this.#words[next >>> CHUNK_SHIFT][at] &= ~MARK;
    return next;
  }

  /** The entry with the key bytes[start, end), whose hash is `hash`; 0 when there is none. */
  find(root: number, bytes: Uint8Array, start: number, end: number, hash: number): number {
    const segment = this.#segments.find(root, hash);
    if (segment === 0) return 0;
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    const mask = (1 << (words[at + 1] & SLOTS_MASK)) - 1;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = words[at + (slot << 1) + 1];
      if (entry === 0) return 0;
      if (words[at + (slot << 1)] !== hash || slot === 0) continue;
      const chunk = entry >>> CHUNK_SHIFT;
      const unit = entry & UNIT_MASK;
      if (this.#words[chunk][(unit << 1) + (this.prefixBytes >> 2)] !== length) continue;
      const held = this.#arena.views[chunk];
      const from = (unit << 3) + this.keyOffset;
      if (sameBytes(held, from, viewOf(bytes), start, length)) return entry;
    }
  }

  /**
   * `places` holds the roots of `count` tables: puts in their stead what {@link find} will take for the entry of each
   * hash, by that alone; 0 for none. It goes one step for all, then the next, so that their cache misses overlap.
   */
  findAhead(places: Int32Array, hashes: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) places[i] = this.#segments.find(places[i], hashes[i]);
    for (let i = 0; i < count; i++) places[i] = this.#firstOf(places[i], hashes[i]);
  }

  /** The first entry with this hash in a segment; 0 when there is none. */
  #firstOf(segment: number, hash: number): number {
    if (segment === 0) return 0;
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    const mask = (1 << (words[at + 1] & SLOTS_MASK)) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = words[at + (slot << 1) + 1];
      if (entry === 0 || (words[at + (slot << 1)] === hash && slot !== 0)) return entry;
    }
  }

  /** Adds an entry whose key is not there. When it throws ArenaFullError, the entry is not in the table. */
  insert(root: number, hash: number, entry: number): void {
    this.#segments.insert(root, hash, entry);
    if (this.#phase(root) !== 0) this.#toggleMark(entry);
  }

  /** As {@link insert}, and frees the entry when it throws. */
  insertOrFree(root: number, hash: number, entry: number): void {
    try {
      this.insert(root, hash, entry);
    } catch (error) {
      this.#arena.free(entry);
      throw error;
    }
  }

  /** Puts `next`, a new entry with an equal key, where `old` is. */
  replace(root: number, hash: number, old: number, next: number): void {
    if (this.#phase(root) !== 0) this.#toggleMark(next);
    const segment = this.#segments.find(root, hash);
    const slot = this.#segments.slotOf(segment, hash, old);
    this.#words[segment >>> CHUNK_SHIFT][((segment & UNIT_MASK) << 1) + (slot << 1) + 1] = next;
  }

  /** Takes an entry that is there out of the table; it is the caller's to free. */
  remove(root: number, hash: number, entry: number): void {
    const segment = this.#segments.find(root, hash);
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    removeSlot(words, at, this.#segments.slotOf(segment, hash, entry));
    this.#words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1]--;
    if (words[at] << 3 < 1 << (words[at + 1] & SLOTS_MASK)) this.#segments.settle(root, hash);
  }

  /** What is in the table now is to be passed; the last pass must be over. */
  beginPass(root: number): void {
    this.#words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + FORM] ^= PHASE;
  }

  /** Passes an entry of the table; false when it has been, or is newer than the pass. */
  pass(root: number, entry: number): boolean {
    const words = this.#words[entry >>> CHUNK_SHIFT];
    const at = ((entry & UNIT_MASK) << 1) + (this.prefixBytes >> 2) + 1;
    if (words[at] < 0 === (this.#phase(root) !== 0)) return false;
    words[at] ^= MARK;
    return true;
  }

  #phase(root: number): number {
    return this.#words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + FORM] & PHASE;
  }

  #toggleMark(entry: number): void {
    const at = ((entry & UNIT_MASK) << 1) + (this.prefixBytes >> 2) + 1;
    this.#words[entry >>> CHUNK_SHIFT][at] ^= MARK;
  }

  /**
   * One step of a walk: calls `visit` for about `count` entries in the order of hashes, and returns the cursor to
   * go on with, 0 when the walk is over; it starts with 0. `visit` may replace entries, not add, remove or walk.
   */
  scan(root: number, cursor: number, count: number, visit: (entry: number) => void): number {
    let from = cursor;
    let left = count;
    for (let ranges = MOST_EMPTY_RANGES; ; ranges--) {
      const segment = this.#segments.find(root, from | 0);
      if (segment === 0) return 0;
      const held = this.#words[segment >>> CHUNK_SHIFT][(segment & UNIT_MASK) << 1];
      const span = 2 ** (32 - this.#segments.depth(segment));
      const end = (Math.floor(from / span) + 1) * span;
      let until = end;
      if (left < held) until = Math.min(end, from + Math.max(1, Math.floor((span / held) * left)));
      left -= this.#visitRange(segment, from, until, visit);
      if (until >= HASH_RANGE) return 0;
      from = until;
      if (left * 2 <= count || ranges <= 0) return from;
    }
  }

  /** Prepares {@link next}: every entry once, in no order. The table must not change meanwhile. */
  begin(root: number): void {
    this.#walkRoot = root;
    this.#walkPlace = 0;
    this.#walkSegment = this.#segments.at(root, 0);
    this.#walkSlot = this.#walkSegment === 0 ? 0 : this.#segments.slots(this.#walkSegment);
  }

  /** The next entry; 0 when there are no more. */
  next(): number {
    for (;;) {
      const segment = this.#walkSegment;
      if (segment === 0) return 0;
      const words = this.#words[segment >>> CHUNK_SHIFT];
      const at = ((segment & UNIT_MASK) << 1) + 1;
      for (let slot = this.#walkSlot - 1; slot > 0; slot--) {
        const entry = words[at + (slot << 1)];
        if (entry === 0) continue;
        this.#walkSlot = slot;
        return entry;
      }
      this.#walkPlace += this.#segments.span(this.#walkRoot, segment);
      if (this.#walkPlace >= this.#segments.placeCount(this.#walkRoot)) {
        this.#walkSegment = 0;
        return 0;
      }
      this.#walkSegment = this.#segments.at(this.#walkRoot, this.#walkPlace);
      this.#walkSlot = this.#segments.slots(this.#walkSegment);
    }
  }

  /** Some entry, each as likely as any other as long as hashes are uniform; 0 when there is none. */
  random(root: number, prng: Prng): number {
    if (this.size(root) === 0) return 0;
    const places = this.#segments.placeCount(root);
    for (let attempt = 0; attempt < 256; attempt++) {
      const place = prng.below(places);
      const segment = this.#segments.at(root, place);
      // what fills several places counts for one, what is smaller than others fails more often
      if ((place & (this.#segments.span(root, segment) - 1)) !== 0) continue;
      const slots = this.#segments.slots(segment);
      const slot = prng.below(places === 1 ? slots : Math.max(slots, 1024));
      if (slot === 0 || slot >= slots) continue;
      const at = ((segment & UNIT_MASK) << 1) + (slot << 1);
      const entry = this.#words[segment >>> CHUNK_SHIFT][at + 1];
      if (entry !== 0) return entry;
    }
    // nearly empty: the first from somewhere on
    let found = 0;
    const keep = (entry: number): void => {
      if (found === 0) found = entry;
    };
    let cursor = this.scan(root, prng.uint32(), 1, keep);
    for (;;) {
      if (found !== 0) return found;
      cursor = this.scan(root, cursor, 1, keep);
    }
  }

  /** Frees up to `most` entries, and with the last one all memory of the table; returns how many it freed. */
  freeSlice(root: number, most: number): number {
    let freed = 0;
    for (let from = 0; freed < most && this.size(root) > 0; ) {
      const segment = this.#segments.find(root, from | 0);
      const words = this.#words[segment >>> CHUNK_SHIFT];
      const at = (segment & UNIT_MASK) << 1;
      const slots = this.#segments.slots(segment);
      const before = words[at];
      for (let slot = 1; slot < slots && freed < most; ) {
        const entry = words[at + (slot << 1) + 1];
        if (entry === 0) {
          slot++;
          continue;
        }
        removeSlot(words, at, slot);
        this.#arena.free(entry);
        freed++;
      }
      this.#words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1] -= before - words[at];
      const span = 2 ** (32 - this.#segments.depth(segment));
      if (words[at] < before) this.#segments.settle(root, from | 0);
      from = (Math.floor(from / span) + 1) * span;
    }
    return freed;
  }

  /** Makes `to`, an initialized root, an equal table with entries of its own. */
  copy(from: number, to: number): void {
    this.begin(from);
    for (let entry = this.next(); entry !== 0; entry = this.next()) {
      this.insertOrFree(to, this.entryHash(entry), this.copyEntry(entry));
    }
  }

  /** Bytes of the table without its root; above some hundred entries, those are estimated by a sample. */
  memoryBytes(root: number): number {
    let sum = 0;
    let sampled = 0;
    this.begin(root);
    for (let entry = this.next(); entry !== 0 && sampled < SAMPLED_ENTRIES; entry = this.next()) {
      sum += this.#arena.capacity(entry);
      sampled++;
    }
    if (sampled > 0) sum = Math.round((sum / sampled) * this.size(root));
    return sum + this.#segments.memoryBytes(root);
  }

  /**
   * Moves blocks that the arena wants elsewhere: looks at the entries from hash `cursor` on, at about `most`, and
   * returns the cursor to go on with, 0 when it is through. `moved` is told before an entry's old block is freed.
   */
  compactSlice(
    root: number,
    cursor: number,
    most: number,
    moved: ((old: number, next: number) => void) | null = null,
  ): number {
    if (this.size(root) === 0) return 0;
    if (cursor === 0) this.#segments.compactDirectory(root);
    let from = cursor;
    for (let left = most; left > 0; ) {
      this.#segments.compactSegment(root, from | 0);
      const segment = this.#segments.find(root, from | 0);
      left -= this.#words[segment >>> CHUNK_SHIFT][(segment & UNIT_MASK) << 1] + 1;
      if (!this.#compactEntries(segment, moved)) return 0;
      const span = 2 ** (32 - this.#segments.depth(segment));
      from = (Math.floor(from / span) + 1) * span;
      if (from >= HASH_RANGE) return 0;
    }
    return from;
  }

  /** The most slots that looking for an entry takes: short, unless somebody chooses hashes. */
  longestProbe(root: number): number {
    let longest = 0;
    for (let place = 0; place < this.#segments.placeCount(root); ) {
      const segment = this.#segments.at(root, place);
      if (segment === 0) break;
      const words = this.#words[segment >>> CHUNK_SHIFT];
      const at = (segment & UNIT_MASK) << 1;
      const slots = this.#segments.slots(segment);
      for (let slot = 1; slot < slots; slot++) {
        if (words[at + (slot << 1) + 1] === 0) continue;
        longest = Math.max(longest, ((slot - words[at + (slot << 1)]) & (slots - 1)) + 1);
      }
      place += this.#segments.span(root, segment);
    }
    return longest;
  }

  #copyBlock(entry: number, next: number): void {
    const { views } = this.#arena;
    const from = (entry & UNIT_MASK) << 3;
    const to = (next & UNIT_MASK) << 3;
    const length = this.entryBytes(entry);
    copyBytes(views[next >>> CHUNK_SHIFT], to, views[entry >>> CHUNK_SHIFT], from, length);
  }

  /** Moves the sparse entries of a segment; false when there is no memory to move to. */
  #compactEntries(segment: number, moved: ((old: number, next: number) => void) | null): boolean {
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    const slots = this.#segments.slots(segment);
    for (let slot = 1; slot < slots; slot++) {
      const entry = words[at + (slot << 1) + 1];
      if (entry === 0 || !this.#arena.isSparse(entry)) continue;
      const next = this.#arena.allocOrNone(this.entryBytes(entry));
      if (next === 0) return false;
      this.#copyBlock(entry, next);
      words[at + (slot << 1) + 1] = next;
      if (moved !== null) moved(entry, next);
      this.#arena.free(entry);
    }
    return true;
  }

  /** Visits the entries of a segment whose hashes are in [from, until), in their order; returns how many. */
  #visitRange(
    segment: number,
    from: number,
    until: number,
    visit: (entry: number) => void,
  ): number {
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    const slots = this.#segments.slots(segment);
    if (this.#order.length < slots) this.#order = new Float64Array(slots);
    const order = this.#order;
    // with the sign turned, signed integers compare as the unsigned ones do, and much faster than as doubles
    const low = (from ^ SIGN) | 0;
    const high = ((until - 1) ^ SIGN) | 0;
    const end = at + (slots << 1);
    let count = 0;
    for (let i = at + 2; i < end; i += 2) {
      const hash = words[i] ^ SIGN;
      if (hash < low || hash > high || words[i + 1] === 0) continue;
      order[count++] = ((hash ^ SIGN) >>> 0) * SLOT_RANGE + ((i - at) >> 1);
    }
    sortStart(order, count);
    for (let i = 0; i < count; i++) {
      const slot = order[i] - Math.floor(order[i] / SLOT_RANGE) * SLOT_RANGE;
      visit(words[at + (slot << 1) + 1]);
    }
    return count;
  }
}
