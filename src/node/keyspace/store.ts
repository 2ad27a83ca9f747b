/**
 * The keys and values themselves, with their indexes by name, by slot and by expiry, and the memory account.
 * Changes are raw: no effect is recorded, no hazard raised and no time looked at; `keyspace.ts` does that on
 * a primary, and on a replica `effects.ts` applies what a primary recorded.
 *
 * Invariants: every record is in the table and in its slot's list; it is in `expiring` if and only if it has
 * an expiry; `memoryBytes` is the sum over all records; a hash without fields does not exist.
 */
import { invariant } from '#base/invariant.ts';
import type { Prng } from '#base/prng.ts';
import { SLOT_COUNT, slotOfKey } from '#base/slot.ts';
import { ByteTable } from '#node/data/byte-table.ts';
import { HashValue, type PackedLimits } from '#node/data/hash.ts';
import { halfSipHash } from '#node/data/half-sip-hash.ts';
import { KeyRecord, type StringEncoding } from './record.ts';
import type { Watches } from './watches.ts';

export class KeyStore {
  memoryBytes = 0;
  nowSeconds = 0;
  readonly packedLimits: PackedLimits = { entries: 512, valueBytes: 64 };
  /** Records with an expiry, in no order. */
  readonly expiring: KeyRecord[] = [];
  readonly #hashSeed: readonly [number, number];
  readonly #key0: number;
  readonly #key1: number;
  readonly #watches: Watches;
  readonly #table = new ByteTable<KeyRecord>();
  readonly #slotFirst: (KeyRecord | null)[] = Array.from({ length: SLOT_COUNT }, () => null);
  readonly #slotCount = new Uint32Array(SLOT_COUNT);

  constructor(hashSeed: readonly [number, number], watches: Watches) {
    this.#hashSeed = hashSeed;
    [this.#key0, this.#key1] = hashSeed;
    this.#watches = watches;
  }

  get size(): number {
    return this.#table.size;
  }

  hashOf(bytes: Uint8Array, start: number, end: number): number {
    return halfSipHash(bytes, start, end, this.#key0, this.#key1);
  }

  find(bytes: Uint8Array, start: number, end: number, hash: number): KeyRecord | undefined {
    return this.#table.find(bytes, start, end, hash);
  }

  records(): Iterable<KeyRecord> {
    return this.#table;
  }

  scan(cursor: number, count: number, out: KeyRecord[]): number {
    return this.#table.scan(cursor, count, out);
  }

  random(random: Prng): KeyRecord | undefined {
    return this.#table.random(random);
  }

  slotSize(slot: number): number {
    return this.#slotCount[slot];
  }

  slotFirst(slot: number): KeyRecord | null {
    return this.#slotFirst[slot];
  }

  /** The record of a key, made as an empty string without expiry when it is not there. */
  #obtain(key: Uint8Array, start: number, end: number, hash: number): KeyRecord {
    const old = this.#table.find(key, start, end, hash);
    if (old !== undefined) return old;
    const slot = slotOfKey(key, start, end);
    const record = new KeyRecord(key.slice(start, end), hash, slot, this.nowSeconds);
    this.#table.insert(record);
    const next = this.#slotFirst[slot];
    record.nextInSlot = next;
    if (next !== null) next.previousInSlot = record;
    this.#slotFirst[slot] = record;
    this.#slotCount[slot]++;
    this.memoryBytes += record.memoryBytes;
    return record;
  }

  /** The key becomes the string value[valueStart, valueEnd), whatever it was, with this expiry (0: none). */
  setString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    encoding: StringEncoding,
    expiresAtMs: number,
  ): void {
    const record = this.#obtain(key, keyStart, keyEnd, hash);
    const length = valueEnd - valueStart;
    if (record.fields !== null) {
      this.memoryBytes -= record.fields.memoryBytes;
      record.fields = null;
    }
    if (length === record.value.length && value !== record.value) {
      // in place: spares the garbage collector a buffer for every overwrite
      const to = record.value;
      if (length < 64) for (let i = 0; i < length; i++) to[i] = value[valueStart + i];
      else to.set(value.subarray(valueStart, valueEnd));
    } else {
      this.memoryBytes += length - record.value.length;
      record.value = value.slice(valueStart, valueEnd);
    }
    record.encoding = encoding;
    record.accessedAtSeconds = this.nowSeconds;
    if (record.expiresAtMs !== expiresAtMs) this.#setExpiry(record, expiresAtMs);
    this.#changed(record);
  }

  /**
   * Writes value[valueStart, valueEnd) into the key's string at `offset`, with zeros up to there when it is
   * shorter; a key that is not there is made. Returns the new length in bytes.
   */
  overwrite(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    offset: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): number {
    const record = this.#obtain(key, keyStart, keyEnd, hash);
    invariant(record.fields === null, 'only a string is written into');
    const end = offset + valueEnd - valueStart;
    const old = record.value;
    if (end > old.length) {
      record.value = new Uint8Array(end);
      record.value.set(old);
      this.memoryBytes += end - old.length;
    }
    record.value.set(value.subarray(valueStart, valueEnd), offset);
    record.encoding = 'raw';
    record.accessedAtSeconds = this.nowSeconds;
    this.#changed(record);
    return record.value.length;
  }

  /** Removes the record. `expired`: its time was over, which watchers of a dead key do not count as a change. */
  delete(record: KeyRecord, expired = false): void {
    this.memoryBytes -= record.memoryBytes;
    if (record.expiresAtMs !== 0) this.#setExpiry(record, 0);
    const { previousInSlot, nextInSlot, slot } = record;
    if (previousInSlot === null) this.#slotFirst[slot] = nextInSlot;
    else previousInSlot.nextInSlot = nextInSlot;
    if (nextInSlot !== null) nextInSlot.previousInSlot = previousInSlot;
    this.#slotCount[slot]--;
    this.#table.remove(record);
    if (!expired) this.#changed(record);
  }

  setExpiry(record: KeyRecord, expiresAtMs: number): void {
    this.#setExpiry(record, expiresAtMs);
    this.#changed(record);
  }

  /** Sets a field of the key, which is a hash or not there; true when the field is new. */
  hashSet(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    hash: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    let record = this.#table.find(key, keyStart, keyEnd, hash);
    if (record === undefined) {
      record = this.#obtain(key, keyStart, keyEnd, hash);
      record.fields = new HashValue(this.#hashSeed);
    }
    const { fields } = record;
    invariant(fields !== null, 'fields are set in a hash');
    const before = fields.memoryBytes;
    const limits = this.packedLimits;
    const isNew = fields.set(field, fieldStart, fieldEnd, value, valueStart, valueEnd, limits);
    this.memoryBytes += fields.memoryBytes - before;
    record.accessedAtSeconds = this.nowSeconds;
    this.#changed(record);
    return isNew;
  }

  /** Removes a field of a hash, and the key with its last field; false when the field is not there. */
  hashDelete(record: KeyRecord, field: Uint8Array, start: number, end: number): boolean {
    const { fields } = record;
    invariant(fields !== null, 'fields are removed from a hash');
    const before = fields.memoryBytes;
    if (!fields.delete(field, start, end)) return false;
    this.memoryBytes += fields.memoryBytes - before;
    if (fields.size === 0) this.delete(record);
    else this.#changed(record);
    return true;
  }

  /** Moves value and expiry of `from` to the name `key`, replacing what is there. */
  rename(from: KeyRecord, key: Uint8Array, start: number, end: number, hash: number): void {
    const { value, fields, encoding, expiresAtMs } = from;
    this.delete(from);
    this.#replace(key, start, end, hash, value, fields, encoding, expiresAtMs);
  }

  /** Gives the name `key` a copy of value and expiry of `from`, replacing what is there. */
  copy(from: KeyRecord, key: Uint8Array, start: number, end: number, hash: number): void {
    const fields = from.fields === null ? null : from.fields.copy();
    const { encoding, expiresAtMs } = from;
    this.#replace(key, start, end, hash, from.value.slice(), fields, encoding, expiresAtMs);
  }

  #replace(
    key: Uint8Array,
    start: number,
    end: number,
    hash: number,
    value: Uint8Array,
    fields: HashValue | null,
    encoding: StringEncoding,
    expiresAtMs: number,
  ): void {
    const record = this.#obtain(key, start, end, hash);
    this.memoryBytes -= record.memoryBytes;
    record.value = value;
    record.fields = fields;
    record.encoding = encoding;
    record.accessedAtSeconds = this.nowSeconds;
    this.memoryBytes += record.memoryBytes;
    this.#setExpiry(record, expiresAtMs);
    this.#changed(record);
  }

  /** Removes every key of the slot; returns how many. */
  dropSlot(slot: number): number {
    const count = this.#slotCount[slot];
    for (let record = this.#slotFirst[slot]; record !== null; ) {
      const next: KeyRecord | null = record.nextInSlot;
      this.delete(record);
      record = next;
    }
    return count;
  }

  /** Removes everything; watched keys that were there count as changed. */
  clear(): void {
    for (const key of this.#watches.keys()) {
      const hash = this.hashOf(key, 0, key.length);
      if (this.#table.find(key, 0, key.length, hash) !== undefined) this.#watches.changed(key);
    }
    this.#table.clear();
    this.#slotFirst.fill(null);
    this.#slotCount.fill(0);
    this.expiring.length = 0;
    this.memoryBytes = 0;
  }

  #changed(record: KeyRecord): void {
    if (this.#watches.any) this.#watches.changed(record.key);
  }

  #setExpiry(record: KeyRecord, expiresAtMs: number): void {
    const { expiring } = this;
    const had = record.expiresAtMs !== 0;
    record.expiresAtMs = expiresAtMs;
    if (had === (expiresAtMs !== 0)) return;
    if (!had) {
      record.expiryPlace = expiring.length;
      expiring.push(record);
      return;
    }
    const last = expiring.pop();
    if (last !== undefined && last !== record) {
      expiring[record.expiryPlace] = last;
      last.expiryPlace = record.expiryPlace;
    }
    record.expiryPlace = -1;
  }
}
