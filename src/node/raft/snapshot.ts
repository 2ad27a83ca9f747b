/** Snapshot: the image of the state machine after one entry; the log up to there may be dropped (dissertation §5). */
import type { Membership } from './membership.ts';

/** What Raft knows of a snapshot file; its content is the application's. */
export interface SnapshotMeta {
  /** The last entry that it covers, which is committed. */
  readonly index: number;
  readonly term: number;
  /** The entry that says {@link membership}; 0 for the initial one. */
  readonly configIndex: number;
  /** The membership in force at `index`. */
  readonly membership: Membership;
  readonly sizeBytes: number;
}

/** A file that a leader offers; it is to be fetched from `from`. */
export interface SnapshotOffer extends SnapshotMeta {
  readonly from: string;
}

/** Where a log ends and what it knows of terms; of an empty one after `firstIndex - 1` too. */
interface LogOutline {
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly terms: readonly { readonly from: number; readonly term: number }[];
  readonly termBefore: number;
}

/**
 * For whoever opens a log next to its snapshot files: true when the log found on disk goes on through the end of the
 * newest file. False after a crash between a file's getting its name and the log's restart: the log is shorter, or has
 * another entry there. Then it counts as empty, and the next entry is `snapshot.index + 1`: what it holds is
 * covered by the file or was never committed.
 */
export function logGoesOn(
  log: LogOutline,
  snapshot: { readonly index: number; readonly term: number },
): boolean {
  if (snapshot.index > log.lastIndex) return false;
  let { termBefore: term } = log;
  for (const run of log.terms) if (run.from <= snapshot.index) term = run.term;
  return term === snapshot.term;
}
