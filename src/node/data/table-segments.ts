/**
 * How the slots of a {@link Table} are laid out in the arena: a directory, indexed by the first bits of the hash,
 * of segments. A full segment splits alone, so nothing ever stops for a rehash of the whole.
 *
 *     root       [count][TABLE | PHASE | directory depth][directory, or the only segment, or 0][segments of that depth]
 *     directory  a segment's address for each value of the first `depth` bits of a hash
 *     segment    2^4 to 2^10 slots [hash][entry]; slot 0 is the header [count][binary log of the slots | depth << 8]
 *
 * Invariants: an entry stands in the segment that the first bits of its hash select, at or after its home slot
 * (the last bits of its hash) with no empty one between; an empty slot has entry 0, and the header counts as
 * taken; a segment of depth d fills 2^(directory depth - d) neighbouring places; a root without entries holds no
 * memory. The directory has at most one place for every 32 entries: where hashes do not let a segment split
 * (many equal ones), it grows beyond 2^10 slots instead.
 */
import { invariant } from '#base/invariant.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';

/** Bytes of a table's root. */
export const ROOT_BYTES = 16;
/** Set in word 1 of every root of a table. */
export const TABLE = 1 << 30;
/** In word 1 of a root: what the marks of entries are compared with (table.ts). */
export const PHASE = 1 << 29;

/** Words of a root. */
export const COUNT = 0;
export const FORM = 1;
const PLACES = 2;
const DEEPEST = 3;

const DEPTH_MASK = 0xff;
/** In the second word of a segment. */
export const SLOTS_MASK = 31;
export const SEGMENT_DEPTH_SHIFT = 8;

const FEWEST_SLOTS_LOG = 4;
/** Segments of so many slots split rather than grow. */
const SPLIT_SLOTS_LOG = 10;
const MOST_DEPTH = 20;

/** How many entries a segment takes before it gets larger or splits. */
function mostEntries(slots: number): number {
  return slots - (slots >> 2) + (slots >> 4);
}

/** Puts an entry into the segment at word `at`; there is room. */
function put(words: Int32Array, at: number, hash: number, entry: number): void {
  const mask = (1 << (words[at + 1] & SLOTS_MASK)) - 1;
  let slot = hash & mask;
  while (words[at + (slot << 1) + 1] !== 0) slot = (slot + 1) & mask;
  words[at + (slot << 1)] = hash;
  words[at + (slot << 1) + 1] = entry;
  words[at]++;
}

/** Empties a slot of the segment at word `at`; those after it move back so that no probe meets a gap. */
export function removeSlot(words: Int32Array, at: number, slot: number): void {
  const mask = (1 << (words[at + 1] & SLOTS_MASK)) - 1;
  let gap = slot;
  for (let from = (slot + 1) & mask; ; from = (from + 1) & mask) {
    if (from === 0) continue;
    const entry = words[at + (from << 1) + 1];
    if (entry === 0) break;
    const hash = words[at + (from << 1)];
    if (((from - hash) & mask) < ((from - gap) & mask)) continue;
    words[at + (gap << 1)] = hash;
    words[at + (gap << 1) + 1] = entry;
    gap = from;
  }
  words[at + (gap << 1) + 1] = 0;
  words[at]--;
}

export class TableSegments {
  readonly #arena: Arena;
  readonly #words: readonly Int32Array[];
  /** The slots of a segment while it is split. */
  #scratch = new Int32Array(2 << SPLIT_SLOTS_LOG);

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#words = arena.words;
  }

  /** The segment for a hash; 0 when the table is empty. */
  find(root: number, hash: number): number {
    const words = this.#words[root >>> CHUNK_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    const places = words[at + PLACES];
    const depth = words[at + FORM] & DEPTH_MASK;
    if (depth === 0) return places;
    return this.#words[places >>> CHUNK_SHIFT][
      ((places & UNIT_MASK) << 1) + (hash >>> (32 - depth))
    ];
  }

  /** Adds an entry that is not there. Throws ArenaFullError, and has changed nothing then that can be seen. */
  insert(root: number, hash: number, entry: number): void {
    let segment = this.find(root, hash);
    if (segment === 0) {
      segment = this.#create(FEWEST_SLOTS_LOG, 0);
      this.#setWord(root, PLACES, segment);
    }
    for (;;) {
      const words = this.#words[segment >>> CHUNK_SHIFT];
      const at = (segment & UNIT_MASK) << 1;
      if (words[at] < mostEntries(1 << (words[at + 1] & SLOTS_MASK))) {
        put(words, at, hash, entry);
        this.#words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1]++;
        return;
      }
      this.#makeRoom(root, segment, hash);
      segment = this.find(root, hash);
    }
  }

  /** The slot of `segment` that holds an entry. */
  slotOf(segment: number, hash: number, entry: number): number {
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    const mask = (1 << (words[at + 1] & SLOTS_MASK)) - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const held = words[at + (slot << 1) + 1];
      if (held === entry && slot !== 0) return slot;
      invariant(held !== 0, 'an entry that is changed is in the table');
    }
  }

  /** After an entry was removed: merges and shrinks what is mostly empty, gives back what is empty. */
  settle(root: number, hash: number): void {
    if (this.#words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1] === 0) {
      this.freeAll(root);
      return;
    }
    while (this.#merge(root, hash));
    this.#narrow(root);
    const segment = this.find(root, hash);
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    const slotsLog = words[at + 1] & SLOTS_MASK;
    let wantedLog = slotsLog;
    while (wantedLog > FEWEST_SLOTS_LOG && words[at] << 2 < 1 << wantedLog) wantedLog--;
    if (words[at] << 3 >= 1 << slotsLog || wantedLog === slotsLog) return;
    const next = this.#arena.allocOrNone(8 << wantedLog);
    if (next !== 0) this.#resize(root, segment, hash, wantedLog, next);
  }

  /** Frees the segments and the directory, not the entries. */
  freeAll(root: number): void {
    const places = this.placeCount(root);
    for (let place = 0; place < places; ) {
      const segment = this.at(root, place);
      if (segment === 0) break;
      place += this.span(root, segment);
      this.#arena.free(segment);
    }
    if (places > 1) this.#arena.free(this.#word(root, PLACES));
    this.initialize(root);
  }

  initialize(root: number): void {
    this.#setWord(root, COUNT, 0);
    this.#setWord(root, FORM, TABLE);
    this.#setWord(root, PLACES, 0);
    this.#setWord(root, DEEPEST, 0);
  }

  /** How many places the directory has; 1 when there is none. */
  placeCount(root: number): number {
    return 1 << (this.#word(root, FORM) & DEPTH_MASK);
  }

  /** The segment in a place of the directory. */
  at(root: number, place: number): number {
    const places = this.#word(root, PLACES);
    if ((this.#word(root, FORM) & DEPTH_MASK) === 0) return places;
    return this.#words[places >>> CHUNK_SHIFT][((places & UNIT_MASK) << 1) + place];
  }

  /** How many places a segment fills. */
  span(root: number, segment: number): number {
    return 1 << ((this.#word(root, FORM) & DEPTH_MASK) - this.depth(segment));
  }

  depth(segment: number): number {
    return this.#header(segment) >>> SEGMENT_DEPTH_SHIFT;
  }

  slots(segment: number): number {
    return 1 << (this.#header(segment) & SLOTS_MASK);
  }

  /** Bytes of the directory and the segments. */
  memoryBytes(root: number): number {
    const places = this.placeCount(root);
    let sum = places > 1 ? this.#arena.capacity(this.#word(root, PLACES)) : 0;
    for (let place = 0; place < places; ) {
      const segment = this.at(root, place);
      if (segment === 0) break;
      sum += this.#arena.capacity(segment);
      place += this.span(root, segment);
    }
    return sum;
  }

  /** Moves the directory, if that helps to empty the arena's memory. */
  compactDirectory(root: number): void {
    const places = this.#word(root, PLACES);
    if (this.placeCount(root) === 1 || !this.#arena.isSparse(places)) return;
    const next = this.#arena.allocOrNone(this.placeCount(root) << 2);
    if (next === 0) return;
    this.#copyWords(places, next, this.placeCount(root));
    this.#setWord(root, PLACES, next);
    this.#arena.free(places);
  }

  /** Moves the segment for `hash`, if that helps to empty the arena's memory. */
  compactSegment(root: number, hash: number): void {
    const segment = this.find(root, hash);
    if (!this.#arena.isSparse(segment)) return;
    const next = this.#arena.allocOrNone(this.slots(segment) << 3);
    if (next === 0) return;
    this.#copyWords(segment, next, this.slots(segment) << 1);
    this.#point(root, hash, this.depth(segment), next);
    this.#arena.free(segment);
  }

  #word(address: number, word: number): number {
    return this.#words[address >>> CHUNK_SHIFT][((address & UNIT_MASK) << 1) + word];
  }

  #setWord(address: number, word: number, value: number): void {
    this.#words[address >>> CHUNK_SHIFT][((address & UNIT_MASK) << 1) + word] = value;
  }

  #setDepth(root: number, depth: number): void {
    this.#setWord(root, FORM, (this.#word(root, FORM) & ~DEPTH_MASK) | depth);
  }

  #header(segment: number): number {
    return this.#words[segment >>> CHUNK_SHIFT][((segment & UNIT_MASK) << 1) + 1];
  }

  #create(slotsLog: number, depth: number): number {
    const segment = this.#arena.alloc(8 << slotsLog);
    this.#clear(segment, slotsLog, depth);
    return segment;
  }

  /** Makes a block an empty segment. */
  #clear(segment: number, slotsLog: number, depth: number): void {
    const words = this.#words[segment >>> CHUNK_SHIFT];
    const at = (segment & UNIT_MASK) << 1;
    words.fill(0, at, at + (2 << slotsLog));
    words[at + 1] = slotsLog | (depth << SEGMENT_DEPTH_SHIFT);
  }

  #copyWords(from: number, to: number, count: number): void {
    const start = (from & UNIT_MASK) << 1;
    const source = this.#words[from >>> CHUNK_SHIFT].subarray(start, start + count);
    this.#words[to >>> CHUNK_SHIFT].set(source, (to & UNIT_MASK) << 1);
  }

  #makeRoom(root: number, segment: number, hash: number): void {
    const slotsLog = this.#header(segment) & SLOTS_MASK;
    const depth = this.depth(segment);
    const wider = depth + 1;
    const maySplit =
      depth < (this.#word(root, FORM) & DEPTH_MASK) ||
      (wider <= MOST_DEPTH && 1 << wider <= this.#word(root, COUNT) >>> 5);
    if (slotsLog >= SPLIT_SLOTS_LOG && maySplit) this.#split(root, segment, hash);
    else this.#resize(root, segment, hash, slotsLog + 1, this.#arena.alloc(16 << slotsLog));
  }

  /** Moves a segment's entries to the block `next`, which becomes a segment of another size. */
  #resize(root: number, segment: number, hash: number, slotsLog: number, next: number): void {
    this.#clear(next, slotsLog, this.depth(segment));
    this.#moveAll(segment, next);
    this.#point(root, hash, this.depth(next), next);
    this.#arena.free(segment);
  }

  /** Adds all entries of one segment to another. */
  #moveAll(from: number, to: number): void {
    const words = this.#words[from >>> CHUNK_SHIFT];
    const start = ((from & UNIT_MASK) << 1) + 2;
    const end = start + (this.slots(from) << 1) - 2;
    const target = this.#words[to >>> CHUNK_SHIFT];
    const at = (to & UNIT_MASK) << 1;
    for (let i = start; i < end; i += 2) {
      if (words[i + 1] !== 0) put(target, at, words[i], words[i + 1]);
    }
  }

  /** Lets the places of the segment of `depth` that `hash` selects show to `segment`. */
  #point(root: number, hash: number, depth: number, segment: number): void {
    const directoryDepth = this.#word(root, FORM) & DEPTH_MASK;
    if (directoryDepth === 0) {
      this.#setWord(root, PLACES, segment);
      return;
    }
    const span = 1 << (directoryDepth - depth);
    const places = this.#word(root, PLACES);
    const first = ((places & UNIT_MASK) << 1) + ((hash >>> (32 - directoryDepth)) & -span);
    const words = this.#words[places >>> CHUNK_SHIFT];
    for (let i = first; i < first + span; i++) words[i] = segment;
  }

  /** Moves the entries whose next bit is set to a segment of their own. */
  #split(root: number, segment: number, hash: number): void {
    const depth = this.depth(segment);
    const bit = 1 << (31 - depth);
    const at = (segment & UNIT_MASK) << 1;
    const length = this.slots(segment) << 1;
    const words = this.#words[segment >>> CHUNK_SHIFT];
    let highCount = 0;
    for (let i = at + 2; i < at + length; i += 2) {
      if (words[i + 1] !== 0 && (words[i] & bit) !== 0) highCount++;
    }
    const slotsLog = words[at + 1] & SLOTS_MASK;
    let highLog = FEWEST_SLOTS_LOG;
    while (highLog < slotsLog && 1 << highLog <= highCount << 1) highLog++;
    if (depth === (this.#word(root, FORM) & DEPTH_MASK)) this.#widen(root);
    const high = this.#create(highLog, depth + 1);
    if (this.#scratch.length < length) this.#scratch = new Int32Array(length);
    const scratch = this.#scratch;
    for (let i = 0; i < length; i++) scratch[i] = words[at + i];
    this.#clear(segment, slotsLog, depth + 1);
    const highWords = this.#words[high >>> CHUNK_SHIFT];
    const highAt = (high & UNIT_MASK) << 1;
    for (let i = 2; i < length; i += 2) {
      if (scratch[i + 1] === 0) continue;
      if ((scratch[i] & bit) === 0) put(words, at, scratch[i], scratch[i + 1]);
      else put(highWords, highAt, scratch[i], scratch[i + 1]);
    }
    this.#point(root, hash | bit, depth + 1, high);
    if (depth + 1 === (this.#word(root, FORM) & DEPTH_MASK)) {
      this.#setWord(root, DEEPEST, this.#word(root, DEEPEST) + 2);
    }
  }

  /** Doubles the directory. */
  #widen(root: number): void {
    const depth = this.#word(root, FORM) & DEPTH_MASK;
    const old = this.#word(root, PLACES);
    const next = this.#arena.alloc(8 << depth);
    const words = this.#words[next >>> CHUNK_SHIFT];
    const at = (next & UNIT_MASK) << 1;
    for (let place = 0; place < 1 << depth; place++) {
      const segment = this.at(root, place);
      words[at + (place << 1)] = segment;
      words[at + (place << 1) + 1] = segment;
    }
    this.#setWord(root, PLACES, next);
    this.#setDepth(root, depth + 1);
    this.#setWord(root, DEEPEST, 0);
    if (depth > 0) this.#arena.free(old);
  }

  /** Joins the segment for `hash` and its sibling, when one of them has room for both; true when it did. */
  #merge(root: number, hash: number): boolean {
    const segment = this.find(root, hash);
    const depth = this.depth(segment);
    if (depth === 0) return false;
    const sibling = this.find(root, hash ^ (1 << (32 - depth)));
    if (this.depth(sibling) !== depth) return false;
    const larger = this.slots(sibling) > this.slots(segment) ? sibling : segment;
    const smaller = larger === segment ? sibling : segment;
    const words = this.#words[larger >>> CHUNK_SHIFT];
    const at = (larger & UNIT_MASK) << 1;
    const count = words[at] + this.#words[smaller >>> CHUNK_SHIFT][(smaller & UNIT_MASK) << 1];
    if (count << 1 > mostEntries(this.slots(larger))) return false;
    this.#moveAll(smaller, larger);
    words[at + 1] -= 1 << SEGMENT_DEPTH_SHIFT;
    this.#point(root, hash, depth - 1, larger);
    this.#arena.free(smaller);
    if (depth === (this.#word(root, FORM) & DEPTH_MASK)) {
      this.#setWord(root, DEEPEST, this.#word(root, DEEPEST) - 2);
    }
    return true;
  }

  /** Halves the directory as long as no segment needs its last bit. */
  #narrow(root: number): void {
    for (;;) {
      const depth = (this.#word(root, FORM) & DEPTH_MASK) - 1;
      if (depth < 0 || this.#word(root, DEEPEST) > 0) return;
      const old = this.#word(root, PLACES);
      const next = depth === 0 ? this.at(root, 0) : this.#arena.allocOrNone(4 << depth);
      if (next === 0) return;
      const deepest = depth === 0 ? 1 : this.#copyEveryOther(root, next, depth);
      this.#setWord(root, PLACES, next);
      this.#setDepth(root, depth);
      this.#setWord(root, DEEPEST, deepest);
      this.#arena.free(old);
    }
  }

  /** Fills a directory of `depth` from one a level deeper; how many segments are of that depth. */
  #copyEveryOther(root: number, directory: number, depth: number): number {
    let deepest = 0;
    for (let place = 0; place < 1 << depth; place++) {
      const segment = this.at(root, place << 1);
      this.#setWord(directory, place, segment);
      if (this.depth(segment) === depth) deepest++;
    }
    return deepest;
  }
}
