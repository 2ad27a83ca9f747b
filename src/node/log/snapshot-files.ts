/**
 * The member's snapshot files, in a directory of their own (FORMAT.md §9). A file has its name only
 * when its content is synced, so what is listed after a crash is whole.
 *
 * Opening checks the header, name and length of each file, not the content: that may be hundreds of
 * gigabytes and is read anyway before it is used. Each frame is checked whenever it is read, so no damaged byte
 * ever gets out; `verify` reads a whole file without blocking for one that will be relied on later.
 *
 * Nothing but the directory's own lock (the identity's, on the data directory) keeps others out.
 */
import path from 'node:path';
import { invariant } from '#base/invariant.ts';
import type { SnapshotFile, SnapshotFiles, SnapshotSink } from '#node/shard/ports.ts';
import { type KeyRing, NO_KEYS } from './cipher.ts';
import { SnapshotDamagedError, SnapshotGoneError } from './errors.ts';
import { type Files, nodeFiles } from './files.ts';
import { TEMPORARY_SUFFIX } from './segment.ts';
import {
  decodeSnapshotHeader,
  FRAME_BYTES,
  FRAME_CONTENT_BYTES,
  frameAt,
  openFrame,
  SNAPSHOT_HEADER_BYTES,
  type SnapshotHeader,
  snapshotFileBytes,
  snapshotName,
  snapshotOf,
} from './snapshot-format.ts';
import { FrameSink } from './snapshot-sink.ts';

/** Frames that `verify` reads at a time. */
const VERIFY_FRAMES = 16;

export interface SnapshotOptions {
  /** Made when missing. */
  readonly directory: string;
  /** A file could not be removed; it is tried again at the next opening. */
  readonly onError?: (error: Error) => void;
  /** Bytes that a snapshot in the making leaves free on the disk; default 0. Then it fails with ENOSPC. */
  readonly reserveBytes?: number;
  /** Keys for what is written and read; default none: plaintext. */
  readonly keys?: KeyRing;
  readonly files?: Files;
}

/** SnapshotOptions with defaults filled in. */
interface CompleteOptions extends SnapshotOptions {
  readonly keys: KeyRing;
  readonly reserveBytes: number;
  readonly files: Files;
}

/** A file that is there and cannot be used. */
export interface DamagedSnapshot {
  readonly index: number;
  readonly error: SnapshotDamagedError;
}

/** A file open for reading, and the last frame read from it. */
interface Reading {
  readonly path: string;
  readonly file: number;
  readonly header: SnapshotHeader;
  readonly frame: Uint8Array;
  /** Number of the frame last read; -1 when there is none. */
  number: number;
  /** Its content, checked. */
  content: Uint8Array;
}

/**
 * Opens (or makes) the snapshot directory and removes what was left half made. Throws LogVersionError for a file of
 * a newer version, or the system's error. Damaged files are not listed and stay where they are, for analysis,
 * until a snapshot is published.
 */
export function openSnapshots(options: SnapshotOptions): SnapshotDirectory {
  const { files = nodeFiles, keys = NO_KEYS, directory } = options;
  const complete = { ...options, files, keys, reserveBytes: options.reserveBytes ?? 0 };
  files.makeDirectory(directory);
  // a name that was made just before the last crash may be in memory alone
  files.syncDirectory(directory);
  const found: SnapshotFile[] = [];
  const damaged: DamagedSnapshot[] = [];
  for (const name of files.list(directory)) {
    const place = path.join(directory, name);
    if (name.endsWith(TEMPORARY_SUFFIX)) files.remove(place);
    const identity = snapshotOf(name);
    if (identity === null) continue;
    try {
      const reading = openReading(complete, place, identity);
      files.close(reading.file);
      found.push({ ...identity, sizeBytes: reading.header.contentBytes });
    } catch (error) {
      if (!(error instanceof SnapshotDamagedError)) throw error;
      damaged.push({ index: identity.index, error });
    }
  }
  found.sort((a, b) => a.index - b.index);
  return new SnapshotDirectory(complete, found, damaged);
}

/** Only {@link openSnapshots} makes these. */
export class SnapshotDirectory implements SnapshotFiles {
  readonly #options: CompleteOptions;
  #list: readonly SnapshotFile[];
  #damaged: readonly DamagedSnapshot[];
  readonly #sinks = new Set<FrameSink>();
  #sinkCount = 0;
  /** The file that `read` was last asked for. */
  #reading: Reading | null = null;
  /** What `read` gives. */
  #bytes = new Uint8Array(0);
  /** Changes of names follow each other. */
  #names: Promise<void> = Promise.resolve();

  constructor(
    options: CompleteOptions,
    list: readonly SnapshotFile[],
    damaged: readonly DamagedSnapshot[],
  ) {
    this.#options = options;
    this.#list = list;
    this.#damaged = damaged;
  }

  get files(): readonly SnapshotFile[] {
    return this.#list;
  }

  /** What cannot be used, for the log line. */
  get damaged(): readonly DamagedSnapshot[] {
    return this.#damaged;
  }

  /**
   * See {@link SnapshotFiles}. Throws SNAPSHOT_DAMAGED or SNAPSHOT_GONE, or the system's error. Reading
   * forward in small pieces reads and checks each frame once.
   */
  read(index: number, offset: number, maxBytes: number): Uint8Array {
    const reading = this.#open(index);
    const end = Math.min(offset + maxBytes, reading.header.contentBytes);
    const count = Math.max(0, end - offset);
    if (this.#bytes.length < count) this.#bytes = new Uint8Array(count);
    const bytes = this.#bytes.subarray(0, count);
    for (let at = offset; at < end; ) {
      const number = Math.floor(at / FRAME_CONTENT_BYTES);
      const content = loadFrame(this.#options.files, reading, number);
      const from = at - number * FRAME_CONTENT_BYTES;
      const part = Math.min(content.length - from, end - at);
      bytes.set(content.subarray(from, from + part), at - offset);
      at += part;
    }
    return bytes;
  }

  create(index: number, term: number): SnapshotSink {
    const name = path.join(this.#options.directory, snapshotName(index, term));
    const sink = new FrameSink({
      files: this.#options.files,
      keys: this.#options.keys,
      reserveBytes: this.#options.reserveBytes,
      index,
      term,
      // each has its own: one that was abandoned may still be on its way out
      temporary: `${name}.${++this.#sinkCount}${TEMPORARY_SUFFIX}`,
      adopt: (file, temporary) => this.#inTurn(() => this.#adopt(file, temporary, name)),
    });
    this.#sinks.add(sink);
    void sink.finished.then(() => this.#sinks.delete(sink));
    return sink;
  }

  remove(index: number): void {
    const gone = this.#list.filter((file) => file.index === index);
    this.#list = this.#list.filter((file) => file.index !== index);
    if (this.#reading?.header.index === index) this.#closeReading();
    const places = gone.map((file) => this.#place(file));
    if (places.length > 0) void this.#inTurn(() => this.#removeAll(places));
  }

  /**
   * Reads the whole file and checks it, without blocking for more than a piece of it. Rejects with
   * SNAPSHOT_DAMAGED, SNAPSHOT_GONE or the system's error.
   */
  async verify(index: number): Promise<void> {
    const { files } = this.#options;
    const reading = this.#openAnew(index);
    try {
      const { contentBytes } = reading.header;
      const bytes = new Uint8Array(VERIFY_FRAMES * FRAME_BYTES);
      const end = snapshotFileBytes(contentBytes);
      for (let at = frameAt(0); at < end; at += bytes.length) {
        const count = await files.readAsync(
          reading.file,
          bytes,
          Math.min(bytes.length, end - at),
          at,
        );
        checkFrames(reading, bytes.subarray(0, count), at, Math.min(bytes.length, end - at));
      }
    } finally {
      files.close(reading.file);
    }
  }

  /** Sets damaged files aside until the newest is whole. Rejects with the system's error. */
  async verifyNewest(): Promise<void> {
    for (let newest = this.files.at(-1); newest !== undefined; newest = this.files.at(-1)) {
      try {
        await this.verify(newest.index);
        return;
      } catch (error) {
        if (!(error instanceof SnapshotDamagedError)) throw error;
        this.setAside(newest.index, error);
      }
    }
  }

  /** As {@link verify}, blocking: for opening, before there is anything to block. */
  check(index: number): void {
    const { files } = this.#options;
    const reading = this.#openAnew(index);
    try {
      const frames = Math.ceil(reading.header.contentBytes / FRAME_CONTENT_BYTES);
      for (let number = 0; number < frames; number++) loadFrame(files, reading, number);
    } finally {
      files.close(reading.file);
    }
  }

  /** Takes a file that turned out damaged off the list. */
  setAside(index: number, error: SnapshotDamagedError): void {
    this.#list = this.#list.filter((file) => file.index !== index);
    this.#damaged = [...this.#damaged, { index, error }];
    if (this.#reading?.header.index === index) this.#closeReading();
  }

  /** Abandons what is not published, and waits for the disk. */
  async close(): Promise<void> {
    const finished = [...this.#sinks].map((sink) => {
      sink.abandon();
      return sink.finished;
    });
    await Promise.all(finished);
    await this.#names;
    this.#closeReading();
  }

  /** Runs `work` when all changes of names before it are done. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#names.then(work);
    this.#names = done.catch(() => {});
    return done;
  }

  async #adopt(file: SnapshotFile, temporary: string, name: string): Promise<void> {
    const { files, directory } = this.#options;
    if (this.#list.some(({ index }) => index === file.index)) {
      // the same image, made twice: the one that may be read at this moment stays
      await files.removeAsync(temporary);
      return;
    }
    await files.renameAsync(temporary, name);
    try {
      await files.syncDirectoryAsync(directory);
    } catch (error) {
      // it has its name in memory at least: take it away again
      await files.removeAsync(name).catch(() => {});
      throw error;
    }
    this.#list = [...this.#list, file].sort((a, b) => a.index - b.index);
    const places = this.#damaged.map(({ error }) => error.file).filter((place) => place !== name);
    this.#damaged = [];
    if (places.length > 0) void this.#inTurn(() => this.#removeAll(places));
  }

  async #removeAll(places: readonly string[]): Promise<void> {
    const { files, directory, onError } = this.#options;
    try {
      for (const place of places) await files.removeAsync(place);
      await files.syncDirectoryAsync(directory);
    } catch (error) {
      onError?.(error as Error);
    }
  }

  #place(file: SnapshotFile): string {
    return path.join(this.#options.directory, snapshotName(file.index, file.term));
  }

  #open(index: number): Reading {
    if (this.#reading?.header.index === index) return this.#reading;
    this.#closeReading();
    this.#reading = this.#openAnew(index);
    return this.#reading;
  }

  #openAnew(index: number): Reading {
    const file = this.#list.find((candidate) => candidate.index === index);
    if (file === undefined) throw new SnapshotGoneError(index);
    return openReading(this.#options, this.#place(file), file);
  }

  #closeReading(): void {
    if (this.#reading !== null) this.#options.files.close(this.#reading.file);
    this.#reading = null;
  }
}

/** Opens a file and checks its header against its name and length. */
function openReading(
  { files, keys }: CompleteOptions,
  place: string,
  identity: { readonly index: number; readonly term: number },
): Reading {
  const file = files.open(place);
  try {
    const bytes = new Uint8Array(SNAPSHOT_HEADER_BYTES);
    const count = files.read(file, bytes, 0, SNAPSHOT_HEADER_BYTES, 0);
    const header = decodeSnapshotHeader(bytes.subarray(0, count), place, keys);
    if (header.index !== identity.index || header.term !== identity.term) {
      const what = `this is the snapshot of entry ${header.index} of term ${header.term}, renamed`;
      throw new SnapshotDamagedError(place, 0, what);
    }
    const size = files.sizeBytes(file);
    const expected = snapshotFileBytes(header.contentBytes);
    if (size !== expected) {
      const what = `the file has ${size} bytes and should have ${expected}`;
      throw new SnapshotDamagedError(place, Math.min(size, expected), what);
    }
    const frame = new Uint8Array(FRAME_BYTES);
    return { path: place, file, header, frame, number: -1, content: frame };
  } catch (error) {
    files.close(file);
    throw error;
  }
}

/** Length in the file of frame `number`. */
function frameBytes(header: SnapshotHeader, number: number): number {
  return Math.min(FRAME_BYTES, snapshotFileBytes(header.contentBytes) - frameAt(number));
}

/** The content of frame `number`, checked. */
function loadFrame(files: Files, reading: Reading, number: number): Uint8Array {
  if (reading.number === number) return reading.content;
  reading.number = -1;
  const { header, file } = reading;
  const frame = reading.frame.subarray(0, frameBytes(header, number));
  const at = frameAt(number);
  const count = files.read(file, frame, 0, frame.length, at);
  const content = count === frame.length ? openFrame(frame, number, header) : null;
  if (content === null) {
    throw new SnapshotDamagedError(reading.path, at, 'this part of the snapshot is damaged');
  }
  reading.number = number;
  reading.content = content;
  return content;
}

/** Checks the frames in `bytes`, which were read from file offset `start` and should be `expected` bytes. */
function checkFrames(reading: Reading, bytes: Uint8Array, start: number, expected: number): void {
  for (let at = 0; at < expected; at += FRAME_BYTES) {
    const frame = bytes.subarray(at, Math.min(at + FRAME_BYTES, expected));
    const number = (start - SNAPSHOT_HEADER_BYTES + at) / FRAME_BYTES;
    invariant(Number.isInteger(number), 'frames are read whole');
    const short = frame.length < frameBytes(reading.header, number);
    if (short || openFrame(frame, number, reading.header) === null) {
      const what = 'this part of the snapshot is damaged';
      throw new SnapshotDamagedError(reading.path, start + at, what);
    }
  }
}
