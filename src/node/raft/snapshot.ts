/** Snapshot: the image of the state machine after one entry, which lets the log up to there be dropped (dissertation §5). */
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
