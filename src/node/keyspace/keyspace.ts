/**
 * The keyspace of one shard as commands see it. It notes every hazard and records every effect by itself, so
 * no command can forget either (rules W2, W8):
 *
 * - Looking a key up raises `waitIndex` to the key's hazard. On a primary a key past its time is deleted, and
 *   that is logged; on a replica it is only hidden.
 * - Changing a key appends the effect to `effects` and makes it a hazard at `openIndex`.
 *
 * Keys and values are byte ranges, never strings, and lie outside of the JS heap. What a look-up found is read
 * from the fields below it, or from the facet of its type, and is valid until the next change. A change takes the
 * key again; bytes given to it must not lie in the keyspace, which may move them: copy them to `scratch` first.
 */
import { ByteRange } from '#base/byte-range.ts';
import { ByteWriter, fromLatin1, latin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { dropSlot, flushAll } from './dropping.ts';
import { EFFECT } from './effects.ts';
import { encodingNameOf } from './encodings.ts';
import { KeyWalks } from './key-walks.ts';
import { KeyspaceCore } from './keyspace-core.ts';
import {
  accessedAt,
  ENCODING_MASK,
  ENCODING_SHIFT,
  HEADER_BYTES,
  type KeyType,
  NO_TIME_MASK,
  type StringEncoding,
  stringEncodingNumber,
  TIME_SHIFT,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_MASK,
  TYPE_NAMES,
  TYPE_SET,
  TYPE_STRING,
} from './record.ts';
import { copy, rename } from './renaming.ts';
import type { WatchToken } from './watches.ts';

export type { EncodingLimits } from './encodings.ts';
export type { KeyType, StringEncoding } from './record.ts';
export type { WatchToken } from './watches.ts';

/** Called with each key of a walk: its name is bytes[start, end). */
export type KeyVisitor = (bytes: Uint8Array, start: number, end: number, type: KeyType) => void;

export class Keyspace extends KeyspaceCore {
  /** For RANDOMKEY and the like; nothing that is logged depends on it. */
  readonly random: Prng;

  /** What {@link find} or {@link peek} found, for the facets' `open`; 0 for nothing. */
  found = 0;
  /** Its value if it is a string. */
  readonly value = new ByteRange();
  /** Milliseconds since the epoch; 0 when it does not expire. */
  expiresAtMs = 0;

  /** For bytes that were read here and go into a change. */
  readonly scratch = new ByteWriter(1024);

  #accessedAt24 = 0;
  readonly #walks: KeyWalks;

  /** @param options.hashSeed two 32-bit integers that clients cannot know; the same on all members. */
  constructor(options: { readonly hashSeed: readonly [number, number] }) {
    const { hashSeed } = options;
    super(hashSeed);
    this.random = new Prng(hashSeed[0] ^ hashSeed[1]);
    this.#walks = new KeyWalks(this.store);
  }

  // Looking up

  /**
   * The keys that will be looked up soon stand in `bytes`, which stay as they are until {@link forgetExpected}: say
   * so, then which, in the order in which they stand there, and then {@link readExpected}.
   */
  expectKeysIn(bytes: Uint8Array): void {
    this.store.ahead.begin(bytes);
  }

  expectKey(start: number, end: number): void {
    this.store.ahead.add(this.store.index, start, end);
  }

  /** Brings what looking up the expected keys will read into the processor's cache. */
  readExpected(): void {
    this.store.ahead.read();
  }

  forgetExpected(): void {
    this.store.ahead.forget();
  }

  /** The slot of a key; known already when it was expected. */
  slotOf(bytes: Uint8Array, start: number, end: number): number {
    return this.store.ahead.slotOf(bytes, start, end);
  }

  /** Looks the key up and counts that as an access. The result's parts are in the fields above. */
  find(bytes: Uint8Array, start: number, end: number): KeyType {
    const record = this.#lookUp(bytes, start, end);
    if (record === 0) {
      this.statistics.misses++;
      return 'none';
    }
    this.statistics.hits++;
    const type = this.#show(record);
    const words = this.store.arena.words[record >>> CHUNK_SHIFT];
    const at = (record & UNIT_MASK) << 1;
    const head = (words[at] & NO_TIME_MASK) | (this.store.nowSeconds << TIME_SHIFT);
    if (words[at] !== head) words[at] = head;
    return type;
  }

  /** As {@link find}, but no access is counted (TTL, TYPE, OBJECT…). */
  peek(bytes: Uint8Array, start: number, end: number): KeyType {
    const record = this.#lookUp(bytes, start, end);
    return record === 0 ? 'none' : this.#show(record);
  }

  /** Seconds since the epoch of the last access before this to what was found. */
  get accessedAtSeconds(): number {
    return accessedAt(this.#accessedAt24, this.store.nowSeconds);
  }

  /** What OBJECT ENCODING says of what was found. */
  encodingName(): string {
    const words = this.store.arena.words[this.found >>> CHUNK_SHIFT];
    const head = words[(this.found & UNIT_MASK) << 1];
    const encoding = (head >>> ENCODING_SHIFT) & ENCODING_MASK;
    const { bytes, start, end } = this.value;
    return encodingNameOf(head & TYPE_MASK, encoding, bytes, start, end);
  }

  /** Bytes that what was found takes: key, value and their share of the index (MEMORY USAGE). */
  memoryOfFound(): number {
    return this.store.memoryOf(this.found);
  }

  /**
   * A step of a walk over all keys (SCAN): calls `visit` for about `count` keys that are not past their time
   * and returns the cursor to go on with; it starts and ends with 0. `visit` must not change the keyspace.
   */
  scan(cursor: number, count: number, visit: KeyVisitor): number {
    const walks = this.#walks;
    const next = walks.scan(cursor, count);
    for (let i = 0; i < walks.count; i++) {
      const record = walks.records[i];
      if (this.#isPast(record)) this.#expireAt(record, walks.slots[i]);
      else this.#visit(record, visit);
    }
    return next;
  }

  /** Calls `visit` for every key that is not past its time. `visit` must not change the keyspace. */
  forEachKey(visit: KeyVisitor): void {
    const walks = this.#walks;
    for (let cursor = walks.scan(0, 1024); ; cursor = walks.scan(cursor, 1024)) {
      for (let i = 0; i < walks.count; i++) {
        if (!this.#isPast(walks.records[i])) this.#visit(walks.records[i], visit);
      }
      if (cursor === 0) return;
    }
  }

  /** A copy of some key that is not past its time; null when none is found. */
  randomKey(): Uint8Array | null {
    // on a replica nothing that is past goes away: give up after as many tries as Redis does
    for (let attempt = 0; attempt < 100 || this.role === 'primary'; attempt++) {
      const record = this.#walks.random(this.random);
      if (record === 0) return null;
      if (!this.#isPast(record)) return this.#walks.keyOf(record);
      this.#expireAt(record, this.#walks.slots[0]);
    }
    return null;
  }

  countKeysInSlot(slot: number): number {
    return this.store.index.counts[slot];
  }

  /** Copies of at most `limit` keys of the slot. */
  keysInSlot(slot: number, limit: number): Uint8Array[] {
    return this.#walks.keysInSlot(slot, limit);
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
    const number = stringEncodingNumber(encoding);
    this.strings.set(key, keyStart, keyEnd, value, valueStart, valueEnd, number, expiresAtMs);
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
    return this.strings.overwrite(key, keyStart, keyEnd, offset, value, valueStart, valueEnd);
  }

  /** Deletes the key; false when it is not there. */
  delete(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#lookUp(bytes, start, end) === 0) return false;
    const store = this.store;
    if (store.removeLocated()) store.recorder.begin(EFFECT.delete, bytes, start, end);
    return true;
  }

  /** Sets the expiry (ms since the epoch; 0 for never) of a key; false when it is not there. */
  setExpiry(bytes: Uint8Array, start: number, end: number, expiresAtMs: number): boolean {
    const record = this.#lookUp(bytes, start, end);
    if (record === 0) return false;
    const store = this.store;
    store.beforeChange();
    if (store.keeping) {
      store.undo.begin(EFFECT.setExpiry, bytes, start, end);
      store.undo.float64(store.expiryOf(record));
      store.undo.end();
    }
    store.setExpiry(expiresAtMs);
    if (store.changedKey()) store.recorder.setExpiry(bytes, start, end, expiresAtMs);
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
    rename(this.store, from, fromStart, fromEnd, to, toStart, toEnd);
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
    copy(this.store, from, fromStart, fromEnd, to, toStart, toEnd);
  }

  /** Deletes all keys; every key, there or not, becomes a hazard. */
  flushAll(): void {
    flushAll(this.store);
  }

  /** Deletes all keys of the slot, which becomes a hazard as a whole; returns how many there were. */
  dropSlot(slot: number): number {
    return dropSlot(this.store, slot);
  }

  /** Deletes up to `maxKeys` keys that are past their time, the oldest first; returns how many. On a primary only. */
  expireSlice(maxKeys: number): number {
    invariant(this.role === 'primary', 'only a primary expires keys');
    const store = this.store;
    let deleted = 0;
    while (deleted < maxKeys && store.goToDue(this.nowMs)) {
      if (store.record === 0) continue;
      this.#expireLocated();
      deleted++;
    }
    return deleted;
  }

  // Watching

  /** Remembers the state of the key; give the token back by {@link unwatch}. */
  watch(bytes: Uint8Array, start: number, end: number): WatchToken {
    const record = this.#lookUp(bytes, start, end);
    return this.watches.add(latin1(bytes, start, end), record !== 0);
  }

  unwatch(token: WatchToken): void {
    this.watches.remove(token);
  }

  /**
   * Has the key been changed since it was watched, or has its time passed? A key that was dead then and is
   * deleted for that has not changed. Notes the key's hazard: an EXEC that aborts has read it.
   */
  modifiedSince(token: WatchToken): boolean {
    const key = fromLatin1(token.key);
    // keys of several slots may be watched
    const record = this.store.locateAnywhere(key, 0, key.length);
    const isThere = this.#judge(record) !== 0;
    return (token.wasThere && !isThere) || this.watches.changedSince(token);
  }

  #lookUp(bytes: Uint8Array, start: number, end: number): number {
    return this.#judge(this.store.locate(bytes, start, end));
  }

  /** Waits for the hazard of the key located last, and does away with it if its time is over. */
  #judge(record: number): number {
    const store = this.store;
    const { hazards } = store;
    const index = hazards.ofKey(store.hash);
    if (index > store.waitIndex) store.waitIndex = index;
    if (hazards.anySlot) {
      const slotIndex = hazards.ofSlot(store.slot);
      if (slotIndex > store.waitIndex) store.waitIndex = slotIndex;
    }
    this.found = record;
    if (record === 0 || !this.#isPast(record)) return record;
    this.found = 0;
    if (this.role !== 'replica') this.#expireLocated();
    return 0;
  }

  #isPast(record: number): boolean {
    const expiresAtMs = this.store.expiryOf(record);
    return expiresAtMs !== 0 && expiresAtMs < this.nowMs;
  }

  /** The time of a record that a walk found is over: deletes it on a primary, leaves it on a replica. */
  #expireAt(record: number, slot: number): void {
    if (this.role === 'replica') return;
    this.store.goTo(record, slot);
    this.#expireLocated();
  }

  #expireLocated(): void {
    const store = this.store;
    this.statistics.expired++;
    if (store.recording) store.recordKey(EFFECT.expired);
    store.removeLocated(true);
  }

  #visit(record: number, visit: KeyVisitor): void {
    const { arena } = this.store;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const start = (at << 2) + HEADER_BYTES;
    const words = arena.words[chunk];
    const type = TYPE_NAMES[words[at] & TYPE_MASK];
    visit(arena.bytes[chunk], start, start + words[at + 2], type);
  }

  #show(record: number): KeyType {
    const { arena, index } = this.store;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const words = arena.words[chunk];
    const head = words[at];
    const place = words[at + 1];
    const valueAt = (at << 2) + HEADER_BYTES + words[at + 2];
    this.#accessedAt24 = head >>> TIME_SHIFT;
    this.expiresAtMs = place === 0 ? 0 : index.heap.timeAt(place - 1);
    const type = head & TYPE_MASK;
    if (type === TYPE_STRING) {
      this.value.set(arena.bytes[chunk], arena.views[chunk], valueAt, valueAt + words[at + 3]);
      return 'string';
    }
    const { values } = this.store;
    const root = arena.views[chunk].getInt32(valueAt, true);
    if (type === TYPE_HASH) values.hash.open(root);
    else if (type === TYPE_LIST) values.list.open(root);
    else if (type === TYPE_SET) values.set.open(root);
    else values.sortedSet.open(root);
    return TYPE_NAMES[type];
  }
}
