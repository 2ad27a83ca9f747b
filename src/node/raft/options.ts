/** Options: what a member's Raft core is told once, at its start. */
import { invariant } from '#base/invariant.ts';
import type { Prng } from '#base/prng.ts';
import type { Entry } from './entry.ts';
import type { HardState } from './hard-state.ts';
import type { Membership } from './membership.ts';
import { logGoesOn, type SnapshotMeta } from './snapshot.ts';

/** Read-only port on what is on disk, for entries that the core no longer keeps in memory. */
export interface LogReader {
  /**
   * Entries [from, toExclusive), as many as fit `maxBytes` but at least the first. Asked only for
   * entries that were reported persisted and not truncated since, so they are there.
   */
  read(from: number, toExclusive: number, maxBytes: number): Entry[];
}

/**
 * Port on the pulse thread, which answers the leader of the present term while the command thread is busy. Each answer
 * promises no vote, like an answer of the core's own (SPEC R6).
 */
export interface VotePort {
  /**
   * A vote, or a grant of a pre-vote, in `term` is considered. First makes it known that this member is about to leave
   * every earlier term, then reads until when (monotonic milliseconds) the pulse has promised no vote; -Infinity:
   * it has not. In this order. What was made known holds until the caller of Raft makes known its present term,
   * which it does after each call.
   */
  beforeVote(term: number): number;
}

/** For a member whose core alone answers leaders. */
export const NO_PULSE: VotePort = { beforeVote: () => -Infinity };

export interface RaftOptions {
  /** This member's memberId. */
  id: string;
  /** Spreads the election timeouts; each member needs another seed. */
  random: Prng;
  /** The shortest election timeout; each wait is drawn from [t, 1.5t). Equal on all members. */
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
  /** Bytes that this member's disk still has room for; a leader hears of it with each answer (DESIGN W7). */
  freeBytes: () => number;
  votePort: VotePort;
}

/**
 * What was found on disk at the start; for an empty disk term 0, firstIndex 1, lastIndex 0. A log that does not go on
 * from its snapshot (`logGoesOn`) was made to restart after it before this.
 */
export interface Recovered {
  hardState: HardState;
  /** 1 when nothing was ever dropped; else `snapshot` covers at least what was. */
  firstIndex: number;
  /** The term of entry firstIndex - 1; 0 when there is none. */
  termBefore: number;
  /** firstIndex - 1 when there are no entries. */
  lastIndex: number;
  /** Runs of equal terms that cover [firstIndex, lastIndex], ascending. */
  terms: readonly { from: number; term: number }[];
  /** The newest whole, verified snapshot file; the caller restores it, later entries are handed out. */
  snapshot: SnapshotMeta | null;
  /** Without a snapshot, the membership before the first config entry: from the bootstrap record. */
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

/** Stops the process on a log that cannot have been left by this core. */
export function checkRecovered(recovered: Recovered): void {
  const { firstIndex, lastIndex, termBefore, terms, snapshot, hardState } = recovered;
  invariant(firstIndex >= 1 && lastIndex >= firstIndex - 1, 'a log ends after it begins');
  invariant(firstIndex > 1 || termBefore === 0, 'nothing comes before entry 1');
  invariant(
    lastIndex < firstIndex ? terms.length === 0 : terms[0]?.from === firstIndex,
    'term runs cover the log',
  );
  let before = { from: 0, term: termBefore - 1 };
  for (const run of terms) {
    invariant(run.from > before.from && run.term > before.term, 'term runs ascend');
    before = run;
  }
  if (snapshot === null) {
    invariant(firstIndex === 1, 'a log whose head was dropped has a snapshot');
    return;
  }
  const { index, configIndex } = snapshot;
  invariant(index >= firstIndex - 1, 'no entry is missing between snapshot and log');
  invariant(logGoesOn(recovered, snapshot), 'the log goes on from its snapshot');
  invariant(hardState.term >= snapshot.term, 'a snapshot is not newer than the term on disk');
  invariant(configIndex <= index, 'a snapshot covers its membership');
  let folded = 0;
  for (const entry of recovered.configEntries) if (entry.index <= index) folded = entry.index;
  invariant(folded === 0 || folded === configIndex, 'log and snapshot agree on the membership');
}
