/**
 * A member of a shard without its IO: Raft, keyspace, sessions and the write path between them
 * (docs/ARCHITECTURE.md, rules W1 to W10). The shell feeds it bytes, ticks and completed disk requests, and
 * calls {@link Member.turn} once after each bout of clients' input, {@link Member.react} once after each bout of
 * peers' and the disk's; everything leaves through ports.
 *
 * One turn: close the open batch if it is time → hand Raft's messages and entries to peers and disk → apply
 * what is committed → see whether the role changed → release replies, after a fresh look at the lease.
 *
 * Invariants:
 * - the keyspace records effects only while this member is the serving primary of its term;
 * - a reply leaves only when every batch that it depends on is committed and, if it is a primary's, within
 *   the lease, judged by clocks read after the last command ran (W1, W2, W5);
 * - after a step-down nothing computed from the keyspace leaves (W6).
 */
import { ByteWriter } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import type { UserTable } from '#node/acl/users.ts';
import { Keyspace } from '#node/keyspace/keyspace.ts';
import { decodeMessage, encodeMessage, MemberIds } from '#node/raft/codec.ts';
import type { MembershipChange, MembershipRefusal } from '#node/raft/membership.ts';
import { Raft, type Recovered } from '#node/raft/raft.ts';
import { Applier, type ApplierEvents, durableLog } from './applier.ts';
import { Batches } from './batches.ts';
import { Checkpoints } from './checkpoints.ts';
import { standDelayOf } from './configure.ts';
import { ClockGuard, clockToleranceMs } from './clock-guard.ts';
import { HandOver, type HandOverRequest, type HandOverResult } from './hand-over.ts';
import { encodeSettings, KIND_SETTINGS, type Settings } from './payload.ts';
import { usersOf } from './users.ts';
import type { MemberOptions, MemberPorts, ServingState } from './options.ts';
import { PEER_FRAME_RAFT, PEER_FRAME_SNAPSHOT } from './ports.ts';
import { Proposals } from './proposals.ts';
import { PulseWatch } from './pulse-watch.ts';
import { ServingHost } from './serving.ts';
import type { Snapshots } from './snapshots.ts';

/** Keys and elements freed, and looked at for compaction, in a tick: half a millisecond each. */
const SLICE_ELEMENTS = 2000;

/** Why a change of the membership was refused, or that it is not known whether it was made. */
export type ChangeRefusal = MembershipRefusal | 'StaleTerm' | 'Unknown';

export class Member {
  readonly raft: Raft;
  readonly batches: Batches;
  readonly applier: Applier;
  readonly keyspace: Keyspace;
  readonly snapshots: Snapshots;
  readonly host: ServingHost;
  state: ServingState = 'replica';
  users: UserTable;
  /** The newest settings applied; null before the first. */
  settings: Settings | null = null;
  /** Was level with its leader's commit index once since start (part of readiness). */
  caughtUpOnce = false;
  /** Monotonic time of the last message from the leader; 0 when there was none. */
  leaderContactMs = 0;
  /** Monotonic time since which no leader is known; meaningless while one is. */
  leaderlessSinceMs = 0;
  /** Terms in which another member was seen to lead, or this one led. */
  leaderChanges = 0;
  /** Keys past their time are looked for; else only what is read goes (DEBUG SET-ACTIVE-EXPIRE). */
  activeExpire = true;
  /** The keyspace is to be, or is being, rebuilt because {@link reload} was asked to: no reply leaves. */
  reloading = false;
  readonly #options: MemberOptions;
  readonly #ports: MemberPorts;
  readonly #ids = new MemberIds();
  /** The message that is being sent. */
  readonly #message = new ByteWriter();
  readonly #proposals = new Proposals();
  readonly #clockGuard: ClockGuard;
  readonly #handOver: HandOver;
  readonly #checkpoints: Checkpoints;
  readonly #pulse: PulseWatch;
  readonly #lastIndexAtStart: number;
  #primaryTerm = 0;
  #lastLeader = '';
  #lastTerm = 0;
  /** Disk requests handed out, and known to be durable, by their rising `seq`. */
  #persistSeq = 0;
  #persistedSeq = 0;

  constructor(options: MemberOptions, ports: MemberPorts, recovered: Recovered) {
    this.#options = options;
    this.#ports = ports;
    const now = ports.clock.monotonicMs();
    const { identity, limits } = options;
    this.users = usersOf(0, [], options.commands.catalog).table;
    const votePort = ports.pulse ?? options.raft.votePort;
    const standDelayMs = standDelayOf(options, recovered.snapshot !== null);
    this.raft = new Raft({ ...options.raft, votePort, standDelayMs }, recovered, now);
    this.#pulse = new PulseWatch(this.raft, ports.pulse ?? null, ports.clock);
    this.keyspace = new Keyspace({ hashSeed: options.hashSeed });
    this.keyspace.role = 'replica';
    this.keyspace.recording = false;
    this.#lastIndexAtStart = recovered.lastIndex;
    this.batches = new Batches(limits.maxEntryBytes);
    const keyspace = identity.kind === 'data' ? this.keyspace : null;
    this.applier = new Applier(
      recovered.membership,
      durableLog(ports.disk, this.raft),
      keyspace,
      this.batches,
      this.#applierEvents(),
    );
    const { raft, applier } = this;
    this.#checkpoints = new Checkpoints(this, { raft, applier, keyspace, identity, ports });
    this.snapshots = this.#checkpoints.snapshots;
    if (recovered.snapshot !== null) {
      this.applier.begin(recovered.snapshot.index, this.#checkpoints.restore());
    }
    const { electionTimeoutMs, leaseFraction } = options.raft;
    this.#clockGuard = new ClockGuard(
      ports.clock,
      clockToleranceMs(limits.clockJumpMs, electionTimeoutMs, leaseFraction),
    );
    this.#handOver = new HandOver(this.raft, identity.logMembers);
    this.host = new ServingHost(this, options, ports);
  }

  /** Call every few milliseconds (a fifth of the heartbeat interval or less). */
  tick(): void {
    this.#pulse.tick(this.leaderContactMs);
    const now = this.#ports.clock.monotonicMs();
    this.#guardClock();
    const stalled = this.#ports.disk.oldestUnsyncedMs(now) > this.#options.limits.diskStallMs;
    this.raft.setFreeToStand(!stalled);
    this.raft.setStandDelay(standDelayOf(this.#options, this.applier.rebuilding));
    this.raft.tick(now);
    if (this.raft.role === 'leader' && !this.raft.transferring) this.#considerHandOff(now, stalled);
    if (this.state === 'primary' && !this.parking && this.activeExpire) this.#expire();
    this.#checkpoints.tick(now);
    this.host.measureDisks();
    this.keyspace.freeSlice(SLICE_ELEMENTS);
    this.keyspace.compactSlice(SLICE_ELEMENTS);
    this.turn();
  }

  /** A frame from another member arrived over a link that proved who it is; `bytes` are valid during the call. */
  receive(fromMemberId: string, frameType: number, bytes: Uint8Array): void {
    const now = this.#ports.clock.monotonicMs();
    if (frameType === PEER_FRAME_SNAPSHOT) this.snapshots.receive(fromMemberId, bytes, now);
    if (frameType !== PEER_FRAME_RAFT) return;
    const message = decodeMessage(bytes, this.#ids);
    if (message.from !== fromMemberId || message.to !== this.raft.id) return;
    this.raft.step(message, now);
    if (message.from === this.raft.leaderId) this.leaderContactMs = now;
    if (message.type === 'append-reply') this.host.blocked.news = true;
    this.#ports.wakeAtOnce();
  }

  /** The disk requests up to `seq` are durable. */
  persisted(seq: number): void {
    this.#persistedSeq = seq;
    this.raft.persisted(seq, this.#ports.clock.monotonicMs());
    this.host.blocked.news = true;
    this.#ports.wakeAtOnce();
  }

  /** Does all that can be done now; see the head of this file. Call after input, once a loop turn. */
  turn(): void {
    this.host.turnStarted();
    this.#closeBatchIfDue();
    this.#advance();
    this.#closeBatchIfDue();
    this.#drainRaft();
    this.host.turnEnded();
    if (this.#handOver.active) this.#moveHandOver();
  }

  /**
   * Acts on what peers and disk have said. Leaves the batch open: what other clients have sent by now joins it,
   * and it closes at the end of the loop turn.
   */
  react(): void {
    this.#advance();
    this.#drainRaft();
    this.host.turnEnded();
    if (this.#handOver.active) this.#moveHandOver();
    if (this.#batchIsDue || this.host.parkedMayGo) this.#ports.wake();
  }

  #advance(): void {
    this.#drainRaft();
    if (this.#applySlices()) this.#ports.wake();
    if (this.reloading) this.#reloadIfDrained();
    this.#updateRole();
  }

  /**
   * At the end of a turn, not of a tick, since clients wait; and after what is committed has left, since that ends the
   * lease: who then has a reply withheld is cut off.
   */
  #moveHandOver(): void {
    const drained = !this.ahead && this.host.withheldReplies === 0;
    this.#handOver.tick(this.#ports.clock.monotonicMs(), drained);
    this.#drainRaft();
  }

  /** Proposes users and parameters; the index once committed and applied, or null when not the primary. */
  propose(settings: Settings): Promise<number | null> {
    const now = this.#ports.clock.monotonicMs();
    // settings may precede serving: a leader whose members admit nobody yet takes them
    const index = this.raft.ownTermCommitted
      ? this.raft.propose(KIND_SETTINGS, encodeSettings(settings), now)
      : 0;
    if (index === 0) return Promise.resolve(null);
    const done = this.#proposals.wait(index, this.raft.term);
    this.#ports.wake();
    return done;
  }

  /**
   * Changes the membership by one member, as planned from that config index and term. The entry's index once it is
   * committed; `Unknown` when this member led no more before that.
   */
  async changeMembership(
    change: MembershipChange,
    plannedFromConfigIndex: number,
    plannedInTerm: number,
  ): Promise<{ readonly index: number } | { readonly refused: ChangeRefusal }> {
    const { raft } = this;
    if (raft.role === 'leader' && raft.term !== plannedInTerm) return { refused: 'StaleTerm' };
    const now = this.#ports.clock.monotonicMs();
    const outcome = raft.proposeMembership(change, plannedFromConfigIndex, now);
    if ('refused' in outcome) return outcome;
    const done = this.#proposals.wait(outcome.index, raft.term);
    this.#ports.wake();
    const index = await done;
    return index === null ? { refused: 'Unknown' } : { index };
  }

  /** Hands the leadership to a caught-up data member; commands are parked meanwhile. */
  handOver(request: HandOverRequest): Promise<HandOverResult> {
    const done = this.#handOver.start(request, this.#ports.clock.monotonicMs());
    this.#ports.wake();
    return done;
  }

  /** Commands are parked because a hand-over or a reload is under way. */
  get parking(): boolean {
    return this.#handOver.active || this.reloading;
  }

  /**
   * Rebuilds the keyspace from the log once all that was executed is committed; for tests. Returns what a reply
   * waits for that is to leave after that: replies are held until then. 0 when this is no serving primary.
   */
  reload(): number {
    if (this.state !== 'primary') return 0;
    this.reloading = true;
    this.#ports.wake();
    return this.batches.openNumber;
  }

  /** May replies computed by this primary leave? Reads the clocks. */
  leaseHolds(): boolean {
    this.#guardClock();
    if (this.raft.leaseValid(this.#ports.clock.monotonicMs())) return true;
    // this thread may have been busy for longer than a lease lasts
    this.#pulse.take();
    return this.raft.leaseValid(this.#ports.clock.monotonicMs());
  }

  /** When the pulse last heard of a leader, by this member's clock; 0: never. */
  get pulseHeardMs(): number {
    return this.#pulse.heardMs;
  }

  /** The keyspace is being read anew from the log. */
  get rebuilding(): boolean {
    return this.applier.rebuilding;
  }

  /** This shard's time in milliseconds since the Unix epoch: never behind an entry's (W8). */
  shardTimeMs(): number {
    return Math.max(this.#ports.clock.wallMs(), this.applier.shardTimeMs);
  }

  /** The content at a log index, or null while effects are under way (ask again). */
  digest(): { index: number; digest: string } | null {
    if (this.ahead || !this.applier.caughtUp) return null;
    return { index: this.applier.appliedIndex, digest: this.keyspace.digest() };
  }

  // CheckpointOwner

  get serves(): boolean {
    return this.state === 'primary' && !this.parking;
  }

  get ahead(): boolean {
    return this.batches.inFlightCount > 0 || this.keyspace.effects.length > 0;
  }

  get proposing(): boolean {
    return !this.#proposals.empty;
  }

  get checkpointBytes(): number {
    const { snapshotLogBytes, snapshotLogPercent } = this.#options.limits;
    return Math.max(snapshotLogBytes, (this.keyspace.memoryBytes * snapshotLogPercent) / 100);
  }

  closeBatch(): boolean {
    if (this.keyspace.effects.length > 0) this.#closeBatch(this.#ports.clock.monotonicMs());
    return this.keyspace.effects.length === 0;
  }

  /** Closes the open batch now, because it has grown large. */
  closeLargeBatch(): void {
    if (this.keyspace.effects.length < this.#options.limits.maxBatchBytes) return;
    this.#closeBatch(this.#ports.clock.monotonicMs());
    this.#drainRaft();
  }

  /** One batch is being synced while the next collects. */
  get #batchIsDue(): boolean {
    return this.keyspace.effects.length > 0 && this.#persistSeq === this.#persistedSeq;
  }

  #closeBatchIfDue(): void {
    if (this.#batchIsDue) this.#closeBatch(this.#ports.clock.monotonicMs());
  }

  #closeBatch(now: number): void {
    if (this.state !== 'primary') return;
    const { effects } = this.keyspace;
    const timeMs = this.shardTimeMs();
    if (!this.batches.close(this.raft, effects, timeMs, now)) return;
    this.applier.shardTimeMs = timeMs;
    this.keyspace.openIndex = this.batches.openNumber;
  }

  /** True when there is more to apply than one turn may take. */
  #applySlices(): boolean {
    let more = this.applier.run();
    for (let slices = 3; more && slices > 0; slices--) more = this.applier.run();
    this.raft.applied(this.applier.releasedIndex);
    this.keyspace.committed(this.batches.committedNumber);
    return more || this.raft.commitIndex > this.applier.committedIndex;
  }

  #drainRaft(): void {
    for (;;) {
      const ready = this.raft.takeReady();
      if (ready === null) return;
      for (const message of ready.messages) {
        this.#message.clear();
        encodeMessage(message, this.#message);
        this.#ports.peers.send(message.to, PEER_FRAME_RAFT, this.#message.written);
      }
      this.applier.committed(ready.committed);
      const { fetch } = ready;
      if (fetch !== null) {
        this.snapshots.want(fetch, fetch.from, this.#ports.clock.monotonicMs());
      }
      if (ready.persist === null) continue;
      this.#persistSeq = ready.persist.seq;
      this.#ports.disk.persist(ready.persist);
    }
  }

  #updateRole(): void {
    const { raft } = this;
    this.#pulse.publish(this.leaderContactMs);
    if (raft.leaderId !== this.#lastLeader || raft.term !== this.#lastTerm) {
      if (raft.leaderId !== '' && raft.leaderId !== this.#lastLeader) this.leaderChanges++;
      if (raft.leaderId === '' && this.#lastLeader !== '') {
        this.leaderlessSinceMs = this.#ports.clock.monotonicMs();
      }
      this.#lastLeader = raft.leaderId;
      this.#lastTerm = raft.term;
      this.#ports.events.leaderChanged(raft.term, raft.leaderId, raft.role);
    }
    if (!this.caughtUpOnce) this.#judgeCaughtUp();
    const leads = raft.role === 'leader';
    if (!leads) this.#proposals.abandon();
    if (this.state === 'primary' && !(leads && raft.term === this.#primaryTerm)) this.#stepDown();
    if (this.state === 'pending' && !leads) {
      // replies that a reload holds back leave no more
      if (this.reloading) this.host.steppedDown();
      this.reloading = false;
      this.#setState('replica');
    }
    if (this.#options.identity.kind === 'log' || !leads || this.state === 'primary') return;
    const level = this.applier.appliedIndex === raft.commitIndex;
    if (raft.ownTermCommitted && level) this.#becomePrimary();
    else this.#setState('pending');
  }

  #becomePrimary(): void {
    invariant(this.batches.inFlightCount === 0, 'a new primary has executed nothing uncommitted');
    invariant(this.keyspace.effects.length === 0, 'a new primary has no open batch');
    this.#primaryTerm = this.raft.term;
    this.keyspace.committed(this.batches.committedNumber);
    this.keyspace.role = 'primary';
    this.keyspace.recording = true;
    this.keyspace.openIndex = this.batches.openNumber;
    this.reloading = false;
    this.#setState('primary');
  }

  #reloadIfDrained(): void {
    if (this.state !== 'primary' || this.ahead || !this.applier.caughtUp) return;
    this.keyspace.role = 'replica';
    this.keyspace.recording = false;
    this.#setState('pending');
    this.#rebuild();
    this.#ports.wake();
  }

  #stepDown(): void {
    this.reloading = false;
    this.keyspace.role = 'replica';
    this.keyspace.recording = false;
    const unproposed = this.keyspace.effects.length > 0;
    this.keyspace.effects.clear();
    this.batches.noteNoEffects();
    this.#setState('replica');
    this.snapshots.abandon('this member is no longer the primary');
    this.host.steppedDown();
    if (unproposed && !this.keyspace.undo(this.batches.openNumber - 1)) this.#rebuild();
  }

  /** W6: what was executed here is not what the log holds: the keyspace is read anew. */
  #rebuild(): void {
    this.snapshots.abandon('the keyspace is read anew');
    this.applier.rebuild(this.#checkpoints.restore());
    this.#ports.events.keyspaceRebuilding(this.applier.committedIndex);
  }

  #applierEvents(): ApplierEvents {
    return {
      settings: (settings) => this.#applySettings(settings),
      applied: (index, term) => this.#proposals.applied(index, term),
      checkpoint: (index, term) => this.#checkpoints.applied(index, term),
      digest: (digest) => this.snapshots.confirmed(digest),
      lost: () => this.#rebuild(),
    };
  }

  #setState(state: ServingState): void {
    if (this.state === state) return;
    this.state = state;
    this.#ports.events.stateChanged(state, this.raft.term);
  }

  #judgeCaughtUp(): void {
    const { raft } = this;
    const heard = raft.role === 'leader' ? raft.ownTermCommitted : this.leaderContactMs > 0;
    // a newcomer has caught up when it was made a voter, which needs the log up to there
    const votes = raft.membership.voters.includes(raft.id);
    const goal = Math.max(Math.min(this.#lastIndexAtStart, raft.lastIndex), raft.configIndex);
    this.caughtUpOnce = heard && votes && raft.commitIndex >= goal && this.applier.caughtUp;
  }

  /** A leader that should not lead gives the leadership away: a log member, or one whose disk is stuck or full. */
  #considerHandOff(now: number, stalled: boolean): void {
    const { identity, limits } = this.#options;
    const unfit = stalled || (identity.kind === 'log' && this.raft.ownTermCommitted);
    const noRoom = this.state === 'primary' && this.host.othersHaveRoom;
    if (unfit) this.#handOver.leave(now);
    else this.#handOver.leaveForRoom(noRoom, limits.diskReserveBytes, now);
  }

  #expire(): void {
    this.keyspace.nowMs = this.shardTimeMs();
    this.keyspace.beginCommand();
    this.keyspace.expireSlice(200);
  }

  #guardClock(): void {
    if (this.#clockGuard.jumped()) {
      this.raft.dropLease(this.#ports.clock.monotonicMs());
      this.#ports.events.clockJumped(this.#clockGuard.lastJumpMs);
    }
  }

  #applySettings(settings: Settings): void {
    if (this.settings !== null && settings.revision < this.settings.revision) return;
    this.settings = settings;
    const { catalog } = this.#options.commands;
    const { table, refused } = usersOf(settings.revision, settings.users, catalog);
    for (const message of refused) this.#ports.events.userRefused(message);
    this.users = table;
    this.host.usersChanged();
    this.#ports.events.settingsApplied(settings.revision);
  }
}
