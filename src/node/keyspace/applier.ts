/**
 * Applies encoded changes: effects as another member (or an earlier life) recorded them, and rows of the undo log.
 * One is kept, so that applying makes no object per effect.
 */
import { ByteReader } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { dropSlot, flushAll, undropSlot, unflush } from './dropping.ts';
import { EFFECT } from './effects.ts';
import { EffectsAhead } from './effects-ahead.ts';
import type { Hashes } from './hashes.ts';
import type { Lists } from './lists.ts';
import { copy, rename } from './renaming.ts';
import type { Sets } from './sets.ts';
import type { SortedSets } from './sorted-sets.ts';
import type { Store } from './store.ts';
import type { Strings } from './strings.ts';
import { UNDO } from './undo-log.ts';

/** What changes the values of a store, by type. */
export interface Changers {
  readonly strings: Strings;
  readonly hashes: Hashes;
  readonly lists: Lists;
  readonly sets: Sets;
  readonly sortedSets: SortedSets;
}

const NOTHING = new Uint8Array(0);

export class EffectApplier {
  readonly #store: Store;
  readonly #changers: Changers;
  readonly #ahead: EffectsAhead;
  #reader = new ByteReader(NOTHING);
  #bytes: Uint8Array = NOTHING;
  #keyStart = 0;
  #keyEnd = 0;
  /** The byte string read last. */
  #start = 0;
  #end = 0;

  constructor(store: Store, changers: Changers) {
    this.#store = store;
    this.#changers = changers;
    this.#ahead = new EffectsAhead(store);
  }

  /** Applies every effect in bytes[start, end). Stops the process on what no primary can have written. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    this.#open(bytes, start, end);
    let readTo = start;
    while (this.#reader.left > 0) {
      const { at } = this.#reader;
      if (at >= readTo) readTo = this.#ahead.read(bytes, at, end);
      this.#applyOne(this.#reader.uint8());
    }
    this.#store.ahead.forget();
  }

  /** Applies a row of the undo log. */
  undoRow(bytes: Uint8Array, start: number, end: number): void {
    this.#open(bytes, start, end);
    const store = this.#store;
    const encoding = this.#reader.uint8();
    const op = this.#reader.uint8();
    switch (op) {
      case UNDO.restore:
        this.#restore();
        return;
      case UNDO.flushAll:
        unflush(store);
        return;
      case UNDO.dropSlot:
        undropSlot(store, this.#integer());
        return;
      case UNDO.unwrite:
        this.#readKey();
        this.#unwrite();
        break;
      default:
        this.#applyOne(op);
    }
    if (store.record === 0) return;
    store.beforeChange();
    store.setEncoding(encoding);
  }

  #open(bytes: Uint8Array, start: number, end: number): void {
    this.#store.beginUnit(-1);
    this.#reader = new ByteReader(bytes, start, end);
    this.#bytes = bytes;
  }

  #applyOne(op: number): void {
    const store = this.#store;
    if (op === EFFECT.flushAll) {
      flushAll(store);
      return;
    }
    if (op === EFFECT.dropSlot) {
      dropSlot(store, this.#integer());
      return;
    }
    this.#readKey();
    switch (op) {
      case EFFECT.set:
        this.#set();
        return;
      case EFFECT.delete:
        this.#locate();
        store.removeLocated();
        return;
      case EFFECT.expired:
        this.#locate();
        store.removeLocated(true);
        return;
      case EFFECT.setExpiry:
        this.#locate();
        store.beforeChange();
        store.setExpiry(this.#reader.float64());
        store.changedKey();
        return;
      case EFFECT.overwrite:
        this.#overwrite();
        return;
      case EFFECT.rename:
      case EFFECT.copy:
        this.#toNewKey(op);
        return;
      case EFFECT.hashSet:
      case EFFECT.hashDelete:
        this.#changeHash(op);
        return;
      case EFFECT.setAdd:
      case EFFECT.setRemove:
        this.#changeSet(op);
        return;
      case EFFECT.sortedSetAdd:
      case EFFECT.sortedSetRemove:
        this.#changeSortedSet(op);
        return;
      default:
        this.#changeList(op);
    }
  }

  #set(): void {
    const flags = this.#reader.uint8();
    const expiresAtMs = (flags & 1) === 1 ? this.#reader.float64() : 0;
    this.#readBytes();
    this.#changers.strings.set(
      this.#bytes,
      this.#keyStart,
      this.#keyEnd,
      this.#bytes,
      this.#start,
      this.#end,
      flags >> 1,
      expiresAtMs,
    );
  }

  #overwrite(): void {
    const offset = this.#integer();
    this.#readBytes();
    const bytes = this.#bytes;
    this.#changers.strings.overwrite(
      bytes,
      this.#keyStart,
      this.#keyEnd,
      offset,
      bytes,
      this.#start,
      this.#end,
    );
  }

  #unwrite(): void {
    const offset = this.#integer();
    const oldLength = this.#integer();
    this.#readBytes();
    const bytes = this.#bytes;
    this.#changers.strings.unwrite(
      bytes,
      this.#keyStart,
      this.#keyEnd,
      offset,
      oldLength,
      bytes,
      this.#start,
      this.#end,
    );
  }

  #toNewKey(op: typeof EFFECT.rename | typeof EFFECT.copy): void {
    this.#locate();
    const fromStart = this.#keyStart;
    const fromEnd = this.#keyEnd;
    this.#readKey();
    const bytes = this.#bytes;
    const change = op === EFFECT.rename ? rename : copy;
    change(this.#store, bytes, fromStart, fromEnd, bytes, this.#keyStart, this.#keyEnd);
  }

  #changeHash(op: typeof EFFECT.hashSet | typeof EFFECT.hashDelete): void {
    this.#readBytes();
    const bytes = this.#bytes;
    const keyStart = this.#keyStart;
    const keyEnd = this.#keyEnd;
    const start = this.#start;
    const end = this.#end;
    const { hashes } = this.#changers;
    if (op === EFFECT.hashDelete) {
      const removed = hashes.delete(bytes, keyStart, keyEnd, bytes, start, end);
      invariant(removed, 'a deleted field was there');
      return;
    }
    this.#readBytes();
    hashes.set(bytes, keyStart, keyEnd, bytes, start, end, bytes, this.#start, this.#end);
  }

  #changeSet(op: typeof EFFECT.setAdd | typeof EFFECT.setRemove): void {
    this.#readBytes();
    const bytes = this.#bytes;
    const { sets } = this.#changers;
    const keyStart = this.#keyStart;
    const keyEnd = this.#keyEnd;
    const changed =
      op === EFFECT.setAdd
        ? sets.add(bytes, keyStart, keyEnd, bytes, this.#start, this.#end)
        : sets.remove(bytes, keyStart, keyEnd, bytes, this.#start, this.#end);
    invariant(changed, 'a set that has an effect is changed by it');
  }

  #changeSortedSet(op: typeof EFFECT.sortedSetAdd | typeof EFFECT.sortedSetRemove): void {
    const bytes = this.#bytes;
    const { sortedSets } = this.#changers;
    const keyStart = this.#keyStart;
    const keyEnd = this.#keyEnd;
    if (op === EFFECT.sortedSetAdd) {
      const score = this.#reader.float64();
      this.#readBytes();
      sortedSets.add(bytes, keyStart, keyEnd, score, bytes, this.#start, this.#end);
      return;
    }
    this.#readBytes();
    const removed = sortedSets.remove(bytes, keyStart, keyEnd, bytes, this.#start, this.#end);
    invariant(removed, 'a removed member was there');
  }

  #changeList(op: number): void {
    const { lists } = this.#changers;
    const bytes = this.#bytes;
    const keyStart = this.#keyStart;
    const keyEnd = this.#keyEnd;
    switch (op) {
      case EFFECT.listPush: {
        const atHead = this.#reader.uint8() === 1;
        this.#readBytes();
        lists.push(bytes, keyStart, keyEnd, atHead, bytes, this.#start, this.#end);
        return;
      }
      case EFFECT.listPop:
        this.#locate();
        lists.pop(bytes, keyStart, keyEnd, this.#reader.uint8() === 1);
        return;
      case EFFECT.listInsert: {
        const index = this.#integer();
        this.#readBytes();
        lists.insert(bytes, keyStart, keyEnd, index, bytes, this.#start, this.#end);
        return;
      }
      case EFFECT.listReplace: {
        this.#locate();
        const index = this.#integer();
        this.#readBytes();
        lists.replace(bytes, keyStart, keyEnd, index, bytes, this.#start, this.#end);
        return;
      }
      case EFFECT.listRemoveRange: {
        this.#locate();
        const from = this.#integer();
        lists.removeRange(bytes, keyStart, keyEnd, from, this.#integer());
        return;
      }
      case EFFECT.listRemoveEqual:
        this.#removeEqual();
        return;
      default:
        invariant(false, `effect ${op} is known`);
    }
  }

  #removeEqual(): void {
    this.#locate();
    const count = this.#integer();
    const fromTail = this.#reader.uint8() === 1;
    this.#readBytes();
    const bytes = this.#bytes;
    const removed = this.#changers.lists.removeEqual(
      bytes,
      this.#keyStart,
      this.#keyEnd,
      bytes,
      this.#start,
      this.#end,
      count,
      fromTail,
    );
    invariant(removed === count, 'removed elements were there');
  }

  /** A deleted key is there again, in the place of what has its name now. */
  #restore(): void {
    const store = this.#store;
    const record = this.#reader.uint32() | 0;
    const expiresAtMs = this.#reader.float64();
    store.restore(record, expiresAtMs);
  }

  #readKey(): void {
    const length = this.#integer();
    this.#keyStart = this.#reader.skip(length);
    this.#keyEnd = this.#keyStart + length;
  }

  #readBytes(): void {
    const length = this.#integer();
    this.#start = this.#reader.skip(length);
    this.#end = this.#start + length;
  }

  /** Goes to the key that was read; it is there, or primary and replica have parted. */
  #locate(): void {
    const record = this.#store.locate(this.#bytes, this.#keyStart, this.#keyEnd);
    invariant(record !== 0, 'the key of an effect is there');
  }

  #integer(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#reader.uint8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}
