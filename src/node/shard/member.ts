/**
 * A member of a shard without its IO: Raft, keyspace, sessions and the write path between them
 * (docs/ARCHITECTURE.md, rules W1 to W10). The shell feeds it bytes, ticks and completed disk requests, and
 * calls {@link Member.turn} once after each bout of input; everything leaves through ports.
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
import { invariant } from '#base/invariant.ts';
import { UserTable } from '#node/acl/users.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import { decodeMessage, encodeMessage } from '#node/raft/codec.ts';
import { Raft, type RaftOptions, type Recovered } from '#node/raft/raft.ts';
import { ByteWriter } from '#base/bytes.ts';
import type { Clock } from '#base/clock.ts';
import { Applier, type DurableLog } from './applier.ts';
import { Batches } from './batches.ts';
import { ClockGuard } from './clock-guard.ts';
import { HandOver, type HandOverRequest, type HandOverResult } from './hand-over.ts';
import type { MemberEvents } from './events.ts';
import { encodeSettings, KIND_SETTINGS, type Settings } from './payload.ts';
import { type Clients, type Disk, PEER_FRAME_RAFT, type Peers } from './ports.ts';
import { Proposals } from './proposals.ts';
import { ServingHost } from './serving.ts';

/** Why the member does or does not run commands. */
export type ServingState =
  /** Follower, candidate, or a leader that may not serve (a log member). */
  | 'replica'
  /** Leader whose own term has no committed entry yet, or whose keyspace is behind. */
  | 'pending'
  /** The serving primary. */
  | 'primary';

export interface MemberLimits {
  /** Most bytes of effects in one entry; a larger unit is logged in parts. */
  readonly maxEntryBytes: number;
  /** The open batch closes at this size even while another is being synced. */
  readonly maxBatchBytes: number;
  /** Bytes of effects closed and not committed, above which sockets are not read (W9). */
  readonly maxInFlightBytes: number;
  /** Reply bytes of all connections withheld, above which sockets are not read (W9). */
  readonly maxWithheldBytes: number;
  /** Free disk bytes below which writes are refused (W7). */
  readonly diskReserveBytes: number;
  /** Age of the oldest unsynced write after which this member hands over and does not stand (W7). */
  readonly diskStallMs: number;
  /** Difference between wall and monotonic clock after which the lease is dropped (W5). */
  readonly clockJumpMs: number;
  /** A replica that has not heard from its leader for this long answers no reads. */
  readonly replicaMaxStalenessMs: number;
  /** `maxmemory` in bytes; 0 for none. */
  readonly maxmemoryBytes: number;
}

export interface MemberOptions {
  readonly kind: 'data' | 'log';
  readonly limits: MemberLimits;
  readonly raft: RaftOptions;
}

export interface MemberPorts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly peers: Peers;
  readonly events: MemberEvents;
  /** Asks the shell to call {@link Member.turn} soon. */
  wake(): void;
}

export class Member {
  readonly raft: Raft;
  readonly batches: Batches;
  readonly applier: Applier;
  readonly host: ServingHost;
  readonly clients: Clients;
  state: ServingState = 'replica';
  users = new UserTable();
  /** The newest settings applied; null before the first. */
  settings: Settings | null = null;
  /** Was level with its leader's commit index once since start (part of readiness). */
  caughtUpOnce = false;
  /** Monotonic time of the last message from the leader; 0 when there was none. */
  leaderContactMs = 0;
  /** Terms in which another member was seen to lead, or this one led. */
  leaderChanges = 0;
  readonly #options: MemberOptions;
  readonly #ports: MemberPorts;
  readonly #keyspace: Keyspace;
  readonly #proposals = new Proposals();
  readonly #clockGuard: ClockGuard;
  readonly #handOver: HandOver;
  readonly #firstIndex: number;
  readonly #lastIndexAtStart: number;
  /** Disk requests that must be done before the log can be read for a rebuild. */
  #rebuildAfterSeq = 0;
  #primaryTerm = 0;
  #lastLeader = '';
  #lastTerm = 0;
  /** Disk requests handed out, and known to be durable, by their rising `seq`. */
  #persistSeq = 0;
  #persistedSeq = 0;
  #lastHandOffMs = 0;

  constructor(
    options: MemberOptions,
    ports: MemberPorts,
    keyspace: Keyspace,
    host: (member: Member) => ServingHost,
    recovered: Recovered,
  ) {
    this.#options = options;
    this.#ports = ports;
    this.#keyspace = keyspace;
    const now = ports.clock.monotonicMs();
    this.raft = new Raft(options.raft, recovered, now);
    this.#lastIndexAtStart = recovered.lastIndex;
    this.batches = new Batches(options.limits.maxEntryBytes);
    this.#firstIndex = recovered.firstIndex;
    this.applier = new Applier(
      recovered.firstIndex,
      this.#durableLog(),
      options.kind === 'data' ? keyspace : null,
      this.batches,
      {
        settings: (settings) => this.#applySettings(settings),
        applied: (index, term) => this.#proposals.applied(index, term),
        lost: () => this.#rebuild(),
        rebuilding: () => ports.events.keyspaceRebuilding(this.applier.committedIndex),
      },
    );
    this.#clockGuard = new ClockGuard(ports.clock, options.limits.clockJumpMs);
    this.#handOver = new HandOver(this.raft);
    keyspace.role = 'replica';
    keyspace.recording = false;
    this.host = host(this);
    this.clients = this.host;
  }

  /** Call every few milliseconds (a fifth of the heartbeat interval or less). */
  tick(): void {
    const now = this.#ports.clock.monotonicMs();
    this.#guardClock();
    const stalled = this.#ports.disk.oldestUnsyncedMs(now) > this.#options.limits.diskStallMs;
    this.raft.setFreeToStand(!stalled);
    this.raft.tick(now);
    if (this.raft.role === 'leader' && !this.raft.transferring) this.#considerHandOff(now, stalled);
    if (this.state === 'primary' && !this.parking) this.#expire();
    const drained = this.batches.inFlightCount === 0 && this.#keyspace.effects.length === 0;
    const parking = this.parking;
    this.#handOver.tick(now, drained);
    if (parking && !this.parking) this.host.resumeParked();
    this.turn();
  }

  /** A frame from another member arrived over a link that proved who it is. */
  receive(fromMemberId: string, frameType: number, bytes: Uint8Array): void {
    if (frameType !== PEER_FRAME_RAFT) return;
    const message = decodeMessage(bytes);
    if (message.from !== fromMemberId || message.to !== this.raft.id) return;
    const now = this.#ports.clock.monotonicMs();
    this.raft.step(message, now);
    if (message.from === this.raft.leaderId) this.leaderContactMs = now;
    this.#ports.wake();
  }

  /** The disk requests up to `seq` are durable. */
  persisted(seq: number): void {
    this.#persistedSeq = seq;
    this.raft.persisted(seq, this.#ports.clock.monotonicMs());
    this.#ports.wake();
  }

  /** Does all that can be done now; see the head of this file. Call after input, once a loop turn. */
  turn(): void {
    const now = this.#ports.clock.monotonicMs();
    this.#closeBatchIfDue(now);
    this.#drainRaft();
    let slices = 4;
    let more = this.applier.run();
    while (more && --slices > 0) more = this.applier.run();
    this.#updateRole();
    this.#closeBatchIfDue(now);
    this.#drainRaft();
    if (more) this.#ports.wake();
    this.host.turnEnded();
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

  /** Hands the leadership to a caught-up data member; commands are parked meanwhile. */
  handOver(request: HandOverRequest): Promise<HandOverResult> {
    const done = this.#handOver.start(request, this.#ports.clock.monotonicMs());
    this.#ports.wake();
    return done;
  }

  /** Commands are parked because a hand-over is under way. */
  get parking(): boolean {
    return this.#handOver.active;
  }

  /** May replies computed by this primary leave? Reads the clocks. */
  leaseHolds(): boolean {
    this.#guardClock();
    return this.raft.leaseValid(this.#ports.clock.monotonicMs());
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
    if (this.#keyspace.effects.length > 0 || this.batches.inFlightCount > 0) return null;
    if (!this.applier.caughtUp) return null;
    return { index: this.applier.appliedIndex, digest: this.#keyspace.digest() };
  }

  /** Closes the open batch now, because it has grown large. */
  closeLargeBatch(): void {
    if (this.#keyspace.effects.length < this.#options.limits.maxBatchBytes) return;
    this.#closeBatch(this.#ports.clock.monotonicMs());
    this.#drainRaft();
  }

  #closeBatchIfDue(now: number): void {
    if (this.#keyspace.effects.length === 0) return;
    if (this.#persistSeq > this.#persistedSeq) return; // the disk is busy: the next batch collects
    this.#closeBatch(now);
  }

  #closeBatch(now: number): void {
    if (this.state !== 'primary') return;
    const { effects } = this.#keyspace;
    const timeMs = this.shardTimeMs();
    if (!this.batches.close(this.raft, effects, timeMs, now)) return;
    this.applier.shardTimeMs = timeMs;
    this.#keyspace.openIndex = this.batches.openNumber;
  }

  #drainRaft(): void {
    for (let ready = this.raft.takeReady(); ready !== null; ready = this.raft.takeReady()) {
      for (const message of ready.messages) {
        const writer = new ByteWriter(256);
        encodeMessage(message, writer);
        this.#ports.peers.send(
          message.to,
          PEER_FRAME_RAFT,
          writer.bytes.subarray(0, writer.length),
        );
      }
      this.applier.committed(ready.committed);
      if (ready.persist === null) continue;
      this.#persistSeq = ready.persist.seq;
      this.#ports.disk.persist(ready.persist);
    }
  }

  #updateRole(): void {
    const { raft } = this;
    if (raft.leaderId !== this.#lastLeader || raft.term !== this.#lastTerm) {
      if (raft.leaderId !== '' && raft.leaderId !== this.#lastLeader) this.leaderChanges++;
      this.#lastLeader = raft.leaderId;
      this.#lastTerm = raft.term;
      this.#ports.events.leaderChanged(raft.term, raft.leaderId, raft.role);
    }
    if (!this.caughtUpOnce) this.#judgeCaughtUp();
    const leads = raft.role === 'leader';
    if (this.state === 'primary' && !(leads && raft.term === this.#primaryTerm)) this.#stepDown();
    if (this.state === 'pending' && !leads) this.#setState('replica');
    if (this.#options.kind === 'log' || !leads || this.state === 'primary') return;
    if (raft.ownTermCommitted && this.applier.caughtUp) this.#becomePrimary();
    else this.#setState('pending');
  }

  #becomePrimary(): void {
    invariant(this.batches.inFlightCount === 0, 'a new primary has executed nothing uncommitted');
    invariant(this.#keyspace.effects.length === 0, 'a new primary has no open batch');
    this.#primaryTerm = this.raft.term;
    this.#keyspace.committed(this.batches.committedNumber);
    this.#keyspace.role = 'primary';
    this.#keyspace.recording = true;
    this.#keyspace.openIndex = this.batches.openNumber;
    this.#setState('primary');
  }

  #stepDown(): void {
    this.#keyspace.role = 'replica';
    this.#keyspace.recording = false;
    const unproposed = this.#keyspace.effects.length > 0;
    this.#keyspace.effects.clear();
    this.#setState('replica');
    this.host.steppedDown();
    this.#proposals.abandon();
    if (unproposed) this.#rebuild();
  }

  /** W6: what was executed here is not what the log holds: the keyspace is read anew. */
  #rebuild(): void {
    this.#rebuildAfterSeq = this.#persistSeq;
    this.applier.rebuild(this.#firstIndex);
  }

  #durableLog(): DurableLog {
    const { disk } = this.#ports;
    const settled = (): boolean => this.#persistedSeq >= this.#rebuildAfterSeq;
    return {
      get settled(): boolean {
        return settled();
      },
      read: (from, toExclusive, maxBytes) => disk.read(from, toExclusive, maxBytes),
    };
  }

  #setState(state: ServingState): void {
    if (this.state === state) return;
    this.state = state;
    this.#ports.events.stateChanged(state, this.raft.term);
    this.host.stateChanged();
  }

  #judgeCaughtUp(): void {
    const { raft } = this;
    const heard = raft.role === 'leader' ? raft.ownTermCommitted : this.leaderContactMs > 0;
    const goal = Math.min(this.#lastIndexAtStart, raft.lastIndex);
    this.caughtUpOnce = heard && raft.commitIndex >= goal && this.applier.caughtUp;
  }

  /** A leader that should not lead gives the leadership away: a log member, or one whose disk is stuck. */
  #considerHandOff(now: number, stalled: boolean): void {
    const unfit = stalled || (this.#options.kind === 'log' && this.raft.ownTermCommitted);
    if (!unfit || now - this.#lastHandOffMs < 200) return;
    this.#lastHandOffMs = now;
    const target = this.#handOver.bestTarget(now);
    if (target !== '') this.raft.transferTo(target, now);
  }

  #expire(): void {
    this.#keyspace.nowMs = this.shardTimeMs();
    this.#keyspace.beginCommand();
    this.#keyspace.expireSlice(200);
  }

  #guardClock(): void {
    if (this.#clockGuard.jumped()) {
      this.raft.dropLease();
      this.#ports.events.clockJumped(this.#clockGuard.lastJumpMs);
    }
  }

  #applySettings(settings: Settings): void {
    if (this.settings !== null && settings.revision < this.settings.revision) return;
    this.settings = settings;
    this.users = this.host.usersOf(settings);
    this.host.usersChanged();
    this.#ports.events.settingsApplied(settings.revision);
  }
}

