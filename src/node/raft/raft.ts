/**
 * Raft: the public face of the consensus core, one instance per member of a shard. It agrees with its
 * peers on a log of opaque entries. SPEC.md numbers its rules; "§" means Ongaro's dissertation.
 *
 * Pure: messages, time, proposals and "that is on disk now" come in; `takeReady` says what to write,
 * send and apply. The same calls give the same results. Calls do not nest.
 *
 * Times are this member's own monotonic milliseconds; a caller passes the present one each time.
 */
import { invariant, unreachable } from '#base/invariant.ts';
import { Core, type Role } from './core.ts';
import * as election from './election.ts';
import { ENTRY_CONFIG, ENTRY_KIND_MAX } from './entry.ts';
import * as follower from './follower.ts';
import * as handOver from './hand-over.ts';
import * as snapshots from './install.ts';
import * as leader from './leader.ts';
import type { Membership, MembershipChange, MembershipOutcome } from './membership.ts';
import type { Message } from './message.ts';
import { checkOptions, type RaftOptions, type Recovered } from './options.ts';
import type { HardState } from './hard-state.ts';
import type { Ready } from './ready.ts';
import { reconfigure } from './reconfigure.ts';
import type { SnapshotMeta } from './snapshot.ts';

export type { Role } from './core.ts';
export type { LogReader, RaftOptions, Recovered } from './options.ts';
export type { Persist, Ready } from './ready.ts';

/** Committed entries in one Ready; more come with the next. */
const COMMITTED_BYTES = 4 * 1024 * 1024;

/** What a leader knows of one other member. */
export interface FollowerProgress {
  readonly id: string;
  readonly learner: boolean;
  /** The highest index known to be on its disk. */
  readonly match: number;
  /** The next index to send. */
  readonly next: number;
  /** When it last answered in this term, by this member's clock; the start of the term if never. */
  readonly lastContactMs: number;
  readonly bytesInFlight: number;
  /** In touch within the election timeout, and all that the leader has was sent to it. */
  readonly caughtUp: boolean;
  /** It refused what it had acknowledged before: its disk was set back; it needs a new memberId. */
  readonly lostLog: boolean;
  /** The last entry of the snapshot file that it is offered; 0 while it gets entries. */
  readonly offeredIndex: number;
  /** Bytes that its disk has room for, as it last said; Infinity until then. */
  readonly freeBytes: number;
}

export class Raft {
  readonly id: string;
  readonly #core: Core;
  readonly #hardState: () => HardState;
  #lastTickMs: number;
  #wasLate = false;

  constructor(options: RaftOptions, recovered: Recovered, nowMs: number) {
    checkOptions(options);
    this.id = options.id;
    this.#core = new Core(options, recovered, nowMs);
    const core = this.#core;
    this.#hardState = () => core.hardState();
    this.#lastTickMs = nowMs;
  }

  get role(): Role {
    return this.#core.role;
  }

  get term(): number {
    return this.#core.term;
  }

  /** The leader of this term; '' while unknown. */
  get leaderId(): string {
    return this.#core.leaderId;
  }

  /** The oldest entry that is kept; lastIndex + 1 when none is. */
  get firstIndex(): number {
    return this.#core.log.firstIndex;
  }

  get lastIndex(): number {
    return this.#core.log.lastIndex;
  }

  get commitIndex(): number {
    return this.#core.log.commitIndex;
  }

  /**
   * The commit index, if the present term and vote are on disk; else 0, which does not last. A snapshot file gets its
   * name only when this has reached its index: were the file to survive a crash and the term in which its entries
   * were committed not, an older leader that knows nothing of them could be followed (SPEC R13).
   */
  get settledIndex(): number {
    return this.#core.durability.hardStateDurable ? this.#core.log.commitIndex : 0;
  }

  /** The last index of the present log that is on this member's disk; 0 while that log's restart is not. */
  get durableIndex(): number {
    return this.#core.durability.durableIndex;
  }

  /** Bytes of the entries kept in memory. */
  get cachedBytes(): number {
    return this.#core.log.cachedBytes;
  }

  /** The membership that counts now: the newest in the log, committed or not. */
  get membership(): Membership {
    return this.#core.memberships.current;
  }

  /** The index of the entry that says {@link membership}; 0 for the initial one. */
  get configIndex(): number {
    return this.#core.memberships.index;
  }

  /**
   * The membership that a snapshot of entry `index` has to say: that of the newest config entry up to it. `index` is at
   * least what {@link applied} was last told.
   */
  membershipAt(index: number): { readonly configIndex: number; readonly membership: Membership } {
    return this.#core.memberships.at(index);
  }

  /** True once this leader has committed an entry of its own term, so its commit index is the newest. */
  get ownTermCommitted(): boolean {
    const { leadership, log } = this.#core;
    return leadership !== null && log.commitIndex >= leadership.firstIndex;
  }

  /** True from `transferTo` until the hand-over succeeds (another role) or fails. */
  get transferring(): boolean {
    return (this.#core.leadership?.handOver ?? null) !== null;
  }

  /** The term of the entry at `index`: from the one before the first kept entry to the last; 0 at index 0. */
  termAt(index: number): number {
    return this.#core.log.termAt(index);
  }

  /** Takes in a message from a peer. */
  step(message: Message, nowMs: number): void {
    this.#advance(nowMs);
    if (message.to === this.id && message.from !== this.id) this.#dispatch(message);
  }

  /** To be called at least every heartbeat interval; every 10 ms or so is good. */
  tick(nowMs: number): void {
    const core = this.#core;
    this.#advance(nowMs);
    // After a pause of this process, what the others sent meanwhile is still to be read: one more
    // interval before anyone is judged by their silence.
    const late =
      !this.#wasLate && core.nowMs - this.#lastTickMs > core.options.electionTimeoutMs / 2;
    this.#wasLate = late;
    this.#lastTickMs = core.nowMs;
    if (late) core.standAtMs = Math.max(core.standAtMs, core.nowMs + core.options.heartbeatMs);
    if (core.leadership !== null) {
      handOver.tickHandOver(core, core.leadership);
      if (core.leadership !== null) leader.tickLeader(core, core.leadership, late);
    } else if (core.nowMs >= core.standAtMs) {
      election.standIfElectable(core);
    }
  }

  /**
   * Appends an application entry (kind 2 to 255). Returns its index; 0 when this member does not lead
   * or is handing over. `payload` is copied.
   */
  propose(kind: number, payload: Uint8Array, nowMs: number): number {
    this.#advance(nowMs);
    invariant(
      kind > ENTRY_CONFIG && kind <= ENTRY_KIND_MAX,
      'an application entry has its own kind',
    );
    const { leadership } = this.#core;
    if (leadership === null || leadership.handOver !== null) return 0;
    return leader.appendOwn(this.#core, leadership, kind, payload);
  }

  /** What is to be done now; null when nothing is. Call until null: it hands out a part at a time. */
  takeReady(): Ready | null {
    const { durability, log, leadership } = this.#core;
    // before anything of the log is given out: what is let go of may not be looked at again
    this.#core.trimLog();
    if (leadership !== null) leader.replicate(this.#core, leadership);
    const persist = durability.takePersist(this.#hardState);
    const messages = durability.takeMessages();
    const committed = log.takeCommitted(COMMITTED_BYTES);
    const fetch = snapshots.takeFetch(this.#core);
    const nothing = messages.length === 0 && committed.length === 0 && fetch === null;
    return persist === null && nothing ? null : { persist, messages, committed, fetch };
  }

  /** Persist unit `seq`, and every one before it, is on disk. */
  persisted(seq: number, nowMs: number): void {
    const core = this.#core;
    this.#advance(nowMs);
    for (const message of core.durability.persisted(seq)) {
      if (message.to === this.id) this.#dispatch(message);
      else core.durability.send(message);
    }
    if (core.leadership !== null) leader.commitByCounting(core, core.leadership);
    core.trimLog();
  }

  /** The committed entries up to `index` were applied: their payloads will not be looked at again. */
  applied(index: number): void {
    this.#core.applied(index);
  }

  /**
   * A snapshot file of this member is whole, verified and durable: the log up to its index may be dropped, and it is
   * what followers are offered that need more than the log has. An older one than the last is no news.
   */
  snapshotTaken(meta: SnapshotMeta): void {
    const core = this.#core;
    if (core.snapshot !== null && meta.index <= core.snapshot.index) return;
    invariant(meta.index <= core.log.commitIndex, 'a snapshot covers what is committed');
    invariant(core.log.matches(meta.index, meta.term), 'a snapshot is one of this log');
    core.snapshot = meta;
  }

  /**
   * The newest file turned out damaged: from now on `older` is the newest, if the log goes on from it; else false, and
   * nothing changes.
   */
  snapshotLost(older: SnapshotMeta): boolean {
    const core = this.#core;
    const goesOn = older.index >= core.log.firstIndex - 1;
    if (goesOn) core.snapshot = older;
    return goesOn;
  }

  /** The last entry of the newest snapshot file that the core was told of; 0 when there is none. */
  get snapshotIndex(): number {
    return this.#core.snapshot?.index ?? 0;
  }

  /**
   * Entries up to `index` are not needed any more, at most the index of the newest snapshot and what was applied.
   * As far as they are on disk they are not read from this call on: what is before `firstIndex` may go there.
   */
  compact(index: number): void {
    const { log, snapshot, appliedIndex, durability } = this.#core;
    const last = Math.min(index, durability.durableIndex);
    if (last < log.firstIndex) return;
    invariant(snapshot !== null && index <= snapshot.index, 'only what a snapshot has is dropped');
    invariant(index <= appliedIndex, 'only what was applied is dropped');
    log.compact(last);
  }

  /**
   * A file of {@link Ready.fetch} is durable under its name. True: the state machine is to be restored from
   * it, what was handed out and not applied yet is to be forgotten, and the entries after it are handed out
   * next. If the log does not lead there it restarts, by a unit for the disk, and the leader hears of it
   * after that. False: it is not wanted any more, nothing has changed.
   */
  install(meta: SnapshotMeta, nowMs: number): boolean {
    this.#advance(nowMs);
    return snapshots.install(this.#core, meta);
  }

  /**
   * The pulse of member `id` answered one that this member's pulse sent at `sentMs` in the present term: counts like an
   * answered heartbeat, for the lease and for being in touch. To be told of what is new before `tick`; a time after
   * `nowMs` does not count.
   */
  pulseAcked(id: string, sentMs: number, nowMs: number): void {
    this.#advance(nowMs);
    const { leadership } = this.#core;
    if (leadership !== null) leader.onPulseAck(this.#core, leadership, id, sentMs);
  }

  /**
   * This member's pulse answered a leader of `term` at `atMs`: puts off elections and promises as a heartbeat does that
   * came then. To be told before `tick`; a time after `nowMs` or before the last does not count.
   */
  heardPulse(term: number, atMs: number, nowMs: number): void {
    this.#advance(nowMs);
    if (term === this.#core.term) follower.heardPulse(this.#core, atMs);
  }

  /**
   * Bytes of free disk space that a majority of the voters, this leader among them, has at least, by what
   * they last said; who said nothing yet counts as having room. On others, this member's own.
   */
  majorityFreeBytes(): number {
    const { leadership } = this.#core;
    if (leadership === null) return this.#core.freeBytes();
    return leader.majorityFreeBytes(this.#core, leadership);
  }

  /** True while this member leads and nobody else can have been elected. */
  leaseValid(nowMs: number): boolean {
    return this.#core.leadership?.lease.valid(nowMs) ?? false;
  }

  /** The clock is in doubt: no lease until a majority acknowledges a round sent after now. */
  dropLease(nowMs?: number): void {
    if (nowMs !== undefined) this.#advance(nowMs);
    this.#core.leadership?.lease.drop(this.#core.nowMs);
  }

  /** Gives up leadership without a target, in the same term. */
  stepDown(nowMs: number): void {
    this.#advance(nowMs);
    if (this.#core.leadership !== null) this.#core.follow(this.#core.term, '');
  }

  /**
   * Hands leadership to the voter `target`; false when this member does not lead, is handing over
   * already, or `target` is not another voter. Nothing can be proposed meanwhile. If the target does
   * not get the whole log within an election timeout this member leads on; if it was told to stand and
   * does not win within another one, this member stands again in a higher term.
   */
  transferTo(target: string, nowMs: number): boolean {
    this.#advance(nowMs);
    const { leadership } = this.#core;
    return leadership !== null && handOver.startHandOver(this.#core, leadership, target);
  }

  /** A leader's knowledge of every other member; empty on others. */
  progress(): FollowerProgress[] {
    const core = this.#core;
    return (core.leadership?.followers ?? []).map((progress) => ({
      id: progress.id,
      learner: !progress.voter,
      match: progress.match,
      next: progress.next,
      lastContactMs: progress.lastContactMs,
      bytesInFlight: progress.bytesInFlight,
      caughtUp: leader.isCaughtUp(core, progress),
      lostLog: progress.lostLog,
      offeredIndex: progress.offeredIndex,
      freeBytes: progress.freeBytes,
    }));
  }

  /** False: this member does not stand, also not when it is told to (its disk is stalled). */
  setFreeToStand(on: boolean): void {
    this.#core.freeToStand = on;
  }

  /** How much longer than others this member waits before it stands; from the next wait on. */
  setStandDelay(delayMs: number): void {
    invariant(delayMs >= 0, 'a stand delay is not negative');
    this.#core.standDelayMs = delayMs;
  }

  /** Changes the membership by one member, if it still is the one at `plannedFromConfigIndex`. */
  proposeMembership(
    change: MembershipChange,
    plannedFromConfigIndex: number,
    nowMs: number,
  ): MembershipOutcome {
    this.#advance(nowMs);
    return reconfigure(this.#core, change, plannedFromConfigIndex);
  }

  #advance(nowMs: number): void {
    if (nowMs > this.#core.nowMs) this.#core.nowMs = nowMs;
  }

  #dispatch(message: Message): void {
    const core = this.#core;
    switch (message.type) {
      case 'pre-vote':
        election.onPreVote(core, message);
        return;
      case 'vote':
        election.onVote(core, message);
        return;
      case 'append':
      case 'heartbeat':
      case 'offer':
        this.#dispatchLeader(message);
        return;
      case 'timeout-now':
        handOver.onTimeoutNow(core, message);
        return;
      case 'pre-vote-reply':
      case 'vote-reply':
      case 'append-reply':
      case 'heartbeat-reply':
        this.#dispatchReply(message);
        return;
      default:
        unreachable(message);
    }
  }

  #dispatchLeader(message: Extract<Message, { type: 'append' | 'heartbeat' | 'offer' }>): void {
    const core = this.#core;
    if (message.term < core.term) {
      follower.refuseEarlierTerm(core, message.from);
      return;
    }
    // A leader is followed even if this member's log does not know it yet (§4.1).
    if (message.term > core.term) core.follow(message.term, message.from);
    if (message.type === 'append') follower.onAppend(core, message);
    else if (message.type === 'heartbeat') follower.onHeartbeat(core, message);
    else snapshots.onOffer(core, message);
  }

  #dispatchReply(message: Extract<Message, { type: `${string}-reply` }>): void {
    const core = this.#core;
    // Who is no member, or no more, has no say.
    if (!core.isMember(message.from)) return;
    if (message.type === 'pre-vote-reply' && message.granted) {
      election.onPreVoteReply(core, message);
      return;
    }
    if (message.term > core.term) core.follow(message.term, '');
    if (message.term < core.term) return;
    const { leadership } = core;
    if (message.type === 'vote-reply') {
      election.onVoteReply(core, message);
    } else if (message.type === 'append-reply' && leadership !== null) {
      leader.onAppendReply(core, leadership, message);
      handOver.tellWhenCaughtUp(core, leadership);
    } else if (message.type === 'heartbeat-reply' && leadership !== null) {
      leader.onHeartbeatReply(core, leadership, message);
    }
  }
}
