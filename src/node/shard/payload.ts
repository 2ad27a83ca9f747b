/**
 * What the shard puts into log entries. Raft carries these bytes without reading them; its own kinds
 * are below {@link KIND_EFFECTS}.
 *
 * An EFFECTS entry holds whole units (rule W4): `[shard time f64][flags u8][effects]`. A unit that is too
 * large for one entry spans several: the first has {@link FIRST_PART}, the last {@link LAST_PART}, and
 * nothing of it is applied before the last is committed. An entry of whole units carries both flags.
 */
import { ByteReader, ByteWriter, text, utf8 } from '#base/bytes.ts';
import type { UserDefinition } from '#node/acl/users.ts';

export const KIND_EFFECTS = 2;
export const KIND_SETTINGS = 3;
/** Every data member's next snapshot is of the keyspace after this entry. No payload. */
export const KIND_CHECKPOINT = 4;
/** What the keyspace was after a checkpoint: {@link encodeDigest}. */
export const KIND_DIGEST = 5;

export const FIRST_PART = 1;
export const LAST_PART = 2;

/** Bytes before the effects in an EFFECTS payload. */
export const EFFECTS_HEADER_BYTES = 9;

/** Appends the payload of an EFFECTS entry with effects[start, end), decided at `shardTimeMs` (rule W8). */
export function encodeEffects(
  into: ByteWriter,
  shardTimeMs: number,
  flags: number,
  effects: Uint8Array,
  start: number,
  end: number,
): void {
  into.float64(shardTimeMs);
  into.uint8(flags);
  into.raw(effects, start, end);
}

export interface EffectsHeader {
  readonly shardTimeMs: number;
  readonly flags: number;
}

/** The header of an EFFECTS payload; the effects are what follows {@link EFFECTS_HEADER_BYTES}. */
export function decodeEffectsHeader(payload: Uint8Array): EffectsHeader {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return { shardTimeMs: view.getFloat64(0, true), flags: payload[8] };
}

/** The content of the keyspace at a checkpoint, as its leader had it. */
export interface CheckpointDigest {
  /** The checkpoint's index. */
  readonly index: number;
  /** 32 hexadecimal digits. */
  readonly digest: string;
}

export function encodeDigest({ index, digest }: CheckpointDigest): Uint8Array {
  const writer = new ByteWriter(64);
  writer.uint53(index);
  writer.string(digest);
  return writer.copy();
}

/** The inverse of {@link encodeDigest}; the payload comes from a checksummed log. */
export function decodeDigest(payload: Uint8Array): CheckpointDigest {
  const reader = new ByteReader(payload);
  return { index: reader.uint53(), digest: reader.string() };
}

/** Users and parameters of the whole shard at one revision; a later revision replaces all of it. */
export interface Settings {
  /** 1 or more, rising. */
  readonly revision: number;
  /** With the SHA-256 of passwords, never a password. */
  readonly users: readonly UserDefinition[];
  readonly parameters: Readonly<Record<string, string>>;
}

export function encodeSettings(settings: Settings): Uint8Array {
  return utf8(JSON.stringify(settings));
}

export function decodeSettings(payload: Uint8Array): Settings {
  return JSON.parse(text(payload)) as Settings;
}
