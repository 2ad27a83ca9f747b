/** What a member tells the people who watch it; the shell writes these as log events. No user data. */
export interface MemberEvents {
  leaderChanged(term: number, leaderId: string, role: string): void;
  stateChanged(state: 'replica' | 'pending' | 'primary', term: number): void;
  keyspaceRebuilding(commitIndex: number): void;
  /** Wall and monotonic clock moved apart by `byMs`; the lease is dropped until a quorum round. */
  clockJumped(byMs: number): void;
  settingsApplied(revision: number): void;
  snapshotStarted(index: number): void;
  /** A file is durable under its name: of this member's own keyspace, or fetched. */
  snapshotPublished(index: number, sizeBytes: number, tookMs: number): void;
  /** One in the making, or one that was read, is of no use. */
  snapshotDiscarded(index: number, reason: string): void;
  /** This member, or a file that it was sent, does not hold what the primary held at the same entry. */
  snapshotDiffers(index: number): void;
  /** The log here begins anew after a snapshot from another member. */
  snapshotInstalled(index: number): void;
  /** A user's rules name something that this version does not know; the user does not exist here. */
  userRefused(message: string): void;
}
