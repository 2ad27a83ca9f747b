/**
 * Segment files: names, making them (zero-filled in full and synced before they get their name, so an
 * append never allocates) or making them anew out of dropped ones, and reading them through a window.
 */
import path from 'node:path';
import { invariant } from '#base/invariant.ts';
import type { KeyRing } from './cipher.ts';
import { LogCorruptionError } from './errors.ts';
import type { Files } from './files.ts';
import {
  alignUp,
  BATCH_ALIGNMENT,
  BATCH_HEADER_BYTES,
  type BatchHeader,
  checkRecords,
  decodeBatchHeader,
  decodeSegmentHeader,
  decryptBatch,
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  viewOf,
} from './format.ts';

const SEGMENT_NAME = /^segment-([0-9]{12})$/;
const SPARE_NAME = /^spare-[0-9]{12}$/;
export const TEMPORARY_SUFFIX = '.tmp';
const FILL_BYTES = 1 << 20;
/** The file is synced after this many bytes, so that the disk never has to take a whole segment at once. */
const FILL_SYNC_BYTES = 8 << 20;

/** A segment file that exists. */
export interface Segment {
  readonly header: SegmentHeader;
  readonly path: string;
  /** An open file, for reading and appending. */
  readonly file: number;
}

export function segmentPath(directory: string, ordinal: number): string {
  return path.join(directory, `segment-${String(ordinal).padStart(12, '0')}`);
}

/** The ordinal in a segment's file name, or 0 for another file. */
export function ordinalOf(name: string): number {
  const match = SEGMENT_NAME.exec(name);
  return match === null ? 0 : Number(match[1]);
}

/** Where the segment of this ordinal waits, once dropped, to be used again. */
export function sparePath(directory: string, ordinal: number): string {
  return path.join(directory, `spare-${String(ordinal).padStart(12, '0')}`);
}

export function isSpare(name: string): boolean {
  return SPARE_NAME.test(name);
}

/** Where segments are, and how they are made. */
export interface SegmentPlace {
  readonly files: Files;
  readonly directory: string;
  /** Length of a segment that is made. */
  readonly segmentBytes: number;
  readonly keys: KeyRing;
}

/** Opens a segment and checks its header against its name and length. */
export function openSegment({ files, directory, keys }: SegmentPlace, ordinal: number): Segment {
  const name = segmentPath(directory, ordinal);
  const file = files.open(name);
  try {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const count = files.read(file, bytes, 0, SEGMENT_HEADER_BYTES, 0);
    const header = decodeSegmentHeader(bytes.subarray(0, count), name, keys);
    const size = files.sizeBytes(file);
    if (header.ordinal !== ordinal) {
      throw new LogCorruptionError(name, 0, `this is segment ${header.ordinal}, renamed`);
    }
    if (header.sizeBytes !== size) {
      const what = `the file has ${size} bytes and should have ${header.sizeBytes}`;
      throw new LogCorruptionError(name, Math.min(size, header.sizeBytes), what);
    }
    return { header, path: name, file };
  } catch (error) {
    files.close(file);
    throw error;
  }
}

/** Blocks while it fills `file` (just made) as an empty segment. Not synced. */
export function fillSegment(files: Files, file: number, header: SegmentHeader): void {
  const zeros = new Uint8Array(Math.min(FILL_BYTES, header.sizeBytes));
  for (let at = 0; at < header.sizeBytes; at += zeros.length) {
    files.write(file, zeros, Math.min(zeros.length, header.sizeBytes - at), at);
  }
  files.write(file, encodeSegmentHeader(header), SEGMENT_HEADER_BYTES, 0);
}

/**
 * Makes an empty segment durably under its final name, without blocking. When it fails nothing is
 * left behind but, at worst, a temporary file that the next opening removes.
 */
export async function createSegment(
  { files, directory }: SegmentPlace,
  header: SegmentHeader,
  onProgress: () => unknown,
): Promise<Segment> {
  const name = segmentPath(directory, header.ordinal);
  const temporary = name + TEMPORARY_SUFFIX;
  const file = await files.createAsync(temporary);
  try {
    const zeros = new Uint8Array(Math.min(FILL_BYTES, header.sizeBytes));
    let unsynced = 0;
    for (let at = 0; at < header.sizeBytes; at += zeros.length) {
      const count = Math.min(zeros.length, header.sizeBytes - at);
      await files.writeAsync(file, zeros, count, at);
      unsynced += count;
      if (unsynced < FILL_SYNC_BYTES) continue;
      await files.syncAsync(file);
      unsynced = 0;
      onProgress();
    }
    await files.writeAsync(file, encodeSegmentHeader(header), SEGMENT_HEADER_BYTES, 0);
    await files.syncAsync(file);
  } catch (error) {
    files.close(file);
    await files.removeAsync(temporary);
    throw error;
  }
  files.close(file);
  await files.renameAsync(temporary, name);
  await files.syncDirectoryAsync(directory);
  return { header, path: name, file: files.open(name) };
}

/**
 * Makes a dropped segment of the same length a new empty one, durably, without blocking. Its old bytes
 * stay: they are of another generation. When it fails the file is gone, or already has its new name.
 */
export async function recycleSegment(
  { files, directory }: SegmentPlace,
  spare: string,
  header: SegmentHeader,
): Promise<Segment> {
  const name = segmentPath(directory, header.ordinal);
  const file = files.open(spare);
  try {
    await files.writeAsync(file, encodeSegmentHeader(header), SEGMENT_HEADER_BYTES, 0);
    await files.syncAsync(file);
    await files.renameAsync(spare, name);
    await files.syncDirectoryAsync(directory);
  } catch (error) {
    files.close(file);
    await files.removeAsync(spare);
    throw error;
  }
  return { header, path: name, file };
}

/**
 * Reads a segment through a window of bytes that moves forward; `bytes`/`view` start at `start`. Batches in
 * it become plaintext when they are asked for, by `loadBatch`.
 */
export class SegmentReader {
  readonly segment: Segment;
  bytes: Uint8Array;
  view: DataView;
  /** Offset in the file of bytes[0]. */
  start = 0;
  #filled = 0;
  /** What of the file is plaintext in the window. */
  #plainFrom = 0;
  #plainEnd = 0;
  readonly #files: Files;

  constructor(files: Files, segment: Segment, windowBytes: number) {
    this.#files = files;
    this.segment = segment;
    this.bytes = new Uint8Array(windowBytes);
    this.view = viewOf(this.bytes);
  }

  /** Makes [at, at + length) of the file present; false when the file ends before. */
  load(at: number, length: number): boolean {
    if (at >= this.start && at + length <= this.start + this.#filled) return true;
    const size = this.segment.header.sizeBytes;
    if (at + length > size) return false;
    if (length > this.bytes.length) {
      this.bytes = new Uint8Array(alignUp(length, SEGMENT_HEADER_BYTES));
      this.view = viewOf(this.bytes);
    }
    const count = Math.min(this.bytes.length, size - at);
    this.#filled = this.#files.read(this.segment.file, this.bytes, 0, count, at);
    this.start = at;
    this.#plainFrom = at;
    this.#plainEnd = at;
    invariant(this.#filled === count, `${this.segment.path} kept its length`);
    return true;
  }

  /** The valid batch header at `at`, or null. */
  header(at: number): BatchHeader | null {
    if (!this.load(at, BATCH_HEADER_BYTES)) return null;
    return decodeBatchHeader(this.bytes, this.view, at - this.start, this.segment.header);
  }

  /**
   * Loads the batch at `at` and checks its records: -1 when all are valid, else the offset in the file
   * of the first that is not.
   */
  firstBadRecord(at: number, header: BatchHeader): number {
    if (header.length < BATCH_HEADER_BYTES || !this.loadBatch(at, header.length)) return at;
    const { bytes, view, start } = this;
    const bad = checkRecords(bytes, view, at - start, header, this.segment.header);
    return bad === -1 ? -1 : bad + start;
  }

  /** Makes the batch at `at` present in plaintext; false when the file ends before, or the batch is damaged. */
  loadBatch(at: number, length: number): boolean {
    const { cipher } = this.segment.header;
    if (cipher === null) return this.load(at, length);
    const end = at + length;
    if (at >= this.#plainFrom && end <= this.#plainEnd) return true;
    // what was decrypted in the window before has to be read again
    if (at < this.#plainEnd) this.#filled = 0;
    if (!this.load(at, length)) return false;
    if (!decryptBatch(this.bytes, at - this.start, length, cipher, at)) return false;
    if (at > alignUp(this.#plainEnd, BATCH_ALIGNMENT)) this.#plainFrom = at;
    this.#plainEnd = end;
    return true;
  }
}
