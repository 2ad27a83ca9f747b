/**
 * Hashes as commands see them. Reading is about the hash that `Keyspace.find` went to last, or `open` did;
 * `field` and `value` are positions, valid until the next change of anything. A change takes the key, records
 * the effect, raises the hazard, and leaves the changed hash open.
 */
import type { ByteRange } from '#base/byte-range.ts';
import type { Prng } from '#base/prng.ts';
import type { Hash } from '#node/data/hash.ts';
import { EFFECT } from './effects.ts';
import { ENCODING_LARGE, TYPE_HASH } from './record.ts';
import type { Store } from './store.ts';

export class Hashes {
  /** Where the reading methods stand: a field's name. */
  readonly field: ByteRange;
  /** Where the reading methods stand: a field's value. */
  readonly value: ByteRange;
  readonly #store: Store;
  readonly #hash: Hash;

  constructor(store: Store) {
    this.#store = store;
    this.#hash = store.values.hash;
    this.field = this.#hash.field;
    this.value = this.#hash.value;
  }

  /** Reading is about the hash of this record (`Keyspace.found`) from now on. */
  open(record: number): void {
    this.#hash.open(this.#store.rootOf(record));
  }

  /** Fields of the open hash. */
  get size(): number {
    return this.#hash.size;
  }

  /** Goes to the field bytes[start, end); false when it is not there. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#hash.find(bytes, start, end);
  }

  /** Goes to the first field; false when there is none. */
  first(): boolean {
    return this.#hash.first();
  }

  /** Goes to the field after the one that `first` or `next` went to. */
  next(): boolean {
    return this.#hash.next();
  }

  /** Goes to some field, nearly uniformly. */
  random(random: Prng): boolean {
    return this.#hash.random(random);
  }

  /** A step of a walk (HSCAN): goes to about `count` fields and calls `visit` at each; the next cursor. */
  scan(cursor: number, count: number, visit: () => void): number {
    return this.#hash.scan(cursor, count, visit);
  }

  /** Sets a field of the key, which is a hash or not there; true when the field is new. */
  set(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const store = this.#store;
    const hash = this.#hash;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_HASH);
    const isNew = !hash.seek(root, field, fieldStart, fieldEnd);
    if (store.keeping) this.#keep(key, keyStart, keyEnd, field, fieldStart, fieldEnd, isNew);
    if (store.large.any) store.large.beforeElement(root, field, fieldStart, fieldEnd);
    hash.put(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    if (store.encoding !== ENCODING_LARGE) {
      const most = store.limits.hashMaxListpackValue;
      if (
        fieldEnd - fieldStart > most ||
        valueEnd - valueStart > most ||
        hash.size > store.limits.hashMaxListpackEntries
      ) {
        store.setEncoding(ENCODING_LARGE);
      }
    }
    if (store.changed(hash.root)) {
      const { recorder } = store;
      recorder.begin(EFFECT.hashSet, key, keyStart, keyEnd);
      recorder.bytes(field, fieldStart, fieldEnd);
      recorder.bytes(value, valueStart, valueEnd);
    }
    return isNew;
  }

  /** Removes a field of the key, and the key with its last field; false when it is not there. */
  delete(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
  ): boolean {
    const store = this.#store;
    const hash = this.#hash;
    const root = store.locateRoot(key, keyStart, keyEnd);
    if (root === 0) return false;
    if (!hash.seek(root, field, fieldStart, fieldEnd)) return false;
    store.beforeChange();
    if (hash.size === 1) {
      if (!store.removeLocated()) return true;
    } else {
      if (store.keeping) this.#keep(key, keyStart, keyEnd, field, fieldStart, fieldEnd, false);
      if (store.large.any) store.large.beforeElement(root, field, fieldStart, fieldEnd);
      hash.removeSought();
      if (!store.changed(hash.root)) return true;
    }
    store.recorder.begin(EFFECT.hashDelete, key, keyStart, keyEnd);
    store.recorder.bytes(field, fieldStart, fieldEnd);
    return true;
  }

  /** Notes how to undo a change of the field sought last. */
  #keep(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    isNew: boolean,
  ): void {
    const { undo } = this.#store;
    undo.begin(isNew ? EFFECT.hashDelete : EFFECT.hashSet, key, keyStart, keyEnd);
    undo.bytes(field, fieldStart, fieldEnd);
    if (!isNew) {
      this.#hash.goToSought();
      undo.range(this.#hash.value);
    }
    undo.end();
  }
}
