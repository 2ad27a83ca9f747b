/**
 * Effects: the deterministic changes that a primary logs and every replica applies (DESIGN §2). This is the
 * closed table of them. They carry results (absolute expiry, the sum of an increment), never what the result
 * was computed from, so applying them needs no time, no randomness and no option.
 *
 * An effect is an op byte and its operands; byte strings and counts are preceded by or written as LEB128
 * integers, times are 64-bit floats of whole milliseconds. The numbers are on disks for good: a new op gets
 * a new number, and an old one keeps its meaning.
 */
import { ByteReader, type ByteWriter } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import type { KeyRecord, StringEncoding } from './record.ts';
import type { KeyStore } from './store.ts';

export const EFFECT = {
  /** key, flags, [expiry ms], value: the key becomes this string. */
  set: 1,
  /** key */
  delete: 2,
  /** key: deleted because its time was over. */
  expired: 3,
  /** key, expiry ms; 0 takes the expiry away. */
  setExpiry: 4,
  /** key, offset, bytes: written into the key's string; zeros up to the offset. */
  overwrite: 5,
  /** key, field, value: the key is made when it is not there. */
  hashSet: 6,
  /** key, field: the key goes with its last field. */
  hashDelete: 7,
  /** key, new key */
  rename: 8,
  /** key, new key: value and expiry are copied. */
  copy: 9,
  flushAll: 10,
  /** slot: all its keys are deleted. */
  dropSlot: 11,
} as const;

const ENCODINGS: readonly StringEncoding[] = ['auto', 'text', 'raw'];

/** Writes effects; one method for each op. Byte strings are given as ranges. */
export class EffectWriter {
  readonly writer: ByteWriter;

  constructor(writer: ByteWriter) {
    this.writer = writer;
  }

  /** An op whose first operand is a key; the operands after it are written by the calls below. */
  begin(op: number, key: Uint8Array, start: number, end: number): void {
    this.writer.uint8(op);
    this.bytes(key, start, end);
  }

  /** A byte string. */
  bytes(source: Uint8Array, start: number, end: number): void {
    this.integer(end - start);
    this.writer.raw(source, start, end);
  }

  /** An integer from 0 to 2^53 - 1. */
  integer(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.writer.uint8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.writer.uint8(rest);
  }

  set(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    encoding: StringEncoding,
    expiresAtMs: number,
  ): void {
    this.begin(EFFECT.set, key, keyStart, keyEnd);
    const expires = expiresAtMs === 0 ? 0 : 1;
    this.writer.uint8(expires | (ENCODINGS.indexOf(encoding) << 1));
    if (expires === 1) this.writer.float64(expiresAtMs);
    this.bytes(value, valueStart, valueEnd);
  }

  setExpiry(key: Uint8Array, start: number, end: number, expiresAtMs: number): void {
    this.begin(EFFECT.setExpiry, key, start, end);
    this.writer.float64(expiresAtMs);
  }

  flushAll(): void {
    this.writer.uint8(EFFECT.flushAll);
  }

  dropSlot(slot: number): void {
    this.writer.uint8(EFFECT.dropSlot);
    this.integer(slot);
  }
}

/** Applies effects to a store. Kept by its keyspace, so that applying makes no object per effect. */
export class EffectApplier {
  readonly #store: KeyStore;
  #reader = new ByteReader(new Uint8Array(0));
  #keyStart = 0;
  #keyEnd = 0;
  #hash = 0;

  constructor(store: KeyStore) {
    this.#store = store;
  }

  /** Applies every effect in bytes[start, end). Stops the process on what no primary can have written. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    this.#reader = new ByteReader(bytes, start, end);
    while (this.#reader.left > 0) this.#applyOne(this.#reader.uint8());
  }

  #applyOne(op: number): void {
    const store = this.#store;
    if (op === EFFECT.flushAll) {
      store.clear();
      return;
    }
    if (op === EFFECT.dropSlot) {
      store.dropSlot(this.#integer());
      return;
    }
    this.#readKey();
    switch (op) {
      case EFFECT.set:
        this.#set();
        return;
      case EFFECT.delete:
        store.delete(this.#record());
        return;
      case EFFECT.expired:
        store.delete(this.#record(), true);
        return;
      case EFFECT.setExpiry:
        store.setExpiry(this.#record(), this.#reader.float64());
        return;
      case EFFECT.overwrite:
        this.#overwrite();
        return;
      case EFFECT.hashSet:
        this.#hashSet();
        return;
      case EFFECT.hashDelete:
        this.#hashDelete();
        return;
      case EFFECT.rename:
      case EFFECT.copy:
        this.#toNewKey(op);
        return;
      default:
        invariant(false, `effect ${op} is known`);
    }
  }

  #set(): void {
    const flags = this.#reader.uint8();
    const expiresAtMs = (flags & 1) === 1 ? this.#reader.float64() : 0;
    const length = this.#integer();
    const valueStart = this.#reader.skip(length);
    const { bytes } = this.#reader;
    this.#store.setString(
      bytes,
      this.#keyStart,
      this.#keyEnd,
      this.#hash,
      bytes,
      valueStart,
      valueStart + length,
      ENCODINGS[flags >> 1],
      expiresAtMs,
    );
  }

  #overwrite(): void {
    const offset = this.#integer();
    const length = this.#integer();
    const start = this.#reader.skip(length);
    const { bytes } = this.#reader;
    const { bytes: key } = this.#reader;
    this.#store.overwrite(
      key,
      this.#keyStart,
      this.#keyEnd,
      this.#hash,
      offset,
      bytes,
      start,
      start + length,
    );
  }

  #hashSet(): void {
    const fieldLength = this.#integer();
    const fieldStart = this.#reader.skip(fieldLength);
    const valueLength = this.#integer();
    const valueStart = this.#reader.skip(valueLength);
    const { bytes } = this.#reader;
    this.#store.hashSet(
      bytes,
      this.#keyStart,
      this.#keyEnd,
      this.#hash,
      bytes,
      fieldStart,
      fieldStart + fieldLength,
      bytes,
      valueStart,
      valueStart + valueLength,
    );
  }

  #hashDelete(): void {
    const record = this.#record();
    const length = this.#integer();
    const start = this.#reader.skip(length);
    const removed = this.#store.hashDelete(record, this.#reader.bytes, start, start + length);
    invariant(removed, 'a deleted field was there');
  }

  #toNewKey(op: typeof EFFECT.rename | typeof EFFECT.copy): void {
    const from = this.#record();
    this.#readKey();
    const { bytes } = this.#reader;
    if (op === EFFECT.rename) {
      this.#store.rename(from, bytes, this.#keyStart, this.#keyEnd, this.#hash);
    } else {
      this.#store.copy(from, bytes, this.#keyStart, this.#keyEnd, this.#hash);
    }
  }

  #readKey(): void {
    const length = this.#integer();
    this.#keyStart = this.#reader.skip(length);
    this.#keyEnd = this.#keyStart + length;
    this.#hash = this.#store.hashOf(this.#reader.bytes, this.#keyStart, this.#keyEnd);
  }

  /** The record of the key that was read; it is there, or primary and replica have parted. */
  #record(): KeyRecord {
    const { bytes } = this.#reader;
    const record = this.#store.find(bytes, this.#keyStart, this.#keyEnd, this.#hash);
    invariant(record !== undefined, 'the key of an effect is there');
    return record;
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
