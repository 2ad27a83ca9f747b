/**
 * Log and snapshots at opening: which of them the member goes on from.
 *
 * A crash may fall between the publishing of a fetched snapshot and the restart of the log after it; and a
 * snapshot that this member wrote itself may be of entries that a majority has, but its own log has not. In
 * both cases the log lacks the snapshot's last entry, which is committed, and what the log has instead
 * never will be: it begins anew after the snapshot. Before anything is dropped for its sake, the
 * snapshot is read and checked as a whole; a damaged one is set aside and the next older one decides.
 */
import { LogCorruptionError, LogWithoutSnapshotError, SnapshotDamagedError } from './errors.ts';
import type { LogIndex } from './log-index.ts';
import type { Restart } from './recovery.ts';
import type { SnapshotDirectory } from './snapshot-files.ts';

/**
 * The entry after which the log has to begin anew, or null when it goes on as it is. Throws
 * {@link LogWithoutSnapshotError}, {@link LogCorruptionError}, or the system's error.
 * @param commit entries up to here are known to be committed
 */
export function restartAfter(
  directory: string,
  index: LogIndex,
  commit: number,
  snapshots: SnapshotDirectory,
): Restart | null {
  const before = index.firstIndex - 1;
  for (;;) {
    const newest = snapshots.files.at(-1);
    if (newest === undefined || newest.index < before) {
      if (before === 0) return null;
      throw new LogWithoutSnapshotError(directory, index.firstIndex, newest?.index ?? 0);
    }
    const held = newest.index <= index.lastIndex ? index.terms.termAt(newest.index) : -1;
    if (held === newest.term) return null;
    if (held !== -1 && newest.index <= Math.max(commit, before)) {
      const what = `entry ${newest.index} is committed with term ${held} here, with ${newest.term} in the snapshot`;
      throw new LogCorruptionError(directory, 0, what);
    }
    if (isWhole(snapshots, newest.index)) return newest;
  }
}

function isWhole(snapshots: SnapshotDirectory, index: number): boolean {
  try {
    snapshots.check(index);
    return true;
  } catch (error) {
    if (!(error instanceof SnapshotDamagedError)) throw error;
    snapshots.setAside(index, error);
    return false;
  }
}
