/** Reading entries back from the segments: find the nearest point before, walk from there, check each. */
import type { Entry } from '#node/raft/entry.ts';
import { LogCorruptionError } from './errors.ts';
import type { Files } from './files.ts';
import {
  alignUp,
  BATCH_ALIGNMENT,
  BATCH_HEADER_BYTES,
  checkRecord,
  decodeEntry,
  getUint53,
  RECORD_HEADER_BYTES,
  recordBytes,
} from './format.ts';
import type { LogIndex } from './log-index.ts';
import type { Position } from './position-index.ts';
import { type Segment, SegmentReader } from './segment.ts';

const MIN_WINDOW_BYTES = 32 * 1024;
const MAX_WINDOW_BYTES = 1 << 20;

/**
 * Entries [from, toExclusive) that `index` knows: the first of them always, then as many as fit
 * `maxBytes` (payload and RECORD_HEADER_BYTES each). Empty when `from` is not in the log. Throws
 * {@link LogCorruptionError}, or the system's error.
 */
export function readEntries(
  files: Files,
  segments: readonly Segment[],
  index: LogIndex,
  from: number,
  toExclusive: number,
  maxBytes: number,
): Entry[] {
  const end = Math.min(toExclusive, index.lastIndex + 1);
  const entries: Entry[] = [];
  if (from < index.firstIndex || from >= end) return entries;
  const windowBytes = Math.min(Math.max(maxBytes, MIN_WINDOW_BYTES), MAX_WINDOW_BYTES);
  const cursor = new Cursor(files, segments, index, windowBytes);
  cursor.seek(from);
  let bytes = 0;
  for (let at = from; at < end; at++) {
    bytes += cursor.payloadBytes(at) + RECORD_HEADER_BYTES;
    if (entries.length > 0 && bytes > maxBytes) break;
    entries.push(cursor.entry(at));
    cursor.next();
  }
  return entries;
}

/** Stands on the record of one entry after the other. */
class Cursor {
  readonly #files: Files;
  readonly #segments: readonly Segment[];
  readonly #index: LogIndex;
  readonly #windowBytes: number;
  #reader: SegmentReader | null = null;
  #number = 0;
  #nextPoint: Position | null = null;
  #current = 0;
  #recordAt = 0;
  #batchAt = 0;
  #batchEnd = 0;

  constructor(files: Files, segments: readonly Segment[], index: LogIndex, windowBytes: number) {
    this.#files = files;
    this.#segments = segments;
    this.#index = index;
    this.#windowBytes = windowBytes;
  }

  /** Stands on `index`, which is in the log. */
  seek(index: number): void {
    this.#jump(this.#index.positions.find(index));
    while (this.#current < index) {
      this.payloadBytes(this.#current);
      this.next();
    }
  }

  /** Payload length of the entry stood on, which has to be `index`. */
  payloadBytes(index: number): number {
    const reader = this.#load(RECORD_HEADER_BYTES);
    const at = this.#recordAt - reader.start;
    if (getUint53(reader.view, at + 16) !== index)
      throw this.#corrupt(`entry ${index} is not here`);
    return reader.view.getUint32(at + 8, true);
  }

  /** The entry stood on, checked. */
  entry(index: number): Entry {
    const reader = this.#load(recordBytes(this.payloadBytes(index)));
    const { bytes, view, segment } = reader;
    const at = this.#recordAt - reader.start;
    const end = this.#batchEnd - reader.start;
    const valid = checkRecord(bytes, view, at, end, segment.header) !== 0;
    const entry = valid ? decodeEntry(bytes, view, at) : null;
    if (entry === null) throw this.#corrupt(`entry ${index} is damaged`);
    return entry;
  }

  /** Moves to the next entry, if there is one. */
  next(): void {
    const reader = this.#load(RECORD_HEADER_BYTES);
    const payloadBytes = reader.view.getUint32(this.#recordAt - reader.start + 8, true);
    this.#current++;
    if (this.#current > this.#index.lastIndex) return;
    if (this.#nextPoint?.index === this.#current) {
      this.#jump(this.#number + 1);
      return;
    }
    this.#recordAt += recordBytes(payloadBytes);
    while (this.#recordAt === this.#batchEnd) {
      this.#batchAt = alignUp(this.#batchEnd, BATCH_ALIGNMENT);
      const header = reader.header(this.#batchAt);
      if (header === null) throw this.#corrupt('the header of the next batch is damaged');
      this.#recordAt = this.#batchAt + BATCH_HEADER_BYTES;
      this.#batchEnd = this.#batchAt + header.length;
    }
  }

  #jump(number: number): void {
    const point = this.#index.positions.point(number);
    if (point === null) throw new RangeError(`no position ${number}`);
    this.#number = number;
    this.#nextPoint = this.#index.positions.point(number + 1);
    this.#current = point.index;
    this.#recordAt = point.recordAt;
    this.#batchAt = point.batchAt;
    this.#batchEnd = point.batchEnd;
    if (this.#reader?.segment.header.ordinal === point.ordinal) return;
    const segment = this.#segments[point.ordinal - this.#segments[0].header.ordinal];
    this.#reader = new SegmentReader(this.#files, segment, this.#windowBytes);
  }

  #load(length: number): SegmentReader {
    const reader = this.#reader;
    if (reader === null || this.#recordAt + length > this.#batchEnd) {
      throw this.#corrupt('a record runs over the end of its batch');
    }
    // a part of an encrypted batch proves nothing
    const { cipher } = reader.segment.header;
    if (cipher !== null && !reader.loadBatch(this.#batchAt, this.#batchEnd - this.#batchAt)) {
      throw this.#corrupt('the batch around this entry is damaged');
    }
    if (!reader.load(this.#recordAt, length)) throw this.#corrupt('a record runs over the file');
    return reader;
  }

  #corrupt(what: string): LogCorruptionError {
    return new LogCorruptionError(this.#reader?.segment.path ?? 'log', this.#recordAt, what);
  }
}
