/**
 * Lists as commands see them. Reading is about the list that `Keyspace.find` went to last, or `open` did;
 * `element` is a position, valid until the next change of anything. Indexes count from 0 at the head. A change
 * takes the key, records the effect, raises the hazard, and leaves the changed list open.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { equalBytes } from '#base/bytes.ts';
import type { List } from '#node/data/list.ts';
import { EFFECT } from './effects.ts';
import {
  EMPTY_LISTPACK_BYTES,
  listEncodingAfterGrowing,
  listEncodingAfterShrinking,
  listpackEntryBytes,
} from './encodings.ts';
import { TYPE_LIST } from './record.ts';
import type { Store } from './store.ts';

/** A change that takes more elements away than this is not prepared for being undone. */
const MOST_KEPT_ELEMENTS = 256;
const NOTHING_WANTED = -1;

export class Lists {
  /** Where the reading methods stand. */
  readonly element: ByteRange;
  readonly #store: Store;
  readonly #list: List;
  /** Indexes of equal elements, in the order in which they were met. */
  readonly #found = new Int32Array(MOST_KEPT_ELEMENTS);

  constructor(store: Store) {
    this.#store = store;
    this.#list = store.values.list;
    this.element = this.#list.element;
  }

  /** Reading is about the list of this record (`Keyspace.found`) from now on. */
  open(record: number): void {
    this.#list.open(this.#store.rootOf(record));
  }

  /** Elements of the open list. */
  get size(): number {
    return this.#list.size;
  }

  /** Goes to the element of this index (from 0); false when there is none. */
  seek(index: number): boolean {
    return this.#list.seek(index);
  }

  /** Goes to the next element towards the tail. */
  next(): boolean {
    return this.#list.next();
  }

  /** Goes to the next element towards the head. */
  previous(): boolean {
    return this.#list.previous();
  }

  /** Adds an element at an end of the key, which is a list or not there; the new size. */
  push(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    atHead: boolean,
    element: Uint8Array,
    elementStart: number,
    elementEnd: number,
  ): number {
    const store = this.#store;
    const list = this.#list;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_LIST);
    if (store.keeping) {
      store.undo.begin(EFFECT.listPop, key, keyStart, keyEnd);
      store.undo.uint8(atHead ? 1 : 0);
      store.undo.end();
    }
    if (atHead && store.large.any) store.large.beforeInsert(root, 0);
    list.push(root, atHead, element, elementStart, elementEnd);
    if (
      this.#changed(
        listpackEntryBytes(element, elementStart, elementEnd),
        elementEnd - elementStart,
      )
    ) {
      store.recorder.begin(EFFECT.listPush, key, keyStart, keyEnd);
      store.recorder.uint8(atHead ? 1 : 0);
      store.recorder.bytes(element, elementStart, elementEnd);
    }
    return list.size;
  }

  /** Takes the element at an end of the key, which is a list, away (read it first), and the key with its last. */
  pop(key: Uint8Array, keyStart: number, keyEnd: number, atHead: boolean): void {
    const store = this.#store;
    const list = this.#list;
    if (store.locate(key, keyStart, keyEnd) === 0) return;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_LIST);
    list.open(root);
    if (list.size === 1) {
      if (!store.removeLocated()) return;
    } else {
      list.seek(atHead ? 0 : list.size - 1);
      const { element } = list;
      const bytes = listpackEntryBytes(element.bytes, element.start, element.end);
      if (store.keeping) {
        store.undo.begin(EFFECT.listPush, key, keyStart, keyEnd);
        store.undo.uint8(atHead ? 1 : 0);
        store.undo.range(element);
        store.undo.end();
      }
      if (store.large.any) store.large.beforeRemove(root, atHead ? 0 : list.size - 1, 1);
      list.pop(root, atHead);
      if (!this.#changed(-bytes, NOTHING_WANTED)) return;
    }
    store.recorder.begin(EFFECT.listPop, key, keyStart, keyEnd);
    store.recorder.uint8(atHead ? 1 : 0);
  }

  /** Puts an element before the one of this index (or, with the size, at the tail) of the key, a list. */
  insert(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    index: number,
    element: Uint8Array,
    elementStart: number,
    elementEnd: number,
  ): void {
    const store = this.#store;
    const list = this.#list;
    if (store.locate(key, keyStart, keyEnd) === 0) return;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_LIST);
    if (store.keeping) {
      store.undo.begin(EFFECT.listRemoveRange, key, keyStart, keyEnd);
      store.undo.integer(index);
      store.undo.integer(1);
      store.undo.end();
    }
    if (store.large.any) store.large.beforeInsert(root, index);
    list.insert(root, index, element, elementStart, elementEnd);
    if (
      this.#changed(
        listpackEntryBytes(element, elementStart, elementEnd),
        elementEnd - elementStart,
      )
    ) {
      store.recorder.begin(EFFECT.listInsert, key, keyStart, keyEnd);
      store.recorder.integer(index);
      store.recorder.bytes(element, elementStart, elementEnd);
    }
  }

  /** Replaces the element of this index of the key, a list. */
  replace(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    index: number,
    element: Uint8Array,
    elementStart: number,
    elementEnd: number,
  ): void {
    const store = this.#store;
    const list = this.#list;
    if (store.locate(key, keyStart, keyEnd) === 0) return;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_LIST);
    list.open(root);
    list.seek(index);
    const old = list.element;
    const oldBytes = listpackEntryBytes(old.bytes, old.start, old.end);
    if (store.keeping) {
      store.undo.begin(EFFECT.listReplace, key, keyStart, keyEnd);
      store.undo.integer(index);
      store.undo.range(old);
      store.undo.end();
    }
    if (store.large.any) store.large.beforeReplace(root, index);
    list.replace(root, index, element, elementStart, elementEnd);
    const bytes = listpackEntryBytes(element, elementStart, elementEnd) - oldBytes;
    if (this.#changed(bytes, elementEnd - elementStart)) {
      store.recorder.begin(EFFECT.listReplace, key, keyStart, keyEnd);
      store.recorder.integer(index);
      store.recorder.bytes(element, elementStart, elementEnd);
    }
  }

  /** Removes `count` elements (as far as there are) from index `from` on, and the key with its last one. */
  removeRange(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    from: number,
    count: number,
  ): void {
    const store = this.#store;
    const list = this.#list;
    if (store.locate(key, keyStart, keyEnd) === 0) return;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_LIST);
    list.open(root);
    const removed = Math.min(count, list.size - from);
    if (removed <= 0) return;
    if (removed === list.size) {
      if (!store.removeLocated()) return;
    } else {
      if (store.keeping) this.#keepRange(key, keyStart, keyEnd, from, removed);
      const bytes = this.#bytesOutside(from, removed) - store.listBytes;
      if (store.large.any) store.large.beforeRemove(root, from, removed);
      list.removeRange(root, from, removed);
      if (!this.#changed(bytes, NOTHING_WANTED)) return;
    }
    store.recorder.begin(EFFECT.listRemoveRange, key, keyStart, keyEnd);
    store.recorder.integer(from);
    store.recorder.integer(removed);
  }

  /**
   * Removes up to `maxCount` elements equal to element[elementStart, elementEnd), from the head or the tail on,
   * of the key, a list, and the key with its last one; returns how many.
   */
  removeEqual(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    element: Uint8Array,
    elementStart: number,
    elementEnd: number,
    maxCount: number,
    fromTail: boolean,
  ): number {
    const store = this.#store;
    const list = this.#list;
    if (store.locate(key, keyStart, keyEnd) === 0) return 0;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_LIST);
    list.open(root);
    const removed = this.#findEqual(element, elementStart, elementEnd, maxCount, fromTail);
    if (removed === 0) return 0;
    if (removed === list.size) {
      if (!store.removeLocated()) return removed;
    } else {
      const kept = store.keeping ? removed : 0;
      this.#keepEqual(key, keyStart, keyEnd, element, elementStart, elementEnd, kept, fromTail);
      if (store.large.any) this.#handOutEqual(root, removed, fromTail);
      list.removeEqual(root, element, elementStart, elementEnd, removed, fromTail);
      const bytes = removed * listpackEntryBytes(element, elementStart, elementEnd);
      if (!this.#changed(-bytes, NOTHING_WANTED)) return removed;
    }
    store.recorder.begin(EFFECT.listRemoveEqual, key, keyStart, keyEnd);
    store.recorder.integer(removed);
    store.recorder.uint8(fromTail ? 1 : 0);
    store.recorder.bytes(element, elementStart, elementEnd);
    return removed;
  }

  /**
   * The list has been changed: by so many bytes of the listpack that Redis would have made of it, for which it
   * asked for room of `wantedBytes` before. True when the effect is to be recorded.
   */
  #changed(listpackBytes: number, wantedBytes: number): boolean {
    const store = this.#store;
    const list = this.#list;
    const changed = list.root;
    list.open(changed);
    const before = store.listBytes;
    const { limits, encoding } = store;
    let after = encoding;
    if (wantedBytes !== NOTHING_WANTED) {
      after = listEncodingAfterGrowing(after, limits, before + wantedBytes, list.size);
    }
    if (listpackBytes < 0) {
      after = listEncodingAfterShrinking(after, limits, before + listpackBytes, list.size);
    }
    if (after !== encoding) store.setEncoding(after);
    store.listBytes = before + listpackBytes;
    return store.changed(changed);
  }

  /** Listpack bytes of the open list without [from, from + count): counted at the cheaper side. */
  #bytesOutside(from: number, count: number): number {
    const list = this.#list;
    const { element } = list;
    const inside = count * 2 <= list.size;
    let bytes = inside ? this.#store.listBytes : EMPTY_LISTPACK_BYTES;
    let more = list.seek(inside ? from : 0);
    for (let index = inside ? from : 0; more; index++) {
      const within = index >= from && index < from + count;
      if (inside && !within) break;
      if (!inside && within) {
        index = from + count - 1;
        more = list.seek(from + count);
        continue;
      }
      const entry = listpackEntryBytes(element.bytes, element.start, element.end);
      bytes += inside ? -entry : entry;
      more = list.next();
    }
    return bytes;
  }

  /**
   * Counts the elements that are equal, up to `maxCount`, and notes the indexes of the first MOST_KEPT_ELEMENTS that
   * it meets.
   */
  #findEqual(
    bytes: Uint8Array,
    start: number,
    end: number,
    maxCount: number,
    fromTail: boolean,
  ): number {
    const list = this.#list;
    const { element } = list;
    const found = this.#found;
    let count = 0;
    let index = fromTail ? list.size - 1 : 0;
    let more = list.seek(index);
    while (more && count < maxCount) {
      if (equalBytes(element.bytes, element.start, element.end, bytes, start, end)) {
        if (count < MOST_KEPT_ELEMENTS) found[count] = index;
        count++;
      }
      more = fromTail ? list.previous() : list.next();
      index += fromTail ? -1 : 1;
    }
    return count;
  }

  /** Tells the running walk that the elements which #findEqual has noted are removed. */
  #handOutEqual(root: number, count: number, fromTail: boolean): void {
    const { large } = this.#store;
    if (count > MOST_KEPT_ELEMENTS) {
      large.beforeAll(root);
      return;
    }
    // from the last on, so that those before keep their indexes
    for (let i = 0; i < count; i++) {
      large.beforeRemove(root, this.#found[fromTail ? i : count - 1 - i], 1);
    }
  }

  /** What is undone last is noted first: the elements are put back from the first to the last. */
  #keepRange(key: Uint8Array, keyStart: number, keyEnd: number, from: number, count: number): void {
    const { undo } = this.#store;
    const list = this.#list;
    if (count > MOST_KEPT_ELEMENTS) {
      undo.giveUp();
      return;
    }
    let more = list.seek(from + count - 1);
    for (let index = from + count - 1; more && index >= from; index--) {
      undo.begin(EFFECT.listInsert, key, keyStart, keyEnd);
      undo.integer(index);
      undo.range(list.element);
      undo.end();
      more = list.previous();
    }
  }

  /** The same for `count` equal elements that #findEqual has noted. */
  #keepEqual(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    element: Uint8Array,
    elementStart: number,
    elementEnd: number,
    count: number,
    fromTail: boolean,
  ): void {
    const { undo } = this.#store;
    if (count > MOST_KEPT_ELEMENTS) {
      undo.giveUp();
      return;
    }
    const found = this.#found;
    for (let i = 0; i < count; i++) {
      undo.begin(EFFECT.listInsert, key, keyStart, keyEnd);
      undo.integer(found[fromTail ? i : count - 1 - i]);
      undo.bytes(element, elementStart, elementEnd);
      undo.end();
    }
  }
}
