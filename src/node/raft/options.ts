/** Options: what a member's Raft core is told once, at its start. */
import { invariant } from '#base/invariant.ts';
import type { Prng } from '#base/prng.ts';
import type { Entry } from './entry.ts';
import type { HardState } from './hard-state.ts';
import type { Membership } from './membership.ts';

/** Read-only port on what is on disk, for entries that the core no longer keeps in memory. */
export interface LogReader {
  /**
   * Entries [from, toExclusive), as many as fit `maxBytes` but at least the first. Asked only for
   * entries that were reported persisted and not truncated since, so they are there.
   */
  read(from: number, toExclusive: number, maxBytes: number): Entry[];
}

export interface RaftOptions {
  /** This member's memberId. */
  id: string;
  /** Spreads the election timeouts; each member needs another seed. */
  random: Prng;
  /** The shortest election timeout; each wait is drawn from [t, 2t). Equal on all members. */
  electionTimeoutMs: number;
  /** The pace of heartbeats; well below `leaseFraction * electionTimeoutMs`. */
  heartbeatMs: number;
  /**
   * The lease as a part of `electionTimeoutMs`, below 1: clocks of two members may differ in speed by
   * less than this factor.
   */
  leaseFraction: number;
  /** How much longer than its election timeout this member waits before it stands: log members. */
  standDelayMs: number;
  /** Entries in one append message; a single entry may exceed it. */
  maxAppendBytes: number;
  /** Entries sent to one follower and not acknowledged, beyond which no more is sent. */
  maxInFlightBytes: number;
  /** Entries kept in memory, beyond those that are not yet persisted and applied. */
  maxCachedBytes: number;
  reader: LogReader;
}

/** What was found on disk at the start; for an empty disk term 0, firstIndex 1, lastIndex 0. */
export interface Recovered {
  hardState: HardState;
  /** 1 when nothing was ever dropped. */
  firstIndex: number;
  /** firstIndex - 1 when there are no entries. */
  lastIndex: number;
  /** Runs of equal terms that cover [firstIndex, lastIndex], ascending. */
  terms: readonly { from: number; term: number }[];
  /** The membership before the first config entry: from the bootstrap record. */
  membership: Membership;
  /** The config entries in the log, ascending. */
  configEntries: readonly Entry[];
}

/** Stops the process on options that would break a rule rather than be slow. */
export function checkOptions(options: RaftOptions): void {
  const { electionTimeoutMs, heartbeatMs, leaseFraction } = options;
  invariant(options.id !== '', 'a member has an id');
  invariant(electionTimeoutMs >= 1, 'the election timeout is at least 1 ms');
  invariant(leaseFraction > 0 && leaseFraction < 1, 'a lease is shorter than a promise');
  invariant(
    heartbeatMs > 0 && heartbeatMs < electionTimeoutMs * leaseFraction,
    'a lease outlives a heartbeat interval',
  );
  invariant(options.standDelayMs >= 0, 'a stand delay is not negative');
  invariant(
    options.maxAppendBytes > 0 && options.maxInFlightBytes > 0 && options.maxCachedBytes >= 0,
    'byte limits are positive',
  );
}
