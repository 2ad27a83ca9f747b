/**
 * A few short pairs of field and value in one block of the arena, in the order in which the fields were first
 * set: what small hashes and sets are. Nothing else per pair costs less memory, and looking through some dozens
 * of them is as fast as a table.
 *
 *     [count u32][bytes used u32], then of each pair [field length u8][value length u8][field][value]
 *
 * Pairs are named by the byte offset of their start in the block's chunk; -1 is none. Methods that change a
 * block return where it is afterwards. A block that cannot take a pair (`takes`) is the caller's to convert.
 */
import { copyBytes, sameBytes, tailOf, viewOf } from '#base/copy.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';

const HEADER = 8;
const PAIR_HEADER = 2;
const MOST_PAIRS = 64;
/** The longest field or value. */
const LONGEST = 255;
const MOST_BYTES = 4096;

export class Packed {
  readonly #arena: Arena;
  readonly #words: readonly Int32Array[];

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#words = arena.words;
  }

  /** An empty block. */
  create(): number {
    const root = this.#arena.alloc(HEADER);
    this.#setHeader(root, 0, HEADER);
    return root;
  }

  /** Whether a pair of these lengths has room in place of the one at `old`, or besides all when that is -1. */
  takes(root: number, old: number, fieldLength: number, valueLength: number): boolean {
    if (fieldLength > LONGEST || valueLength > LONGEST) return false;
    const words = this.#words[root >>> CHUNK_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    const used = words[at + 1];
    if (old === -1) {
      return words[at] < MOST_PAIRS && used + PAIR_HEADER + fieldLength + valueLength <= MOST_BYTES;
    }
    return used + valueLength - this.valueLength(root, old) <= MOST_BYTES;
  }

  /** The pair whose field is bytes[start, end). */
  find(root: number, bytes: Uint8Array, start: number, end: number): number {
    const held = this.#arena.bytes[root >>> CHUNK_SHIFT];
    const heldView = this.#arena.views[root >>> CHUNK_SHIFT];
    const view = viewOf(bytes);
    const length = end - start;
    const tail = tailOf(view, start, length);
    const stop = this.end(root);
    for (let pair = this.first(root); pair < stop; ) {
      const from = pair + PAIR_HEADER;
      const fieldLength = held[pair];
      if (fieldLength === length && tailOf(heldView, from, length) === tail) {
        if (sameBytes(heldView, from, view, start, length)) return pair;
      }
      pair = from + fieldLength + held[pair + 1];
    }
    return -1;
  }

  /** Where the first pair is, or would be. */
  first(root: number): number {
    return ((root & UNIT_MASK) << 3) + HEADER;
  }

  /** Where the pair after one is, or would be. */
  after(root: number, pair: number): number {
    const held = this.#arena.bytes[root >>> CHUNK_SHIFT];
    return pair + PAIR_HEADER + held[pair] + held[pair + 1];
  }

  /** Where the last pair ends. */
  end(root: number): number {
    return ((root & UNIT_MASK) << 3) + this.usedBytes(root);
  }

  usedBytes(root: number): number {
    return this.#words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + 1];
  }

  fieldStart(pair: number): number {
    return pair + PAIR_HEADER;
  }

  fieldLength(root: number, pair: number): number {
    return this.#arena.bytes[root >>> CHUNK_SHIFT][pair];
  }

  valueLength(root: number, pair: number): number {
    return this.#arena.bytes[root >>> CHUNK_SHIFT][pair + 1];
  }

  /** Adds a pair whose field is not there. */
  append(
    root: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const fieldLength = fieldEnd - fieldStart;
    const valueLength = valueEnd - valueStart;
    const used = this.usedBytes(root);
    const next = this.#resize(root, used, used + PAIR_HEADER + fieldLength + valueLength);
    const words = this.#words[next >>> CHUNK_SHIFT];
    const at = (next & UNIT_MASK) << 1;
    words[at]++;
    words[at + 1] = used + PAIR_HEADER + fieldLength + valueLength;
    const view = this.#arena.views[next >>> CHUNK_SHIFT];
    const pair = ((next & UNIT_MASK) << 3) + used;
    view.setUint8(pair, fieldLength);
    view.setUint8(pair + 1, valueLength);
    copyBytes(view, pair + PAIR_HEADER, viewOf(field), fieldStart, fieldLength);
    if (valueLength > 0) {
      copyBytes(view, pair + PAIR_HEADER + fieldLength, viewOf(value), valueStart, valueLength);
    }
    return next;
  }

  /** Gives the pair another value. */
  setValue(root: number, pair: number, value: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const change = length - this.valueLength(root, pair);
    const offset = pair - ((root & UNIT_MASK) << 3);
    let next = root;
    if (change > 0) {
      const used = this.usedBytes(root);
      next = this.#resize(root, used, used + change);
    }
    const at = ((next & UNIT_MASK) << 3) + offset;
    const valueAt = at + PAIR_HEADER + this.fieldLength(next, at);
    if (change !== 0) this.#moveTail(next, this.after(next, at), change);
    this.#arena.bytes[next >>> CHUNK_SHIFT][at + 1] = length;
    copyBytes(this.#arena.views[next >>> CHUNK_SHIFT], valueAt, viewOf(value), start, length);
    return change < 0 ? this.#shrink(next) : next;
  }

  /** Takes the pair out. */
  remove(root: number, pair: number): number {
    const after = this.after(root, pair);
    this.#moveTail(root, after, pair - after);
    this.#words[root >>> CHUNK_SHIFT][(root & UNIT_MASK) << 1]--;
    return this.#shrink(root);
  }

  /** A block of the same bytes. */
  copy(root: number): number {
    const used = this.usedBytes(root);
    const next = this.#arena.alloc(used);
    this.#copyTo(root, next, used);
    return next;
  }

  /** Moves the block elsewhere; where it is now, the same place when the arena is full. */
  move(root: number): number {
    const used = this.usedBytes(root);
    const next = this.#arena.allocOrNone(used);
    if (next === 0) return root;
    this.#copyTo(root, next, used);
    this.#arena.free(root);
    return next;
  }

  #setHeader(root: number, count: number, used: number): void {
    const words = this.#words[root >>> CHUNK_SHIFT];
    const at = (root & UNIT_MASK) << 1;
    words[at] = count;
    words[at + 1] = used;
  }

  #copyTo(from: number, to: number, count: number): void {
    const { views } = this.#arena;
    const fromAt = (from & UNIT_MASK) << 3;
    const toAt = (to & UNIT_MASK) << 3;
    copyBytes(views[to >>> CHUNK_SHIFT], toAt, views[from >>> CHUNK_SHIFT], fromAt, count);
  }

  /** Moves what stands from `from` to the end of the pairs by `change` bytes; there is room. */
  #moveTail(root: number, from: number, change: number): void {
    const end = this.end(root);
    if (from < end) {
      this.#arena.bytes[root >>> CHUNK_SHIFT].copyWithin(from + change, from, end);
    }
    this.#words[root >>> CHUNK_SHIFT][((root & UNIT_MASK) << 1) + 1] += change;
  }

  /** Room for `wanted` bytes; moves the `used` bytes when the block does not have it. */
  #resize(root: number, used: number, wanted: number): number {
    if (wanted <= this.#arena.capacity(root)) return root;
    const next = this.#arena.alloc(wanted);
    this.#copyTo(root, next, used);
    this.#arena.free(root);
    return next;
  }

  /** Moves to a smaller block when a quarter of this one is unused. */
  #shrink(root: number): number {
    const capacity = this.#arena.capacity(root);
    if (this.usedBytes(root) << 2 > capacity * 3 || capacity === HEADER) return root;
    return this.move(root);
  }
}
