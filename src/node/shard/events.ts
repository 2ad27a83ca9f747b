/** What a member tells the people who watch it; the shell writes these as log events. No user data. */
export interface MemberEvents {
  leaderChanged(term: number, leaderId: string, role: string): void;
  stateChanged(state: 'replica' | 'pending' | 'primary', term: number): void;
  keyspaceRebuilding(commitIndex: number): void;
  /** Wall and monotonic clock moved apart by `byMs`; the lease is dropped until a quorum round. */
  clockJumped(byMs: number): void;
  settingsApplied(revision: number): void;
  /** A user's rules name something that this version does not know; the user does not exist here. */
  userRefused(message: string): void;
}
