/**
 * Storage: all that a member has on its disk, opened together: log, snapshots and the keys that both are
 * encrypted with. Wiring of rooms, like `node.ts`.
 *
 * Invariant: log and snapshots are opened only while the identity beside them is locked by this process.
 */
import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '#base/clock.ts';
import { Histogram } from '#node/admin/histogram.ts';
import type { NodeFacts } from '#node/admin/member-admin.ts';
import type { Options } from '#node/config/options.ts';
import { NO_KEYS } from '#node/log/cipher.ts';
import { KeyFile } from '#node/log/key-file.ts';
import type { Log } from '#node/log/log.ts';
import { openLog, reserveFor } from '#node/log/open.ts';
import { openSnapshots, type SnapshotDirectory } from '#node/log/snapshot-files.ts';
import type { Membership } from '#node/raft/membership.ts';
import type { Recovered } from '#node/raft/raft.ts';
import { newestSnapshot } from '#node/shard/restore.ts';

const KEY_FILE_RELOAD_MS = 5000;

/** The disk belongs to a shard, but its log is gone. */
class LogLostError extends Error {
  readonly code = 'LOG_LOST';

  constructor(directory: string) {
    super(
      `this disk belongs to a shard, but ${directory} is missing: what this member acknowledged is lost, and it` +
        ' must not vote again under its memberId. Empty the whole data directory to make it a new member.',
    );
  }
}

export interface StorageEvents {
  /** See `Disk` (shard/ports.ts). */
  persisted(seq: number): void;
  /** A write or sync failed; the process must end. */
  failed(error: Error): void;
}

export interface OpenedStorage {
  readonly log: Log;
  readonly snapshots: SnapshotDirectory;
  /** What Raft begins with, if `membership` is that before the first config entry. */
  readonly recovered: (membership: Membership) => Recovered;
}

export class Storage {
  readonly syncDurations = new Histogram();
  readonly #options: Options;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #events: StorageEvents;
  /** Null: what is written is plaintext. */
  readonly #keyFile: KeyFile | null;
  #opened: OpenedStorage | null = null;

  /** Throws the key file's error. */
  constructor(options: Options, log: Logger, clock: Clock, events: StorageEvents) {
    const { encryptionKeyFile } = options;
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.#events = events;
    this.#keyFile =
      encryptionKeyFile === ''
        ? null
        : new KeyFile({
            file: encryptionKeyFile,
            reloadMs: KEY_FILE_RELOAD_MS,
            onRotated: (keyId) => log.info({ keyId }, 'encryption key rotated'),
            onError: (error) => log.error({ reason: error.message }, 'encryption keys unusable'),
          });
  }

  /** Null before {@link open}. */
  get log(): Log | null {
    return this.#opened?.log ?? null;
  }

  get space(): NodeFacts['disk'] {
    const { log } = this;
    if (log !== null) {
      return { healthy: !log.full, freeBytes: log.diskFreeBytes, totalBytes: log.totalBytes };
    }
    const { bavail, blocks, bsize } = statfsSync(this.#options.dataDir);
    return { healthy: true, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  /** Opens what a disk that belongs to a shard must have. Rejects with LOG_LOST, and as {@link open}. */
  async reopen(): Promise<OpenedStorage> {
    if (!existsSync(this.#logDirectory)) throw new LogLostError(this.#logDirectory);
    return await this.open();
  }

  /** Opens log and snapshots, or makes them. Rejects with the errors of {@link openLog}. */
  async open(): Promise<OpenedStorage> {
    const keys = this.#keyFile?.ring ?? NO_KEYS;
    this.#keyFile?.start();
    const snapshots = openSnapshots({
      directory: join(this.#options.dataDir, 'snapshots'),
      keys,
      reserveBytes: reserveFor(this.#options.segmentBytes),
      onError: (error) => this.#log.warn({ reason: error.message }, 'a snapshot was not removed'),
    });
    await snapshots.verifyNewest();
    const { log, recovered } = openLog({
      directory: this.#logDirectory,
      keys,
      snapshots,
      segmentBytes: this.#options.segmentBytes,
      clock: this.#clock,
      onPersisted: (seq) => this.#events.persisted(seq),
      onFailed: (error) => this.#events.failed(error),
      onFull: (full) => this.#log.warn({ full }, 'log disk full'),
      onSync: (durationMs) => this.syncDurations.observe(durationMs / 1000),
    });
    for (const { error } of snapshots.damaged) {
      this.#log.error({ file: error.file, reason: error.message }, 'a snapshot is damaged');
    }
    this.#opened = {
      log,
      snapshots,
      recovered: (membership) => ({
        ...recovered,
        snapshot: newestSnapshot(snapshots),
        membership,
      }),
    };
    return this.#opened;
  }

  /** Syncs what there is and closes it. */
  async close(): Promise<void> {
    this.#keyFile?.stop();
    await this.#opened?.snapshots.close();
    await this.#opened?.log.close();
  }

  get #logDirectory(): string {
    return join(this.#options.dataDir, 'log');
  }
}
