/**
 * Hard state: what a member must remember across a crash besides its log. It counts only once it is
 * on disk: until then no message that depends on it leaves (SPEC R7).
 */

export type { Membership } from './membership.ts';

/** Term and vote as of the newest one that this member has seen. */
export interface HardState {
  /** The newest term seen; 0 before the first election. Never falls. */
  readonly term: number;
  /** Whom this member voted for in `term`; '' means nobody yet. */
  readonly vote: string;
  /**
   * A hint: everything up to here was committed, and durable here, when this was written. It may be
   * far behind; a member learns the rest from its leader.
   */
  readonly commit: number;
}
