/**
 * The errors of the disk, each with a stable `code` and the words a person needs at three in the
 * morning: what is wrong, where, and what to do. Errors of the system (EIO, ENOSPC…) pass through as
 * they are.
 */

const REPLACE_MEMBER =
  'The log was not changed. This copy must not vote any more: keep the volume for analysis, give the ' +
  'member an empty one, and it comes back under a new memberId and catches up from the others.';

const KEEP_KEY_IDS = 'Put the old key back under that id, and give a new key an id of its own.';

/** Bytes that were durable once are not what was written. */
export class LogCorruptionError extends Error {
  readonly code = 'LOG_CORRUPT';
  readonly file: string;
  /** Byte offset in `file`. */
  readonly offset: number;
  /** What a person should do. */
  readonly advice = REPLACE_MEMBER;

  constructor(file: string, offset: number, what: string) {
    super(`${file}, offset ${offset}: ${what}. ${REPLACE_MEMBER}`);
    this.name = 'LogCorruptionError';
    this.file = file;
    this.offset = offset;
  }
}

/** The files were written by another version of Holdfast, and this one does not read them. */
export class LogVersionError extends Error {
  readonly code = 'LOG_VERSION';
  readonly file: string;
  readonly found: number;
  readonly supported: number;

  constructor(file: string, found: number, supported: number) {
    const advice =
      found > supported
        ? 'Start the version of Holdfast that wrote it, or a newer one.'
        : 'No release wrote that version: give the member an empty volume.';
    super(
      `${file} has format version ${found}; this program reads version ${supported}. ${advice} Nothing was changed.`,
    );
    this.name = 'LogVersionError';
    this.file = file;
    this.found = found;
    this.supported = supported;
  }
}

/** The log begins behind the newest snapshot: what lies between is nowhere on this disk. */
export class LogWithoutSnapshotError extends Error {
  readonly code = 'LOG_WITHOUT_SNAPSHOT';
  readonly directory: string;
  readonly firstIndex: number;
  /** What a person should do. */
  readonly advice = REPLACE_MEMBER;

  /** @param newest index of the newest snapshot that can be used, 0 when there is none */
  constructor(directory: string, firstIndex: number, newest: number) {
    const have = newest === 0 ? 'no snapshot can be used' : `the newest snapshot ends at ${newest}`;
    super(`${directory}: the log begins at entry ${firstIndex}, but ${have}. ${REPLACE_MEMBER}`);
    this.name = 'LogWithoutSnapshotError';
    this.directory = directory;
    this.firstIndex = firstIndex;
  }
}

/** The key file is not what it should be. */
export class KeyFileError extends Error {
  readonly code = 'KEY_FILE_INVALID';

  constructor(file: string, what: string) {
    super(`key file ${file}: ${what}`);
    this.name = 'KeyFileError';
  }
}

/** A file is encrypted with a key that this member has not been given. */
export class KeyMissingError extends Error {
  readonly code = 'KEY_MISSING';
  readonly file: string;
  readonly keyId: string;

  constructor(file: string, keyId: string) {
    super(
      `${file} is encrypted with key ${keyId}, which is not in the key file. ` +
        'Add its line to the file that --encryption-key-file names (not as the first). Nothing was changed.',
    );
    this.name = 'KeyMissingError';
    this.file = file;
    this.keyId = keyId;
  }
}

/** The key file has another key under the id that a file names. */
export class KeyWrongError extends Error {
  readonly code = 'KEY_WRONG';
  readonly file: string;
  readonly keyId: string;

  constructor(file: string, keyId: string) {
    super(
      `${file} is encrypted with another key than the one called ${keyId} in the key file. ` +
        `${KEEP_KEY_IDS} Nothing was changed.`,
    );
    this.name = 'KeyWrongError';
    this.file = file;
    this.keyId = keyId;
  }
}

/** The key file gives another key under an id that it gave before. */
export class KeyChangedError extends Error {
  readonly code = 'KEY_CHANGED';
  readonly keyId: string;

  constructor(keyId: string) {
    super(
      `the key file has another key than before under the id ${keyId}: what is encrypted with the old one could not be ` +
        `read after a restart. ${KEEP_KEY_IDS}`,
    );
    this.name = 'KeyChangedError';
    this.keyId = keyId;
  }
}

/** Another process has the directory open. */
export class DirectoryLockedError extends Error {
  readonly code = 'LOG_LOCKED';

  constructor(directory: string, holder: string) {
    super(
      `${directory} is in use by another process (${holder}). ` +
        'Two members must never share a volume: stop that process, or use another directory.',
    );
    this.name = 'DirectoryLockedError';
  }
}

/** The file system cannot lock, so nothing would keep two members out of one volume. */
export class LockUnavailableError extends Error {
  readonly code = 'LOG_LOCK_UNAVAILABLE';

  constructor(directory: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${directory} cannot be locked: ${why}. Use a file system that has POSIX locks.`, {
      cause,
    });
    this.name = 'LockUnavailableError';
  }
}

/** A snapshot file is not what was written. Another one, or another member's, has to be used. */
export class SnapshotDamagedError extends Error {
  readonly code = 'SNAPSHOT_DAMAGED';
  readonly file: string;
  /** Byte offset in `file`. */
  readonly offset: number;

  constructor(file: string, offset: number, what: string) {
    super(`${file}, offset ${offset}: ${what}. The file is not used.`);
    this.name = 'SnapshotDamagedError';
    this.file = file;
    this.offset = offset;
  }
}

/** What is left of the disk is kept for the log. */
export class DiskReservedError extends Error {
  readonly code = 'ENOSPC';

  constructor(file: string, reserveBytes: number) {
    super(`${file}: the last ${reserveBytes} bytes of the disk are kept for the log`);
    this.name = 'DiskReservedError';
  }
}

/** There is no snapshot file of this index (any more). */
export class SnapshotGoneError extends Error {
  readonly code = 'SNAPSHOT_GONE';

  constructor(index: number) {
    super(`there is no snapshot of entry ${index}`);
    this.name = 'SnapshotGoneError';
  }
}

/** A JSON file of the member's identity cannot be read as what it should be. */
export class IdentityCorruptError extends Error {
  readonly code = 'IDENTITY_CORRUPT';
  readonly file: string;

  constructor(file: string, what: string) {
    super(`${file}: ${what}. ${REPLACE_MEMBER}`);
    this.name = 'IdentityCorruptError';
    this.file = file;
  }
}
