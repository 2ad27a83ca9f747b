/** What a member tells the people who watch it; the shell writes these as log events. No user data. */
export interface MemberEvents {
  leaderChanged(term: number, leaderId: string, role: string): void;
  stateChanged(state: 'replica' | 'pending' | 'primary', term: number): void;
  keyspaceRebuilding(commitIndex: number): void;
  /** Wall and monotonic clock moved apart by `byMs`; the lease is dropped until a quorum round. */
  clockJumped(byMs: number): void;
  settingsApplied(revision: number): void;
}
