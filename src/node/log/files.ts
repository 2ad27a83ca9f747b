/**
 * The few things the log does with files, as a port: `nodeFiles` is the real one; tests run the log on
 * a simulated disk that loses what was not synced, fills up and fails on demand.
 *
 * Blocking calls serve opening and reading; once a log is open, nothing that writes blocks.
 * All errors are the system's, with its `code`. A directory entry (new, renamed or removed name) is
 * durable only after `syncDirectory` on its directory.
 */
import fs from 'node:fs';
import path from 'node:path';
import { takeLock } from './lock.ts';

export interface DiskSpace {
  /** Bytes an unprivileged process can still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface Files {
  /** Takes the lock of this name, against every process, until the returned function is called. */
  lock(path: string): () => void;
  /** Makes the directory and its parents durably; nothing happens when it exists. */
  makeDirectory(path: string): void;
  /** Names in the directory. */
  list(directory: string): string[];
  /** Makes an empty file (an old one of that name is emptied) and opens it for plain writes. */
  create(path: string): number;
  /** Opens an existing file for reading and for {@link append}. */
  open(path: string): number;
  close(file: number): void;
  sizeBytes(file: number): number;
  /** Fills into[start, start + length) from `position`; returns the bytes read, fewer only at the end. */
  read(file: number, into: Uint8Array, start: number, length: number, position: number): number;
  /** Writes bytes[0, length); not durable before {@link sync}. */
  write(file: number, bytes: Uint8Array, length: number, position: number): void;
  sync(file: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  syncDirectory(path: string): void;
  space(directory: string): DiskSpace;

  /**
   * Writes bytes[0, length) to a file of {@link open}; durable when `done` is called without an error,
   * which is never before `append` returns. A callback, because there is one for every batch.
   */
  append(
    file: number,
    bytes: Uint8Array,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void;
  createAsync(path: string): Promise<number>;
  /** Fills into[0, length) from `position`; resolves to the bytes read, fewer only at the end. */
  readAsync(file: number, into: Uint8Array, length: number, position: number): Promise<number>;
  writeAsync(file: number, bytes: Uint8Array, length: number, position: number): Promise<void>;
  syncAsync(file: number): Promise<void>;
  renameAsync(from: string, to: string): Promise<void>;
  removeAsync(path: string): Promise<void>;
  syncDirectoryAsync(path: string): Promise<void>;
  spaceAsync(directory: string): Promise<DiskSpace>;
}

/**
 * One write call is the sync where the system has O_DSYNC that reaches the medium. On macOS it does
 * not (only F_FULLFSYNC does, which is what libuv's fsync calls), so there a sync follows each write.
 */
const DSYNC = process.platform === 'linux' ? fs.constants.O_DSYNC : 0;
const { O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
const FILE_MODE = 0o660;

/** The files of this machine. */
export const nodeFiles: Files = {
  lock(path) {
    return takeLock(path);
  },
  makeDirectory(directory) {
    const first = fs.mkdirSync(directory, { recursive: true, mode: 0o770 });
    if (first === undefined) return;
    for (let made = path.resolve(directory); ; made = path.dirname(made)) {
      syncDirectory(path.dirname(made));
      if (made === path.resolve(first)) return;
    }
  },
  list(directory) {
    return fs.readdirSync(directory);
  },
  create(path) {
    return fs.openSync(path, O_RDWR | O_CREAT | O_TRUNC, FILE_MODE);
  },
  open(path) {
    return fs.openSync(path, O_RDWR | DSYNC);
  },
  close(file) {
    fs.closeSync(file);
  },
  sizeBytes(file) {
    return fs.fstatSync(file).size;
  },
  read(file, into, start, length, position) {
    let done = 0;
    while (done < length) {
      const count = fs.readSync(file, into, start + done, length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  },
  write(file, bytes, length, position) {
    let done = 0;
    while (done < length) {
      done += fs.writeSync(file, bytes, done, length - done, position + done);
    }
  },
  sync(file) {
    fs.fsyncSync(file);
  },
  rename(from, to) {
    fs.renameSync(from, to);
  },
  remove(path) {
    fs.rmSync(path, { force: true });
  },
  syncDirectory,
  space(directory) {
    return spaceOf(fs.statfsSync(directory));
  },

  append(file, bytes, length, position, done) {
    write(
      file,
      bytes,
      0,
      length,
      position,
      DSYNC === 0 ? (error) => sync(file, error, done) : done,
    );
  },
  createAsync(path) {
    return new Promise((resolve, reject) => {
      fs.open(path, O_RDWR | O_CREAT | O_TRUNC, FILE_MODE, (error, file) => {
        if (error === null) resolve(file);
        else reject(error);
      });
    });
  },
  readAsync: readAll,
  writeAsync: writeAll,
  syncAsync,
  renameAsync: fs.promises.rename,
  removeAsync(path) {
    return fs.promises.rm(path, { force: true });
  },
  async syncDirectoryAsync(path) {
    const handle = await fs.promises.open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async spaceAsync(directory) {
    return spaceOf(await fs.promises.statfs(directory));
  },
};

function spaceOf(stats: fs.StatsFs): DiskSpace {
  return {
    freeBytes: stats.bavail * stats.bsize,
    totalBytes: stats.blocks * stats.bsize,
  };
}

function syncDirectory(directory: string): void {
  const file = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

function syncAsync(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(file, (error) => (error === null ? resolve() : reject(error)));
  });
}

function sync(file: number, error: Error | null, done: (error: Error | null) => void): void {
  if (error === null) fs.fsync(file, done);
  else done(error);
}

async function readAll(
  file: number,
  into: Uint8Array,
  length: number,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const count = await readSome(file, into, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function readSome(
  file: number,
  into: Uint8Array,
  start: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(file, into, start, length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

function writeAll(
  file: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, length, position, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes bytes[start, end). A short write is continued; if it was short for a reason, the next call says which. */
function write(
  file: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number,
  done: (error: Error | null) => void,
): void {
  fs.write(file, bytes, start, end - start, position, (error, count) => {
    if (error !== null) done(error);
    else if (count < end - start) write(file, bytes, start + count, end, position + count, done);
    else done(null);
  });
}
