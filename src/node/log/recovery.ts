/**
 * Recovery: from the files in a directory to the log that they hold, as FORMAT.md §6 says.
 *
 * - Every record of every segment is checked.
 * - The tail is the last segment with a valid batch. All before it are sealed: a batch in a later
 *   segment was written only after they were durable.
 * - The first batch of the tail that is not whole is the end of the log (a torn write, cut), unless a
 *   valid batch anywhere after it says by its mark that it was durable: that is corruption.
 * - What was read from the tail may be in the page cache alone. It is copied to a new file, synced,
 *   and that file takes the tail's name (rule W7). Nothing is appended to the old one.
 */
import { randomInt } from 'node:crypto';
import path from 'node:path';
import type { Entry } from '#node/raft/entry.ts';
import { ENTRY_CONFIG } from '#node/raft/entry.ts';
import { saysEncrypted } from './cipher.ts';
import { LogCorruptionError } from './errors.ts';
import type { Files } from './files.ts';
import {
  alignUp,
  BATCH_ALIGNMENT,
  BATCH_HEADER_BYTES,
  BatchEncoder,
  type BatchHeader,
  encryptBatch,
  rebindBatch,
  RESTART_ROOM_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  walkRecords,
} from './format.ts';
import { LogIndex } from './log-index.ts';
import {
  fillSegment,
  isSpare,
  openSegment,
  ordinalOf,
  type Segment,
  type SegmentPlace,
  SegmentReader,
  segmentPath,
  TEMPORARY_SUFFIX,
} from './segment.ts';
import { MAX_SPARES } from './supply.ts';

const WINDOW_BYTES = 1 << 20;
/** Room for appends in the segment that recovery makes, until a full-sized one is ready. */
export const TAIL_ROOM_BYTES = 4 << 20;

/** The log begins anew after this entry. */
export interface Restart {
  readonly index: number;
  readonly term: number;
}

/** The log as recovered, ready to be appended to. */
export interface RecoveredSegments {
  readonly index: LogIndex;
  readonly configEntries: readonly Entry[];
  /** Highest commit hint in the log; may be above the last index. */
  readonly commit: number;
  /** Oldest first; the last one is the new tail. */
  readonly segments: Segment[];
  /** Where the next batch goes in the tail. */
  readonly position: number;
  /** Sequence of the last batch. */
  readonly sequence: number;
  /** For the next segment that is made. */
  readonly nextGeneration: number;
  /** Bytes of a torn batch that were cut off; for the start-up log line. */
  readonly cutBytes: number;
}

/** The files in the directory of a log. */
export interface Listing {
  /** Of the segments, ascending. */
  readonly ordinals: number[];
  /** Paths of dropped segments that were kept to be used again. */
  readonly spares: string[];
}

/** What is in the directory; temporary files are removed. Throws {@link LogCorruptionError}. */
export function listSegments(files: Files, directory: string): Listing {
  const ordinals: number[] = [];
  const spares: string[] = [];
  for (const name of files.list(directory)) {
    const place = path.join(directory, name);
    if (name.endsWith(TEMPORARY_SUFFIX)) files.remove(place);
    else if (isSpare(name)) spares.push(place);
    else if (ordinalOf(name) > 0) ordinals.push(ordinalOf(name));
  }
  ordinals.sort((a, b) => a - b);
  for (let i = 1; i < ordinals.length; i++) {
    if (ordinals[i] === ordinals[i - 1] + 1) continue;
    const missing = segmentPath(directory, ordinals[i - 1] + 1);
    throw new LogCorruptionError(missing, 0, 'this segment is missing');
  }
  return { ordinals, spares };
}

/** Those of `spares` that can be used again; the others are removed. */
export function usableSpares(place: SegmentPlace, spares: readonly string[]): string[] {
  return spares.filter((name, i) => {
    const usable = i < MAX_SPARES && isUsable(place, name);
    if (!usable) place.files.remove(name);
    return usable;
  });
}

/** Whether a spare has the right length, and, where segments are encrypted, was so itself. */
function isUsable({ files, segmentBytes, keys }: SegmentPlace, name: string): boolean {
  const file = files.open(name);
  try {
    if (files.sizeBytes(file) !== segmentBytes) return false;
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    files.read(file, header, 0, SEGMENT_HEADER_BYTES, 0);
    return saysEncrypted(header) || !keys.encrypts;
  } finally {
    files.close(file);
  }
}

/** Makes the first segment of a new log. */
export function createLog(place: SegmentPlace): RecoveredSegments {
  const index = new LogIndex(0, 0);
  const tail = createTail(place, 1, 1, {
    index,
    commit: 0,
    sequence: 0,
    end: SEGMENT_HEADER_BYTES,
    copy: () => {},
    restart: null,
  });
  return {
    index,
    configEntries: [],
    commit: 0,
    segments: [tail],
    position: SEGMENT_HEADER_BYTES + BATCH_ALIGNMENT,
    sequence: 1,
    nextGeneration: 2,
    cutBytes: 0,
  };
}

/** What was read, before anything is changed. */
export interface FoundLog {
  readonly index: LogIndex;
  readonly commit: number;
  /** Of the last whole batch. */
  readonly sequence: number;
}

/**
 * Reads the segments `ordinals` (from {@link listSegments}; not empty) and makes a new tail; if `restartAfter`
 * says so, the log begins anew in it. Throws {@link LogCorruptionError}, LogVersionError, what
 * `restartAfter` throws, or an error of the system.
 */
export function recoverLog(
  place: SegmentPlace,
  ordinals: readonly number[],
  restartAfter: (found: FoundLog) => Restart | null,
): RecoveredSegments {
  const { files } = place;
  const segments: Segment[] = [];
  try {
    for (const ordinal of ordinals) segments.push(openSegment(place, ordinal));
    const nextGeneration = 1 + Math.max(...segments.map((segment) => segment.header.generation));
    const replay = new Replay(files, segments, findTail(files, segments));
    replay.run();
    const { tail, end } = replay;
    const restart = restartAfter(replay);
    for (const empty of segments.splice(tail + 1)) {
      files.close(empty.file);
      files.remove(empty.path);
    }
    const old = segments[tail];
    const state = { ...replay.state(), copy: replay.copyTail, restart };
    segments[tail] = createTail(place, old.header.ordinal, nextGeneration, state);
    files.close(old.file);
    if (restart !== null) replay.restart(restart);
    return {
      index: replay.index,
      configEntries: replay.configEntries,
      commit: replay.commit,
      segments,
      position: end + BATCH_ALIGNMENT,
      sequence: replay.sequence + 1,
      nextGeneration: nextGeneration + 1,
      cutBytes: replay.cutBytes,
    };
  } catch (error) {
    for (const segment of segments) files.close(segment.file);
    throw error;
  }
}

/** Position in `segments` of the last one that has a valid batch. */
function findTail(files: Files, segments: readonly Segment[]): number {
  for (let i = segments.length - 1; i >= 0; i--) {
    const reader = new SegmentReader(files, segments[i], WINDOW_BYTES);
    if (findBatch(reader, SEGMENT_HEADER_BYTES, 0) !== -1) return i;
  }
  throw new LogCorruptionError(segments[0].path, SEGMENT_HEADER_BYTES, 'no batch is readable');
}

/** Offset of the first valid batch header at or after `from` whose mark is >= mark, or -1. */
function findBatch(reader: SegmentReader, from: number, mark: number): number {
  const last = reader.segment.header.sizeBytes - BATCH_HEADER_BYTES;
  for (let at = from; at <= last; at += BATCH_ALIGNMENT) {
    const header = reader.header(at);
    if (header !== null && header.mark >= mark) return at;
  }
  return -1;
}

/** One pass over all batches, in order. */
class Replay {
  index = new LogIndex(0, 0);
  readonly configEntries: Entry[] = [];
  commit = 0;
  /** Of the last whole batch; 0 before the first. */
  sequence = 0;
  /** Position of the tail in `segments`. */
  readonly tail: number;
  /** Where the log ends in the tail. */
  end = SEGMENT_HEADER_BYTES;
  cutBytes = 0;
  readonly #segments: readonly Segment[];
  readonly #files: Files;

  constructor(files: Files, segments: readonly Segment[], tail: number) {
    this.#files = files;
    this.#segments = segments;
    this.tail = tail;
  }

  run(): void {
    for (let i = 0; i < this.tail; i++) this.#sealed(i);
    const reader = new SegmentReader(this.#files, this.#segments[this.tail], WINDOW_BYTES);
    const stop = this.#batches(reader);
    const later = findBatch(reader, this.end, this.sequence + 1);
    if (later !== -1) {
      throw this.#corrupt(reader, stop, `damaged, and the batch at ${later} says it was durable`);
    }
    const torn = reader.header(this.end);
    if (torn !== null) this.cutBytes = torn.length;
  }

  restart({ index, term }: Restart): void {
    this.index.restart(index, term);
    this.configEntries.length = 0;
  }

  state(): { index: LogIndex; commit: number; sequence: number; end: number } {
    return { index: this.index, commit: this.commit, sequence: this.sequence, end: this.end };
  }

  /** Copies the batches of the tail to the same places in `file`, which belongs to `header`. */
  readonly copyTail = (file: number, header: SegmentHeader): void => {
    const reader = new SegmentReader(this.#files, this.#segments[this.tail], WINDOW_BYTES);
    for (let at = SEGMENT_HEADER_BYTES; at < this.end; ) {
      const batch = reader.header(at);
      // read twice: the medium may answer otherwise the second time
      if (batch === null || reader.firstBadRecord(at, batch) !== -1) {
        throw this.#corrupt(reader, at, 'this batch was readable a moment ago');
      }
      const from = at - reader.start;
      rebindBatch(reader.bytes, reader.view, from, batch.recordCount, header);
      this.#files.write(
        file,
        this.#forDisk(reader.bytes, from, batch.length, at, header),
        batch.length,
        at,
      );
      at = alignUp(at + batch.length, BATCH_ALIGNMENT);
    }
  };

  /** The batch of `length` bytes at `from`, as it is written to `offset` of a file with this header. */
  #forDisk(
    bytes: Uint8Array,
    from: number,
    length: number,
    offset: number,
    { cipher }: SegmentHeader,
  ): Uint8Array {
    if (cipher === null) return bytes.subarray(from);
    const encrypted = new Uint8Array(length);
    encryptBatch(bytes, from, length, cipher, offset, encrypted);
    return encrypted;
  }

  #sealed(i: number): void {
    const reader = new SegmentReader(this.#files, this.#segments[i], WINDOW_BYTES);
    const stop = this.#batches(reader);
    if (stop !== this.end)
      throw this.#corrupt(reader, stop, 'a record of a sealed segment is damaged');
    const next = new SegmentReader(this.#files, this.#segments[i + 1], SEGMENT_HEADER_BYTES);
    const first = next.header(SEGMENT_HEADER_BYTES);
    if (first === null) {
      throw this.#corrupt(next, SEGMENT_HEADER_BYTES, 'the first batch of the segment is damaged');
    }
    if (first.sequence !== this.sequence + 1) {
      const what = `batch ${this.sequence + 1} to ${first.sequence - 1} of a sealed segment are damaged`;
      throw this.#corrupt(reader, stop, what);
    }
  }

  /** Applies whole batches from the start; leaves `end` behind the last; returns what stopped it. */
  #batches(reader: SegmentReader): number {
    this.end = SEGMENT_HEADER_BYTES;
    for (;;) {
      const header = reader.header(this.end);
      if (header === null) return this.end;
      if (this.sequence !== 0 && header.sequence !== this.sequence + 1) {
        const what = `batch ${header.sequence} stands where ${this.sequence + 1} should`;
        throw this.#corrupt(reader, this.end, what);
      }
      const bad = reader.firstBadRecord(this.end, header);
      if (bad !== -1) return bad;
      this.#apply(reader, header);
      this.end = alignUp(this.end + header.length, BATCH_ALIGNMENT);
    }
  }

  #apply(reader: SegmentReader, header: BatchHeader): void {
    if (this.sequence === 0) this.index = new LogIndex(header.lastIndex, header.lastTerm);
    const { index } = this;
    const { start, bytes } = reader;
    if (header.lastIndex !== index.lastIndex || header.lastTerm !== index.lastTerm) {
      const what = `the batch follows entry ${header.lastIndex}, the log ends at ${index.lastIndex}`;
      throw this.#corrupt(reader, this.end, what);
    }
    index.startBatch(reader.segment.header.ordinal, start, this.end, header.length);
    walkRecords(reader.view, this.end - start, header.recordCount, {
      entry: (at, term, kind, recordAt, payloadAt, payloadEnd) => {
        if (at !== index.lastIndex + 1 || term < index.lastTerm) {
          const what = `entry ${at} of term ${term} follows entry ${index.lastIndex} of ${index.lastTerm}`;
          throw this.#corrupt(reader, recordAt + start, what);
        }
        index.entry(at, term, kind, recordAt);
        if (kind !== ENTRY_CONFIG) return;
        const payload = bytes.slice(payloadAt, payloadEnd);
        this.configEntries.push({ index: at, term, kind, payload });
      },
      truncate: (from, termBefore) => {
        index.truncate(from, termBefore);
        while ((this.configEntries.at(-1)?.index ?? 0) >= from) this.configEntries.pop();
      },
      restart: (after, term) => this.restart({ index: after, term }),
    });
    this.sequence = header.sequence;
    this.commit = Math.max(this.commit, header.commit);
  }

  #corrupt(reader: SegmentReader, at: number, what: string): LogCorruptionError {
    return new LogCorruptionError(reader.segment.path, at, what);
  }
}

interface TailContent {
  readonly index: LogIndex;
  readonly commit: number;
  /** Of the last batch that `copy` writes. */
  readonly sequence: number;
  /** Where the batches that `copy` writes end. */
  readonly end: number;
  readonly copy: (file: number, header: SegmentHeader) => void;
  /** Null when the log goes on. */
  readonly restart: Restart | null;
}

/**
 * Makes segment `ordinal` from `content` and a batch, empty but for a restart, whose mark covers all of it.
 * It takes the place of a file of that name in one step.
 */
function createTail(
  place: SegmentPlace,
  ordinal: number,
  generation: number,
  content: TailContent,
): Segment {
  const { files, directory, segmentBytes, keys } = place;
  const { index, commit, sequence, end } = content;
  const tailRoom = Math.min(segmentBytes, TAIL_ROOM_BYTES);
  // a tail that is opened again and again, while the disk is full, does not grow by that much each time
  const least = BATCH_ALIGNMENT + RESTART_ROOM_BYTES;
  const room = Math.max(Math.min(segmentBytes + tailRoom - end, tailRoom), least);
  const sizeBytes = alignUp(end + room, SEGMENT_HEADER_BYTES);
  const cipher = keys.newCipher();
  const header = { ordinal, generation, salt: randomInt(2 ** 32), sizeBytes, cipher };
  const name = segmentPath(directory, ordinal);
  const file = files.create(name + TEMPORARY_SUFFIX);
  let made = false;
  try {
    fillSegment(files, file, header);
    content.copy(file, header);
    const mark = new BatchEncoder(BATCH_ALIGNMENT);
    mark.start(header);
    if (content.restart !== null) mark.restart(content.restart.index, content.restart.term);
    const { lastIndex, lastTerm } = index;
    mark.finish({ sequence: sequence + 1, mark: sequence, lastIndex, lastTerm, commit }, end);
    files.write(file, mark.output, mark.paddedLength, end);
    files.sync(file);
    made = true;
  } finally {
    files.close(file);
    if (!made) files.remove(name + TEMPORARY_SUFFIX);
  }
  files.rename(name + TEMPORARY_SUFFIX, name);
  files.syncDirectory(directory);
  return openSegment(place, ordinal);
}
