/** Opening a log: lock, recovery, a fresh tail segment, and only then a {@link Log} to append to. */
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { invariant } from '#base/invariant.ts';
import { NO_KEYS } from './cipher.ts';
import { LogCorruptionError } from './errors.ts';
import { type Files, nodeFiles } from './files.ts';
import { SEGMENT_HEADER_BYTES } from './format.ts';
import { HARD_STATE_FILE, HardStateFile } from './hard-state-file.ts';
import { type CompleteLogOptions, Log } from './log.ts';
import type { LogOptions, RecoveredLog } from './options.ts';
import {
  createLog,
  listSegments,
  type RecoveredSegments,
  recoverLog,
  TAIL_ROOM_BYTES,
  usableSpares,
} from './recovery.ts';
import { restartAfter } from './restart.ts';
import type { Segment } from './segment.ts';

const LOCK_FILE = 'log-lock';
const MIN_SEGMENT_BYTES = 64 * 1024;

/**
 * Opens (or makes) the log in `options.directory`. Blocks until everything that recovery found is on
 * disk for sure (rule W7).
 * Throws errors with a `code`: LOG_LOCKED, LOG_CORRUPT, LOG_VERSION, LOG_WITHOUT_SNAPSHOT, KEY_MISSING, KEY_WRONG,
 * or the system's.
 */
export function openLog(options: LogOptions): { log: Log; recovered: RecoveredLog } {
  const complete = withDefaults(options);
  const { files, directory } = complete;
  files.makeDirectory(directory);
  const unlock = files.lock(path.join(directory, LOCK_FILE));
  let hardStates: HardStateFile | null = null;
  let opened: readonly Segment[] = [];
  try {
    // a name that was made or removed just before the last crash may be in memory alone
    files.syncDirectory(directory);
    const { ordinals, spares } = listSegments(files, directory);
    hardStates = openHardState(files, directory, ordinals.length > 0);
    const segments = openSegments(complete, ordinals, hardStates);
    opened = segments.segments;
    const recovered = describe(directory, hardStates, segments);
    const usable = usableSpares(complete, spares);
    return { log: new Log(complete, hardStates, segments, usable, unlock), recovered };
  } catch (error) {
    for (const segment of opened) files.close(segment.file);
    hardStates?.close();
    unlock();
    throw error;
  }
}

function openSegments(
  options: CompleteLogOptions,
  ordinals: readonly number[],
  hardStates: HardStateFile,
): RecoveredSegments {
  const { directory, snapshots } = options;
  if (ordinals.length > 0) {
    return recoverLog(options, ordinals, ({ index, commit, sequence }) => {
      if (sequence < hardStates.mark) {
        // cut like a torn write it would leave a commit hint that was meant for another log
        const what = `the log ends after batch ${sequence}, and batch ${hardStates.mark} was durable`;
        throw new LogCorruptionError(directory, 0, what);
      }
      if (snapshots === null) return null;
      const committed = Math.max(commit, hardStates.state.commit);
      const restart = restartAfter(directory, index, committed, snapshots);
      if (restart !== null) raiseTerm(hardStates, restart.term);
      return restart;
    });
  }
  if (snapshots !== null && snapshots.files.length > 0) {
    throw new LogCorruptionError(directory, 0, 'there are snapshots, but the log is missing');
  }
  return createLog(options);
}

/** A term that a snapshot proves was there; whom this member voted for in it, if it did, would be on disk. */
function raiseTerm(hardStates: HardStateFile, term: number): void {
  const { state } = hardStates;
  if (state.term < term) hardStates.replace({ term, vote: '', commit: state.commit });
}

/** Term and vote; made first in an empty directory, so either without the other is a loss. */
function openHardState(files: Files, directory: string, hasSegments: boolean): HardStateFile {
  const name = path.join(directory, HARD_STATE_FILE);
  const exists = files.list(directory).includes(HARD_STATE_FILE);
  if (!exists && hasSegments) {
    throw new LogCorruptionError(name, 0, 'the file with term and vote is missing');
  }
  if (!exists) HardStateFile.create(files, directory);
  const hardStates = HardStateFile.open(files, directory);
  if (hasSegments || hardStates.state.term === 0) return hardStates;
  hardStates.close();
  throw new LogCorruptionError(directory, 0, 'term and vote are here but every segment is missing');
}

function describe(
  directory: string,
  hardStates: HardStateFile,
  segments: RecoveredSegments,
): RecoveredLog {
  const { index, configEntries } = segments;
  const { term, vote, commit } = hardStates.state;
  if (term < index.lastTerm) {
    const what = `term ${term} is older than the log's last entry, of term ${index.lastTerm}`;
    throw new LogCorruptionError(path.join(directory, HARD_STATE_FILE), 0, what);
  }
  const hint = Math.min(Math.max(commit, segments.commit), index.lastIndex);
  return {
    // what was dropped from the head was committed
    hardState: { term, vote, commit: Math.max(hint, index.firstIndex - 1) },
    firstIndex: index.firstIndex,
    lastIndex: index.lastIndex,
    termBefore: index.terms.termBefore,
    terms: [...index.terms.runs],
    configEntries,
    cutBytes: segments.cutBytes,
  };
}

/** Free bytes that opening a log needs, also on a full disk, because it copies the last segment. */
export function reserveFor(segmentBytes: number): number {
  return segmentBytes + 2 * TAIL_ROOM_BYTES;
}

function withDefaults(options: LogOptions): CompleteLogOptions {
  const segmentBytes = options.segmentBytes ?? 64 << 20;
  const complete: CompleteLogOptions = {
    onFull: () => {},
    onSync: () => {},
    segmentBytes,
    maxBatchBytes: 4 << 20,
    idleMarkMs: 50,
    reserveBytes: reserveFor(segmentBytes),
    clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
    files: nodeFiles,
    snapshots: null,
    keys: NO_KEYS,
    ...options,
  };
  const whole = segmentBytes % SEGMENT_HEADER_BYTES === 0;
  invariant(
    whole && segmentBytes >= MIN_SEGMENT_BYTES,
    'segmentBytes is a multiple of 4 KiB ≥ 64 KiB',
  );
  return complete;
}
