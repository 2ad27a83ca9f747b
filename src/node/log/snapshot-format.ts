/**
 * The bytes of a snapshot file, as FORMAT.md §9 defines them: one page of header, then the content cut
 * into frames of one size, each with a checksum of its own. So a read at any offset can check what it
 * returns, and a frame at the wrong place never passes. Pure functions over byte arrays.
 */
import { checksum } from './checksum.ts';
import type { FileCipher, KeyRing } from './cipher.ts';
import { LogVersionError, SnapshotDamagedError } from './errors.ts';
import { getUint53, setUint53, viewOf } from './format.ts';

/** Of snapshot files; rises when an older program could not read them. */
export const SNAPSHOT_VERSION = 1;
export const SNAPSHOT_HEADER_BYTES = 4096;
/** A frame in the file; the last one of a file may be shorter. */
export const FRAME_BYTES = 64 * 1024;
/** The start of each frame: what proves that the rest is as it was written. */
export const FRAME_CHECK_BYTES = 16;
/** Bytes of content in a full frame. */
export const FRAME_CONTENT_BYTES = FRAME_BYTES - FRAME_CHECK_BYTES;
const MAGIC = [0x48, 0x46, 0x53, 0x4e, 0x41, 0x50, 0, 0]; // "HFSNAP"
const NOTHING = new Uint8Array(0);
const NAME = /^snapshot-([0-9]{16})-([0-9]{16})$/;

/** What the header of a snapshot file says. */
export interface SnapshotHeader {
  /** The last log entry that the snapshot covers, and its term. */
  readonly index: number;
  readonly term: number;
  readonly contentBytes: number;
  /** Random 32 bits that every checksum of a frame starts from. */
  readonly salt: number;
  /** Null when the file is plaintext. */
  readonly cipher: FileCipher | null;
}

export function snapshotName(index: number, term: number): string {
  return `snapshot-${String(index).padStart(16, '0')}-${String(term).padStart(16, '0')}`;
}

/** Index and term in the name of a snapshot file, or null for another file. */
export function snapshotOf(name: string): { index: number; term: number } | null {
  const match = NAME.exec(name);
  return match === null ? null : { index: Number(match[1]), term: Number(match[2]) };
}

/** Length of the file for a content of this many bytes. */
export function snapshotFileBytes(contentBytes: number): number {
  const frames = Math.ceil(contentBytes / FRAME_CONTENT_BYTES);
  return SNAPSHOT_HEADER_BYTES + contentBytes + frames * FRAME_CHECK_BYTES;
}

/** Offset in the file of frame `number`, from 0. */
export function frameAt(number: number): number {
  return SNAPSHOT_HEADER_BYTES + number * FRAME_BYTES;
}

export function encodeSnapshotHeader(header: SnapshotHeader): Uint8Array {
  const bytes = new Uint8Array(SNAPSHOT_HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(MAGIC);
  view.setUint32(8, SNAPSHOT_VERSION, true);
  view.setUint32(20, header.salt, true);
  setUint53(view, 24, header.index);
  setUint53(view, 32, header.term);
  setUint53(view, 40, header.contentBytes);
  header.cipher?.describe(bytes);
  view.setUint32(12, checksum(bytes, 16, SNAPSHOT_HEADER_BYTES), true);
  return bytes;
}

/** Reads the header of `file`. Throws {@link SnapshotDamagedError}, {@link LogVersionError}, or for want of a key. */
export function decodeSnapshotHeader(
  bytes: Uint8Array,
  file: string,
  keys: KeyRing,
): SnapshotHeader {
  const view = viewOf(bytes);
  if (bytes.length < SNAPSHOT_HEADER_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new SnapshotDamagedError(file, 0, 'this is not a snapshot file of Holdfast');
  }
  const version = view.getUint32(8, true);
  if (version > SNAPSHOT_VERSION) throw new LogVersionError(file, version, SNAPSHOT_VERSION);
  if (version === 0 || view.getUint32(12, true) !== checksum(bytes, 16, SNAPSHOT_HEADER_BYTES)) {
    throw new SnapshotDamagedError(file, 0, 'the header is damaged');
  }
  return {
    salt: view.getUint32(20, true),
    index: getUint53(view, 24),
    term: getUint53(view, 32),
    contentBytes: getUint53(view, 40),
    cipher: keys.cipherOf(bytes, file),
  };
}

/** Completes frame `number`: `bytes` has the check, still to be filled in, and the content, to its end. */
export function sealFrame(
  bytes: Uint8Array,
  number: number,
  { salt, cipher }: Pick<SnapshotHeader, 'salt' | 'cipher'>,
): void {
  if (cipher !== null) {
    const content = bytes.subarray(FRAME_CHECK_BYTES);
    cipher.seal(frameAt(number), NOTHING, content, content, bytes.subarray(0, FRAME_CHECK_BYTES));
    return;
  }
  const view = viewOf(bytes);
  bytes.fill(0, 0, FRAME_CHECK_BYTES);
  view.setUint32(4, number, true);
  view.setUint32(0, checksum(bytes, 4, bytes.length, salt), true);
}

/** The content of `bytes` if they are frame `number` as it was sealed, or null. */
export function openFrame(
  bytes: Uint8Array,
  number: number,
  { salt, cipher }: SnapshotHeader,
): Uint8Array | null {
  const content = bytes.subarray(FRAME_CHECK_BYTES);
  if (cipher !== null) {
    return cipher.open(frameAt(number), NOTHING, content, bytes.subarray(0, FRAME_CHECK_BYTES));
  }
  const view = viewOf(bytes);
  const whole =
    view.getUint32(4, true) === number &&
    view.getUint32(0, true) === checksum(bytes, 4, bytes.length, salt);
  return whole ? content : null;
}
