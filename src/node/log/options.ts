/**
 * What the owner of a log gives to it and gets back when it opens: the public types of this room.
 */
import type { Clock } from '#base/clock.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import type { KeyRing } from './cipher.ts';
import type { Files } from './files.ts';
import type { SnapshotDirectory } from './snapshot-files.ts';

export interface LogOptions {
  /** The log's own directory; made when missing. Only one process may have it open. */
  readonly directory: string;
  /** Everything up to the request `seq` is durable. Called in order, never from inside `persist`. */
  readonly onPersisted: (seq: number) => void;
  /** A write or sync failed (rule W7). Called at most once; the log takes nothing any more. */
  readonly onFailed: (error: Error) => void;
  /**
   * True: no room on the disk for the next segment; the log goes on until the current one is used up,
   * then holds requests back. False: there is room again.
   */
  readonly onFull?: (full: boolean) => void;
  /** Told of each write that was synced: how long it took and how many bytes it had. For metrics. */
  readonly onSync?: (durationMs: number, bytes: number) => void;
  /** Size of a segment file in bytes; default 64 MiB. At least 64 KiB. */
  readonly segmentBytes?: number;
  /** Requests are merged into one write until it has this many bytes; default 4 MiB. */
  readonly maxBatchBytes?: number;
  /** An idle log appends an empty batch with the sync mark within twice this time; default 50, 0 = only by `idle()`. */
  readonly idleMarkMs?: number;
  /**
   * Free bytes that making a segment must leave on the disk; default `reserveFor(segmentBytes)`.
   */
  readonly reserveBytes?: number;
  /** Where `oldestUnsyncedMs(nowMs)` gets the arrival times from: the clock that makes `nowMs`. */
  readonly clock?: Clock;
  /**
   * The member's snapshot files, already open. A log that lacks the newest one's entry begins anew after it; a log
   * that begins behind all of them is refused. Default null: not looked at.
   */
  readonly snapshots?: SnapshotDirectory | null;
  /** Keys for what is written and read; default none: plaintext. */
  readonly keys?: KeyRing;
  /** The file system; tests give a simulated one. */
  readonly files?: Files;
}

/** What was on disk when the log was opened. */
export interface RecoveredLog {
  /** `commit` is at most `lastIndex`. */
  readonly hardState: HardState;
  /** 1 while nothing has been dropped from the head. */
  readonly firstIndex: number;
  /** firstIndex - 1 when the log is empty. */
  readonly lastIndex: number;
  /** Term of the entry firstIndex - 1; 0 when firstIndex is 1. */
  readonly termBefore: number;
  /** The term runs of [firstIndex, lastIndex], ascending. */
  readonly terms: readonly TermRun[];
  /** The configuration entries (kind ENTRY_CONFIG) in the log, ascending. */
  readonly configEntries: readonly Entry[];
  /** Bytes of a torn write, never acknowledged, that were cut off the end; for the start-up log line. */
  readonly cutBytes: number;
}

/** Entries from index `from` to the next run (or the end) have `term`. */
export interface TermRun {
  readonly from: number;
  readonly term: number;
}
