/**
 * Changing strings: setting them whole, and writing into them. A string lies in its key's record, so it is written
 * in place when the block is about as large as a new one would be, and moved when not.
 *
 * A string that grows gets half as much again, so that appending piece by piece copies each byte a bounded number
 * of times.
 */
import { copyBytes, viewOf } from '#base/copy.ts';
import { invariant } from '#base/invariant.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { EFFECT } from './effects.ts';
import {
  ENCODING_SHIFT,
  EPOCH_MASK,
  EPOCH_SHIFT,
  HEADER_BYTES,
  STRING_RAW,
  TIME_SHIFT,
  TYPE_MASK,
  TYPE_STRING,
} from './record.ts';
import type { Store } from './store.ts';
import { UNDO } from './undo-log.ts';

/** A longer value is not copied for an undo: its record is kept. */
const MOST_COPIED_VALUE = 256;
/** A block may be this much larger than needed, or an eighth. */
const SPARE_BYTES = 16;

export class Strings {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The key becomes the string value[valueStart, valueEnd), whatever it was, with this expiry (0: none). */
  set(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    encoding: number,
    expiresAtMs: number,
  ): void {
    const store = this.#store;
    const { arena } = store;
    const length = valueEnd - valueStart;
    const old = store.locate(key, keyStart, keyEnd);
    if (old !== 0) store.beforeChange();
    if (old !== 0 && this.#mayStay(old, keyEnd - keyStart, length)) {
      if (store.keeping) this.#keepValue(key, keyStart, keyEnd);
      const words = arena.words[old >>> CHUNK_SHIFT];
      const at = (old & UNIT_MASK) << 1;
      words[at] =
        (words[at] & ((EPOCH_MASK << EPOCH_SHIFT) | TYPE_MASK)) |
        (encoding << ENCODING_SHIFT) |
        (store.nowSeconds << TIME_SHIFT);
      words[at + 3] = length;
    } else {
      const record = store.makeRecord(key, keyStart, keyEnd, TYPE_STRING, encoding, length, 0);
      if (old === 0) {
        store.insert(record);
        store.keepAbsence(key, keyStart, keyEnd);
      } else {
        this.#replace(record);
      }
    }
    const { record } = store;
    const to = ((record & UNIT_MASK) << 3) + HEADER_BYTES + keyEnd - keyStart;
    copyBytes(arena.views[record >>> CHUNK_SHIFT], to, viewOf(value), valueStart, length);
    store.setExpiry(expiresAtMs);
    if (!store.changedKey()) return;
    store.recorder.set(key, keyStart, keyEnd, value, valueStart, valueEnd, encoding, expiresAtMs);
  }

  /**
   * Writes value[valueStart, valueEnd) at `offset` into the key, which is a string or not there; what is missing
   * up to `offset` becomes zeros. Its expiry stays. Returns the string's new length.
   */
  overwrite(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    offset: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const store = this.#store;
    const { arena } = store;
    const end = offset + valueEnd - valueStart;
    let oldLength = 0;
    let length = end;
    if (store.locate(key, keyStart, keyEnd) === 0) {
      store.insert(store.makeRecord(key, keyStart, keyEnd, TYPE_STRING, STRING_RAW, end, 0));
      store.keepAbsence(key, keyStart, keyEnd);
    } else {
      store.beforeChange();
      oldLength = this.#lengthOf(store.record);
      if (oldLength > end) length = oldLength;
      if (store.keeping) this.#keepPart(key, keyStart, keyEnd, offset, end, oldLength);
      if (store.large.any) store.large.beforeBytes(store.record, offset, end);
      this.#grow(key, keyStart, keyEnd, oldLength, length);
      store.setEncoding(STRING_RAW);
    }
    const { record } = store;
    const chunk = record >>> CHUNK_SHIFT;
    const valueAt = ((record & UNIT_MASK) << 3) + HEADER_BYTES + keyEnd - keyStart;
    if (offset > oldLength) arena.bytes[chunk].fill(0, valueAt + oldLength, valueAt + offset);
    copyBytes(arena.views[chunk], valueAt + offset, viewOf(value), valueStart, end - offset);
    if (store.changedKey()) {
      store.recorder.begin(EFFECT.overwrite, key, keyStart, keyEnd);
      store.recorder.integer(offset);
      store.recorder.bytes(value, valueStart, valueEnd);
    }
    return length;
  }

  /** Undoes an {@link overwrite}: puts back what was at `offset`, and the length. */
  unwrite(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    offset: number,
    oldLength: number,
    old: Uint8Array,
    oldStart: number,
    oldEnd: number,
  ): void {
    const store = this.#store;
    const { arena } = store;
    const record = store.locate(key, keyStart, keyEnd);
    invariant(record !== 0, 'a string that was written into is there');
    const chunk = record >>> CHUNK_SHIFT;
    const valueAt = ((record & UNIT_MASK) << 3) + HEADER_BYTES + keyEnd - keyStart;
    copyBytes(arena.views[chunk], valueAt + offset, viewOf(old), oldStart, oldEnd - oldStart);
    arena.words[chunk][((record & UNIT_MASK) << 1) + 3] = oldLength;
    store.changedKey();
  }

  #lengthOf(record: number): number {
    return this.#store.arena.words[record >>> CHUNK_SHIFT][((record & UNIT_MASK) << 1) + 3];
  }

  /** May a string of this length be written over the record's value, as it is kept for an undo? */
  #mayStay(record: number, keyLength: number, length: number): boolean {
    const store = this.#store;
    if (store.typeOf(record) !== TYPE_STRING) return false;
    const oldLength = this.#lengthOf(record);
    if (store.keeping && oldLength > MOST_COPIED_VALUE) return false;
    if (oldLength === length && length <= MOST_COPIED_VALUE) return true;
    if (store.large.holds(record)) return false;
    const wanted = HEADER_BYTES + keyLength + length;
    const spare = store.arena.capacity(record) - wanted;
    return spare >= 0 && (spare <= SPARE_BYTES || spare <= wanted >> 3);
  }

  /** Puts `record` in the place of the one located last, which is kept for an undo or freed. */
  #replace(record: number): void {
    const store = this.#store;
    const old = store.record;
    const expiresAtMs = store.expiryOf(old);
    store.replace(record);
    if (store.keeping) store.undo.keepRecord(old, expiresAtMs);
    else store.discards.releaseRecord(old);
  }

  /** Makes room for a value of `length` bytes in the record located last, and gives it that length. */
  #grow(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    oldLength: number,
    length: number,
  ): void {
    const store = this.#store;
    const { arena } = store;
    const old = store.record;
    const start = HEADER_BYTES + keyEnd - keyStart;
    if (start + length <= arena.capacity(old)) {
      const words = arena.words[old >>> CHUNK_SHIFT];
      const at = (old & UNIT_MASK) << 1;
      words[at] = (words[at] & 0xff) | (store.nowSeconds << TIME_SHIFT);
      words[at + 3] = length;
      return;
    }
    const room = length + (length >>> 1);
    const { encoding } = store;
    const record = store.makeRecord(key, keyStart, keyEnd, TYPE_STRING, encoding, length, room);
    copyBytes(
      arena.views[record >>> CHUNK_SHIFT],
      ((record & UNIT_MASK) << 3) + start,
      arena.views[old >>> CHUNK_SHIFT],
      ((old & UNIT_MASK) << 3) + start,
      oldLength,
    );
    store.replace(record);
    store.discards.releaseBlock(old);
  }

  #keepValue(key: Uint8Array, keyStart: number, keyEnd: number): void {
    const { arena, record, undo, encoding } = this.#store;
    const chunk = record >>> CHUNK_SHIFT;
    const expiresAtMs = this.#store.expiryOf(record);
    const start = ((record & UNIT_MASK) << 3) + HEADER_BYTES + keyEnd - keyStart;
    undo.begin(EFFECT.set, key, keyStart, keyEnd);
    undo.uint8((encoding << 1) | (expiresAtMs === 0 ? 0 : 1));
    if (expiresAtMs !== 0) undo.float64(expiresAtMs);
    undo.view(arena.views[chunk], start, start + this.#lengthOf(record));
    undo.end();
  }

  #keepPart(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    offset: number,
    end: number,
    oldLength: number,
  ): void {
    const { arena, record, undo } = this.#store;
    const start = ((record & UNIT_MASK) << 3) + HEADER_BYTES + keyEnd - keyStart;
    const from = Math.min(offset, oldLength);
    undo.begin(UNDO.unwrite, key, keyStart, keyEnd);
    undo.integer(from);
    undo.integer(oldLength);
    undo.bytes(arena.bytes[record >>> CHUNK_SHIFT], start + from, start + Math.min(end, oldLength));
    undo.end();
  }
}
