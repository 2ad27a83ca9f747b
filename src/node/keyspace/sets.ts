/**
 * Sets as commands see them. Reading is about the set that `Keyspace.find` went to last, or `open` did;
 * `member` is a position, valid until the next change of anything. A change takes the key, records the effect,
 * raises the hazard, and leaves the changed set open.
 */
import type { ByteRange } from '#base/byte-range.ts';
import type { Prng } from '#base/prng.ts';
import type { SetValue } from '#node/data/set.ts';
import { EFFECT } from './effects.ts';
import { ENCODING_LARGE, TYPE_SET } from './record.ts';
import { setEncodingAfterAdd } from './encodings.ts';
import type { Store } from './store.ts';

export class Sets {
  /** Where the reading methods stand. */
  readonly member: ByteRange;
  readonly #store: Store;
  readonly #set: SetValue;

  constructor(store: Store) {
    this.#store = store;
    this.#set = store.values.set;
    this.member = this.#set.member;
  }

  /** Reading is about the set of this record (`Keyspace.found`) from now on. */
  open(record: number): void {
    this.#set.open(this.#store.rootOf(record));
  }

  /** Members of the open set. */
  get size(): number {
    return this.#set.size;
  }

  /** Is bytes[start, end) in the open set? Goes to it. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#set.has(bytes, start, end);
  }

  /** Is bytes[start, end) in the set of this record? Neither opens it nor moves the position. */
  contains(record: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#set.contains(this.#store.rootOf(record), bytes, start, end);
  }

  /** Goes to the first member; false when there is none. */
  first(): boolean {
    return this.#set.first();
  }

  /** Goes to the member after the one that `first` or `next` went to. */
  next(): boolean {
    return this.#set.next();
  }

  /** Goes to some member, nearly uniformly. */
  random(random: Prng): boolean {
    return this.#set.random(random);
  }

  /** A step of a walk (SSCAN): goes to about `count` members and calls `visit` at each; the next cursor. */
  scan(cursor: number, count: number, visit: () => void): number {
    return this.#set.scan(cursor, count, visit);
  }

  /** Adds a member to the key, which is a set or not there; false when it is in it already. */
  add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    member: Uint8Array,
    memberStart: number,
    memberEnd: number,
  ): boolean {
    const store = this.#store;
    const set = this.#set;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_SET);
    if (!set.add(root, member, memberStart, memberEnd)) return false;
    if (store.keeping) {
      store.undo.begin(EFFECT.setRemove, key, keyStart, keyEnd);
      store.undo.bytes(member, memberStart, memberEnd);
      store.undo.end();
    }
    if (store.encoding !== ENCODING_LARGE) {
      const { encoding, limits } = store;
      store.setEncoding(
        setEncodingAfterAdd(encoding, limits, set.size, member, memberStart, memberEnd),
      );
    }
    if (store.changed(set.root)) {
      store.recorder.begin(EFFECT.setAdd, key, keyStart, keyEnd);
      store.recorder.bytes(member, memberStart, memberEnd);
    }
    return true;
  }

  /** Removes a member, and the key with its last one; false when it is not in it. */
  remove(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    member: Uint8Array,
    memberStart: number,
    memberEnd: number,
  ): boolean {
    const store = this.#store;
    const set = this.#set;
    const root = store.locateRoot(key, keyStart, keyEnd);
    if (root === 0) return false;
    store.openForChange(key, keyStart, keyEnd, TYPE_SET);
    set.open(root);
    if (set.size === 1) {
      if (!set.has(member, memberStart, memberEnd)) return false;
      if (!store.removeLocated()) return true;
    } else {
      if (store.large.any) store.large.beforeElement(root, member, memberStart, memberEnd);
      if (!set.remove(root, member, memberStart, memberEnd)) return false;
      if (store.keeping) {
        store.undo.begin(EFFECT.setAdd, key, keyStart, keyEnd);
        store.undo.bytes(member, memberStart, memberEnd);
        store.undo.end();
      }
      if (!store.changed(set.root)) return true;
    }
    store.recorder.begin(EFFECT.setRemove, key, keyStart, keyEnd);
    store.recorder.bytes(member, memberStart, memberEnd);
    return true;
  }
}
