/**
 * The keyspace of one shard as commands see it. It notes every hazard and records every effect by itself, so
 * no command can forget either (rules W2, W8):
 *
 * - Looking a key up raises `waitIndex` to the key's hazard. On a primary a key past its time is deleted, and
 *   that is logged; on a replica it is only hidden.
 * - Changing a key appends the effect to `effects` and makes it a hazard at `openIndex`.
 *
 * Keys and values are byte ranges, never strings. What a look-up found is read from the fields below it, and
 * is valid until the next call here. A change takes the key again, which may stand elsewhere by then.
 */
import { ByteWriter, fromLatin1, latin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { slotOfKey } from '#base/slot.ts';
import type { HashReader, PackedLimits } from '#node/data/hash.ts';
import { HashValue } from '#node/data/hash.ts';
import { digestRecords } from './digest.ts';
import { EFFECT, EffectApplier, EffectWriter } from './effects.ts';
import { Hazards } from './hazards.ts';
import type { KeyRecord, KeyType, StringEncoding } from './record.ts';
import { KeyStore } from './store.ts';
import { Watches, type WatchToken } from './watches.ts';

export type { KeyType, StringEncoding } from './record.ts';
export type { WatchToken } from './watches.ts';

const NONE = new Uint8Array(0);
const NO_FIELDS: HashReader = new HashValue([0, 0]);

/** Called with each key of a walk: its name is bytes[start, end). */
export type KeyVisitor = (bytes: Uint8Array, start: number, end: number, type: KeyType) => void;

export class Keyspace {
  role: 'primary' | 'replica' = 'primary';
  /** Effects are recorded; true on a primary. */
  recording = true;
  /** Encoded effects since the shard last took them; the shard clears it. */
  readonly effects = new ByteWriter(4096);
  /** The log index that effects made now will have. */
  openIndex = 1;
  /** The highest index that what was read or changed since {@link beginCommand} depends on; 0 for none. */
  waitIndex = 0;
  /** For RANDOMKEY and the like; nothing that is logged depends on it. */
  readonly random: Prng;
  /** Counts since start: accesses that found their key or did not, keys deleted for their expiry. */
  readonly statistics = { hits: 0, misses: 0, expired: 0 };

  /** Of what {@link find} found: valueBytes[valueStart, valueEnd) if it is a string. */
  valueBytes: Uint8Array = NONE;
  readonly valueStart = 0;
  valueEnd = 0;
  /** Of a string: how OBJECT ENCODING names it. */
  encoding: StringEncoding = 'auto';
  /** Milliseconds since the epoch; 0 when it does not expire. */
  expiresAtMs = 0;
  /** Seconds since the epoch of its last access before this. */
  accessedAtSeconds = 0;
  /** Its fields if it is a hash; read only, changed by {@link hashSet} and {@link hashDelete}. */
  hash: HashReader = NO_FIELDS;

  #nowMs = 0;
  #expiryPlace = 0;
  readonly #watches = new Watches();
  readonly #hazards = new Hazards();
  readonly #store: KeyStore;
  readonly #applier: EffectApplier;
  readonly #recorder = new EffectWriter(this.effects);
  readonly #scanned: KeyRecord[] = [];

  /** @param options.hashSeed two 32-bit integers that clients cannot know; the same on all members. */
  constructor(options: { readonly hashSeed: readonly [number, number] }) {
    const { hashSeed } = options;
    this.random = new Prng(hashSeed[0] ^ hashSeed[1]);
    this.#store = new KeyStore(hashSeed, this.#watches);
    this.#applier = new EffectApplier(this.#store);
  }

  /** Shard time in milliseconds since the epoch, set before each run; never goes back. */
  get nowMs(): number {
    return this.#nowMs;
  }

  set nowMs(value: number) {
    this.#nowMs = value;
    this.#store.nowSeconds = Math.floor(value / 1000);
  }

  /** Keys, those past their time but not deleted yet included (as DBSIZE counts). */
  get size(): number {
    return this.#store.size;
  }

  /** Keys that have an expiry. */
  get expiringCount(): number {
    return this.#store.expiring.length;
  }

  /** An estimate of the memory that keys and values take, in bytes. */
  get memoryBytes(): number {
    return this.#store.memoryBytes;
  }

  /** Above these OBJECT ENCODING calls a hash `hashtable`; may be changed at any time. */
  get packedLimits(): PackedLimits {
    return this.#store.packedLimits;
  }

  /** A command or unit starts: nothing has been noted. */
  beginCommand(_slot = -1): void {
    this.waitIndex = 0;
  }

  /** Everything at or below `index` is committed: its hazards are over. */
  committed(index: number): void {
    this.#hazards.committed(index);
  }

  /** Applies bytes[start, end) of another member's (or an earlier life's) effects. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    invariant(!this.recording, 'effects are applied where none are recorded');
    this.#applier.apply(bytes, start, end);
  }

  /** Forgets all keys, hazards and recorded effects; nothing is logged. For a rebuild from the log. */
  clear(): void {
    this.#store.clear();
    this.#hazards.clear();
    this.effects.clear();
    this.waitIndex = 0;
  }

  /** 32 hexadecimal digits that depend on names, types, expiries and contents alone. */
  digest(): string {
    return digestRecords(this.#store.records());
  }

  // Looking up

  /** Looks the key up and counts that as an access. The result's parts are in the fields above. */
  find(bytes: Uint8Array, start: number, end: number): KeyType {
    const record = this.#lookUp(bytes, start, end);
    if (record === undefined) {
      this.statistics.misses++;
      return 'none';
    }
    this.statistics.hits++;
    const type = this.#show(record);
    record.accessedAtSeconds = this.#store.nowSeconds;
    return type;
  }

  /** As {@link find}, but no access is counted (TTL, TYPE, OBJECT…). */
  peek(bytes: Uint8Array, start: number, end: number): KeyType {
    const record = this.#lookUp(bytes, start, end);
    return record === undefined ? 'none' : this.#show(record);
  }

  /**
   * A step of a walk over all keys (SCAN): calls `visit` for about `count` keys that are not past their time
   * and returns the cursor to go on with; it starts and ends with 0. `visit` must not change the keyspace.
   */
  scan(cursor: number, count: number, visit: KeyVisitor): number {
    const scanned = this.#scanned;
    scanned.length = 0;
    const next = this.#store.scan(cursor, count, scanned);
    for (const record of scanned) {
      if (this.#isPast(record)) this.#expire(record);
      else visit(record.key, 0, record.key.length, record.type);
    }
    scanned.length = 0;
    return next;
  }

  /** Calls `visit` for every key that is not past its time. `visit` must not change the keyspace. */
  forEachKey(visit: KeyVisitor): void {
    for (const record of this.#store.records()) {
      if (!this.#isPast(record)) visit(record.key, 0, record.key.length, record.type);
    }
  }

  /** A copy of some key that is not past its time; null when none is found. */
  randomKey(): Uint8Array | null {
    // on a replica nothing that is past goes away: give up after as many tries as Redis does
    for (let attempt = 0; attempt < 100 || this.role === 'primary'; attempt++) {
      const record = this.#store.random(this.random);
      if (record === undefined) return null;
      if (!this.#isPast(record)) return record.key.slice();
      this.#expire(record);
    }
    return null;
  }

  countKeysInSlot(slot: number): number {
    return this.#store.slotSize(slot);
  }

  /** Copies of at most `limit` keys of the slot. */
  keysInSlot(slot: number, limit: number): Uint8Array[] {
    const keys: Uint8Array[] = [];
    let record = this.#store.slotFirst(slot);
    for (; record !== null && keys.length < limit; record = record.nextInSlot) {
      keys.push(record.key.slice());
    }
    return keys;
  }

  // Changing

  /**
   * The key becomes the string value[valueStart, valueEnd), whatever it was.
   * @param expiresAtMs milliseconds since the epoch; 0 for never.
   */
  setString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    encoding: StringEncoding = 'auto',
  ): void {
    const hash = this.#store.hashOf(key, keyStart, keyEnd);
    this.#store.setString(
      key,
      keyStart,
      keyEnd,
      hash,
      value,
      valueStart,
      valueEnd,
      encoding,
      expiresAtMs,
    );
    if (!this.#note(hash)) return;
    this.#recorder.set(key, keyStart, keyEnd, value, valueStart, valueEnd, encoding, expiresAtMs);
  }

  /**
   * Writes value[valueStart, valueEnd) at `offset` into the key, which is a string or not there; what is
   * missing up to `offset` becomes zeros. Its expiry stays. Returns the string's new length.
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
    const hash = this.#store.hashOf(key, keyStart, keyEnd);
    const length = this.#store.overwrite(
      key,
      keyStart,
      keyEnd,
      hash,
      offset,
      value,
      valueStart,
      valueEnd,
    );
    if (this.#note(hash)) {
      this.#recorder.begin(EFFECT.overwrite, key, keyStart, keyEnd);
      this.#recorder.integer(offset);
      this.#recorder.bytes(value, valueStart, valueEnd);
    }
    return length;
  }

  /** Deletes the key; false when it is not there. */
  delete(bytes: Uint8Array, start: number, end: number): boolean {
    const record = this.#lookUp(bytes, start, end);
    if (record === undefined) return false;
    this.#store.delete(record);
    if (this.#note(record.hash)) this.#recorder.begin(EFFECT.delete, bytes, start, end);
    return true;
  }

  /** Sets the expiry (ms since the epoch; 0 for never) of a key; false when it is not there. */
  setExpiry(bytes: Uint8Array, start: number, end: number, expiresAtMs: number): boolean {
    const record = this.#lookUp(bytes, start, end);
    if (record === undefined) return false;
    this.#store.setExpiry(record, expiresAtMs);
    if (this.#note(record.hash)) this.#recorder.setExpiry(bytes, start, end, expiresAtMs);
    return true;
  }

  /** Gives a key, which is there, the other name, with value and expiry; what has that name goes. */
  rename(
    from: Uint8Array,
    fromStart: number,
    fromEnd: number,
    to: Uint8Array,
    toStart: number,
    toEnd: number,
  ): void {
    const record = this.#lookUp(from, fromStart, fromEnd);
    invariant(record !== undefined, 'the key that is renamed is there');
    const hash = this.#store.hashOf(to, toStart, toEnd);
    this.#store.rename(record, to, toStart, toEnd, hash);
    this.#note(record.hash);
    if (!this.#note(hash)) return;
    this.#recorder.begin(EFFECT.rename, from, fromStart, fromEnd);
    this.#recorder.bytes(to, toStart, toEnd);
  }

  /** Copies a key, which is there, to the other name, with value and expiry; what has that name goes. */
  copy(
    from: Uint8Array,
    fromStart: number,
    fromEnd: number,
    to: Uint8Array,
    toStart: number,
    toEnd: number,
  ): void {
    const record = this.#lookUp(from, fromStart, fromEnd);
    invariant(record !== undefined, 'the key that is copied is there');
    const hash = this.#store.hashOf(to, toStart, toEnd);
    this.#store.copy(record, to, toStart, toEnd, hash);
    if (!this.#note(hash)) return;
    this.#recorder.begin(EFFECT.copy, from, fromStart, fromEnd);
    this.#recorder.bytes(to, toStart, toEnd);
  }

  /** Sets a field of the key, which is a hash or not there; true when the field is new. */
  hashSet(
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
    const hash = this.#store.hashOf(key, keyStart, keyEnd);
    const isNew = this.#store.hashSet(
      key,
      keyStart,
      keyEnd,
      hash,
      field,
      fieldStart,
      fieldEnd,
      value,
      valueStart,
      valueEnd,
    );
    if (this.#note(hash)) {
      this.#recorder.begin(EFFECT.hashSet, key, keyStart, keyEnd);
      this.#recorder.bytes(field, fieldStart, fieldEnd);
      this.#recorder.bytes(value, valueStart, valueEnd);
    }
    return isNew;
  }

  /** Removes a field of the key, which is a hash, and the key with its last field; false when not there. */
  hashDelete(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
  ): boolean {
    const record = this.#lookUp(key, keyStart, keyEnd);
    if (record === undefined) return false;
    if (!this.#store.hashDelete(record, field, fieldStart, fieldEnd)) return false;
    if (this.#note(record.hash)) {
      this.#recorder.begin(EFFECT.hashDelete, key, keyStart, keyEnd);
      this.#recorder.bytes(field, fieldStart, fieldEnd);
    }
    return true;
  }

  /** Deletes all keys; every key, there or not, becomes a hazard. */
  flushAll(): void {
    this.#store.clear();
    if (!this.recording) return;
    this.#hazards.raiseAll(this.openIndex);
    this.waitIndex = this.openIndex;
    this.#recorder.flushAll();
  }

  /** Deletes all keys of the slot, which becomes a hazard as a whole; returns how many there were. */
  dropSlot(slot: number): number {
    const count = this.#store.dropSlot(slot);
    if (this.recording) {
      this.#hazards.raiseSlot(slot, this.openIndex);
      this.waitIndex = this.openIndex;
      this.#recorder.dropSlot(slot);
    }
    return count;
  }

  /**
   * Looks at up to `maxKeys` keys that have an expiry, each call at the next ones, and deletes those that are
   * past it. Returns how many it deleted. On a primary only.
   */
  expireSlice(maxKeys: number): number {
    invariant(this.role === 'primary', 'only a primary expires keys');
    const { expiring } = this.#store;
    let deleted = 0;
    for (let looked = 0; looked < maxKeys && expiring.length > 0; looked++) {
      if (this.#expiryPlace >= expiring.length) this.#expiryPlace = 0;
      const record = expiring[this.#expiryPlace];
      if (this.#isPast(record)) {
        // the last one of the list takes its place and is looked at next
        this.#expire(record);
        deleted++;
      } else {
        this.#expiryPlace++;
      }
    }
    return deleted;
  }

  // Watching

  /** Remembers the state of the key; give the token back by {@link unwatch}. */
  watch(bytes: Uint8Array, start: number, end: number): WatchToken {
    const record = this.#lookUp(bytes, start, end);
    return this.#watches.add(latin1(bytes, start, end), record !== undefined);
  }

  unwatch(token: WatchToken): void {
    this.#watches.remove(token);
  }

  /**
   * Has the key been changed since it was watched, or has its time passed? A key that was dead then and is
   * deleted for that has not changed. Notes the key's hazard: an EXEC that aborts has read it.
   */
  modifiedSince(token: WatchToken): boolean {
    const key = fromLatin1(token.key);
    const isThere = this.#lookUp(key, 0, key.length) !== undefined;
    return (token.wasThere && !isThere) || this.#watches.changedSince(token);
  }

  #lookUp(bytes: Uint8Array, start: number, end: number): KeyRecord | undefined {
    const hash = this.#store.hashOf(bytes, start, end);
    const record = this.#store.find(bytes, start, end, hash);
    this.#waitForHazard(hash, bytes, start, end);
    if (record === undefined || !this.#isPast(record)) return record;
    this.#expire(record);
    return undefined;
  }

  #waitForHazard(hash: number, bytes: Uint8Array, start: number, end: number): void {
    const index = this.#hazards.ofKey(hash);
    if (index > this.waitIndex) this.waitIndex = index;
    if (!this.#hazards.anySlot) return;
    const slotIndex = this.#hazards.ofSlot(slotOfKey(bytes, start, end));
    if (slotIndex > this.waitIndex) this.waitIndex = slotIndex;
  }

  #isPast(record: KeyRecord): boolean {
    return record.expiresAtMs !== 0 && record.expiresAtMs < this.#nowMs;
  }

  /** The time of the record is over: deletes it on a primary, leaves it on a replica. */
  #expire(record: KeyRecord): void {
    if (this.role === 'replica') return;
    this.statistics.expired++;
    this.#store.delete(record, true);
    const { key, hash } = record;
    if (this.#note(hash)) this.#recorder.begin(EFFECT.expired, key, 0, key.length);
  }

  /** The key with this hash was changed; true when the effect is to be recorded. */
  #note(hash: number): boolean {
    if (!this.recording) return false;
    this.#hazards.raise(hash, this.openIndex);
    this.waitIndex = this.openIndex;
    return true;
  }

  #show(record: KeyRecord): KeyType {
    this.expiresAtMs = record.expiresAtMs;
    this.accessedAtSeconds = record.accessedAtSeconds;
    if (record.fields !== null) {
      this.hash = record.fields;
      return 'hash';
    }
    this.valueBytes = record.value;
    this.valueEnd = record.value.length;
    this.encoding = record.encoding;
    return 'string';
  }
}
