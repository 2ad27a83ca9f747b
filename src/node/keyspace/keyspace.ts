/**
 * (Skeleton: signatures only; the body follows.)
 */
import type { ByteWriter } from '#base/bytes.ts';
import type { Prng } from '#base/prng.ts';
import type { HashValue } from '#node/data/hash.ts';

export type KeyType = 'none' | 'string' | 'hash';

/** What {@link Keyspace.watch} gives: the state of one key at that moment. Opaque. */
export interface WatchToken {
  readonly key: string;
  readonly version: number;
  readonly wasExpired: boolean;
}

export declare class Keyspace {
  constructor(options: { hashSeed: readonly [number, number] });
  role: 'primary' | 'replica';
  nowMs: number;
  readonly effects: ByteWriter;
  recording: boolean;
  openIndex: number;
  waitIndex: number;
  readonly random: Prng;
  beginCommand(): void;
  committed(index: number): void;
  apply(bytes: Uint8Array, start: number, end: number): void;
  clear(): void;
  flushAll(): void;
  readonly size: number;
  readonly memoryBytes: number;
  digest(): string;
  countKeysInSlot(slot: number): number;
  keysInSlot(slot: number, limit: number): Uint8Array[];
  expireSlice(maxKeys: number): number;

  /** Looks the key up, notes its hazard, expires it when it is past; the result's parts are below. */
  find(bytes: Uint8Array, start: number, end: number): KeyType;
  /** Of the string that {@link find} found last: valueBytes[valueStart, valueEnd). Valid until the next call. */
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Expiry of what {@link find} found last, ms since the epoch; 0 when it has none. */
  readonly expiresAtMs: number;
  /** Of the hash that {@link find} found last; read only: change it by hashSet and hashDelete. */
  readonly hash: HashValue;

  watch(bytes: Uint8Array, start: number, end: number): WatchToken;
  unwatch(token: WatchToken): void;
  /** Has the key been changed, or has it expired, since it was watched? Cheap. */
  modifiedSince(token: WatchToken): boolean;
}
