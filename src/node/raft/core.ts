/**
 * Core: the state of one member and the transitions that every role shares. What a role does with it is
 * in election.ts, follower.ts, leader.ts, hand-over.ts and reconfigure.ts; raft.ts is the way in.
 *
 * Invariants: term never falls; a vote in a term never changes; `leadership` exists exactly while the
 * role is leader, `granted` holds votes only while it is pre-candidate or candidate.
 */
import { invariant } from '#base/invariant.ts';
import { Durability } from './durability.ts';
import { ENTRY_CONFIG, type Entry } from './entry.ts';
import type { HardState } from './hard-state.ts';
import type { Leadership } from './leadership.ts';
import { decodeMembership, MembershipHistory } from './membership.ts';
import { checkRecovered, type RaftOptions, type Recovered } from './options.ts';
import { Tally } from './quorum.ts';
import { RaftLog } from './raft-log.ts';
import type { SnapshotMeta, SnapshotOffer } from './snapshot.ts';

/**
 * How much longer than the election timeout a wait may be, as a part of it (dissertation §9.3): enough that two members
 * that stand at the same time are rare, little enough that the shard does not wait for its next leader.
 */
const WAIT_SPREAD = 0.5;

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export class Core {
  readonly id: string;
  readonly options: RaftOptions;
  readonly log: RaftLog;
  readonly durability: Durability;
  readonly memberships: MembershipHistory;
  readonly tally = new Tally();
  /** The latest time that was given in; never falls. */
  nowMs: number;
  term: number;
  vote: string;
  role: Role = 'follower';
  /** The leader of `term`; '' while unknown. */
  leaderId = '';
  leadership: Leadership | null = null;
  /** Who granted this member's present pre-vote or vote. */
  granted: Set<string> = new Set();
  /** When a member that does not lead stands, unless a leader is heard of before. */
  standAtMs = 0;
  /** Until then this member votes for nobody, because a leader's lease may rest on it. */
  promisedUntilMs: number;
  /** When the pulse last answered a leader. */
  pulseMs = -Infinity;
  /** What was handed out as committed is needed no more up to here. */
  appliedIndex: number;
  /** The newest snapshot of this member that is durable: what may be dropped from the log, and offered. */
  snapshot: SnapshotMeta | null;
  /** A file to be fetched, once the term in which it was offered is on disk. */
  fetch: SnapshotOffer | null = null;
  /** The last offer that was not taken up, in its term: who waits for an answer. */
  unanswered: { readonly leader: string; readonly term: number; readonly sentMs: number } | null =
    null;
  freeToStand = true;
  standDelayMs: number;

  constructor(options: RaftOptions, recovered: Recovered, nowMs: number) {
    this.id = options.id;
    this.options = options;
    this.nowMs = nowMs;
    this.standDelayMs = options.standDelayMs;
    checkRecovered(recovered);
    const { snapshot } = recovered;
    this.snapshot = snapshot;
    this.appliedIndex = snapshot?.index ?? 0;
    this.log = new RaftLog(recovered, options.reader, options.maxCachedBytes);
    this.durability = new Durability(recovered.lastIndex);
    this.memberships =
      snapshot === null
        ? new MembershipHistory(0, recovered.membership)
        : new MembershipHistory(snapshot.configIndex, snapshot.membership);
    for (const entry of recovered.configEntries) {
      if (entry.index <= this.appliedIndex) continue;
      this.memberships.add(entry.index, decodeMembership(entry.payload));
    }
    this.term = recovered.hardState.term;
    this.vote = recovered.hardState.vote;
    if (this.log.lastTerm > this.term) {
      // Entries of a unit reached the disk and its hard state did not: no vote of that term ever left.
      this.term = this.log.lastTerm;
      this.vote = '';
      this.durability.hardStateChanged();
    }
    // It may have acknowledged a leader just before it stopped.
    this.promisedUntilMs = nowMs + options.electionTimeoutMs;
    this.restartElectionTimer();
  }

  get isVoter(): boolean {
    return this.memberships.current.voters.includes(this.id);
  }

  isMember(id: string): boolean {
    const { voters, learners } = this.memberships.current;
    return voters.includes(id) || learners.includes(id);
  }

  hardState(): HardState {
    const commit = Math.min(this.log.commitIndex, this.durability.durableIndex);
    return { term: this.term, vote: this.vote, commit };
  }

  /** Draws a new wait before this member stands, from now. */
  restartElectionTimer(): void {
    this.standAtMs = this.nowMs + this.drawWait();
  }

  /** How long this member waits this time before it stands, in milliseconds. */
  drawWait(): number {
    const { electionTimeoutMs, random } = this.options;
    const spread = 1 + WAIT_SPREAD * (random.uint32() / 0x1_0000_0000);
    return electionTimeoutMs * spread + this.standDelayMs;
  }

  /** Becomes a follower in `term`, of `leaderId` if that is known. */
  follow(term: number, leaderId: string): void {
    invariant(term >= this.term, 'a term never falls');
    if (term > this.term) {
      this.term = term;
      this.vote = '';
      this.durability.hardStateChanged();
    }
    if (this.role !== 'follower') this.restartElectionTimer();
    this.role = 'follower';
    this.leaderId = leaderId;
    this.leadership = null;
    this.granted.clear();
  }

  /** Votes for `candidate` in the present term. */
  voteFor(candidate: string): void {
    if (this.vote === candidate) return;
    invariant(this.vote === '', 'a vote in a term never changes');
    this.vote = candidate;
    this.durability.hardStateChanged();
  }

  /**
   * True while a vote in `term`, which is not below the present one, could break a lease that rests on this member; a
   * leader counts as its own follower. From a false answer on, the pulse promises nothing to a leader of an
   * earlier term: to be asked right before the vote.
   */
  isPromised(term: number): boolean {
    if (this.role === 'leader' || this.nowMs < this.promisedUntilMs) return true;
    // last, because it disturbs the pulse
    return this.nowMs < this.options.votePort.beforeVote(term);
  }

  /** Appends to the log in memory and to what is to be written. */
  append(entry: Entry): void {
    this.durability.append(this.log.append(entry));
    if (entry.kind === ENTRY_CONFIG) {
      this.memberships.add(entry.index, decodeMembership(entry.payload));
    }
  }

  /** Lets go of entries in memory that are over the limit. */
  trimLog(): void {
    this.log.trim(this.durability.durableIndex, this.appliedIndex);
  }

  /** Everything gives way to a snapshot: the log is empty and begins after it. */
  restart({ index, term, configIndex, membership }: SnapshotMeta): void {
    this.log.restart(index, term);
    this.durability.restart(index, term);
    this.memberships.restart(configIndex, membership);
  }

  /** Drops the entries `from` and above everywhere. */
  truncate(from: number): void {
    this.log.truncate(from);
    this.durability.truncate(from);
    this.memberships.truncate(from);
  }

  /** What was handed out up to `index` is applied. */
  applied(index: number): void {
    if (index <= this.appliedIndex) return;
    this.appliedIndex = index;
    this.memberships.applied(index);
  }

  /** Bytes free on this member's disk, as messages carry them. */
  freeBytes(): number {
    const bytes = Math.floor(this.options.freeBytes());
    return Math.min(Math.max(bytes, 0), Number.MAX_SAFE_INTEGER);
  }
}
