/**
 * Keeps two processes out of one directory.
 *
 * Node has no flock of its own, but its built-in SQLite takes the kernel's record locks (fcntl) on a
 * database file. A transaction that never ends on an empty database is therefore a lock that
 * - the kernel gives back when the process dies, however it dies: no stale lock, no pid to misread;
 * - holds between containers on one machine, whose process ids mean nothing to each other;
 * - holds between machines on file systems that share locks (NFS v4).
 * It does not hold between machines on a file system without shared locks: there the volume has to be
 * attached to one machine at a time (ReadWriteOnce).
 *
 * The file beside it, `…-holder`, only tells a person who has it; nothing decides by it.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DirectoryLockedError, LockUnavailableError } from './errors.ts';

const SQLITE_BUSY = 5;

/**
 * Takes the lock `file` on behalf of its directory, which exists; the returned function gives it back. Throws
 * {@link DirectoryLockedError} at once when another holder lives (also one in this process),
 * {@link LockUnavailableError} when the file system cannot lock.
 */
export function takeLock(file: string): () => void {
  const directory = path.dirname(file);
  const holderFile = `${file}-holder`;
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    // no journal file: nothing is ever written into this database
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new DirectoryLockedError(directory, holderOf(holderFile));
    }
    throw new LockUnavailableError(directory, error);
  }
  const held = database;
  try {
    fs.writeFileSync(holderFile, `pid ${process.pid} on ${os.hostname()}`);
  } catch {
    // a full disk must not keep the log from opening; the lock is held without a name
  }
  return () => held.close();
}

function holderOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8') || 'unknown';
  } catch {
    return 'unknown';
  }
}
