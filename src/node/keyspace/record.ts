/** One key and its value, as the keyspace keeps them. */
import type { HashValue } from '#node/data/hash.ts';
import type { TableEntry } from '#node/data/byte-table.ts';

export type KeyType = 'none' | 'string' | 'hash';

/**
 * How OBJECT ENCODING names a string. It follows from the value (`auto`: int, embstr or raw), except that
 * Redis leaves a string that was changed in place `raw`, and does not look for a number in the result of
 * INCRBYFLOAT (`text`: embstr or raw).
 */
export type StringEncoding = 'auto' | 'text' | 'raw';

/** What a key costs besides its bytes and fields, in bytes: an estimate of what V8 takes for it. */
export const KEY_OVERHEAD_BYTES = 384;

const NONE = new Uint8Array(0);

export class KeyRecord implements TableEntry {
  readonly key: Uint8Array;
  readonly hash: number;
  readonly slot: number;
  /** Of a string; empty otherwise. */
  value: Uint8Array = NONE;
  encoding: StringEncoding = 'auto';
  /** Of a hash; null otherwise. */
  fields: HashValue | null = null;
  /** Milliseconds since the epoch; 0 for never. */
  expiresAtMs = 0;
  /** Place in the list of keys that expire; -1 when not in it. */
  expiryPlace = -1;
  /** Seconds since the epoch at the last access. */
  accessedAtSeconds: number;
  /** The keys of one slot are a list. */
  previousInSlot: KeyRecord | null = null;
  nextInSlot: KeyRecord | null = null;

  constructor(key: Uint8Array, hash: number, slot: number, nowSeconds: number) {
    this.key = key;
    this.hash = hash;
    this.slot = slot;
    this.accessedAtSeconds = nowSeconds;
  }

  get type(): KeyType {
    return this.fields === null ? 'string' : 'hash';
  }

  get memoryBytes(): number {
    const fieldBytes = this.fields === null ? 0 : this.fields.memoryBytes;
    return KEY_OVERHEAD_BYTES + this.key.length + this.value.length + fieldBytes;
  }
}
