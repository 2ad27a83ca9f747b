/**
 * The member as its clients see it: makes sessions, says whether a command may run here (slots, role,
 * hand-over, limits), and lets replies go when they may.
 *
 * Sessions write what may leave this turn into one buffer, `replies`, and stand in `#turn`; when the turn ends and
 * the clocks were read, each is released up to the newest committed batch. Those that must wait for longer then
 * stand among the withheld and are released when more is committed, or the lease is back. So a reply needs no
 * timer, no closure and, unless it waits, no copy.
 */
import { AclLog } from '#node/acl/log.ts';
import type { UserTable } from '#node/acl/users.ts';
import type { Clock } from '#base/clock.ts';
import type { NodePort } from '#node/commands/node-port.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { ReplyWriter } from '#node/resp/reply.ts';
import type { Refusal, SessionHost, SessionLimits } from '#node/session/host.ts';
import { Session } from '#node/session/session.ts';
import { CommandStatistics } from '#node/session/statistics.ts';
import { LEAVES_AT_ONCE } from '#node/session/withheld.ts';
import { BlockedSessions } from './blocked.ts';
import type { Member } from './member.ts';
import { NodeView } from './node-view.ts';
import type { MemberLimits, MemberOptions, MemberPorts } from './options.ts';
import type { ClientConnection, ClientHandler, Clients } from './ports.ts';
import { Routes } from './routes.ts';

/** Most bytes of one turn's replies in one buffer. */
const MOST_REPLY_BYTES = 1024 * 1024 * 1024;
/** The buffer's size from which on it is given back when it is empty. */
const KEPT_REPLY_BYTES = 1024 * 1024;
/** With so many bytes of replies a turn ends early: they leave while the processor's cache still holds them. */
const MANY_REPLY_BYTES = 256 * 1024;

const PARK: Refusal = { kind: 'park' };
const CLUSTER_DOWN: Refusal = {
  kind: 'error',
  line: 'CLUSTERDOWN Hash slot not served: this shard has no primary now',
};
const STALE: Refusal = {
  kind: 'error',
  line: 'CLUSTERDOWN This replica has lost touch with its primary',
};
const LOSS_BOUND: Refusal = { kind: 'denied', line: ERRORS.lossBound };
const READ_ONLY: Refusal = {
  kind: 'denied',
  line: "READONLY You can't write against a read only replica.",
};

export class ServingHost implements SessionHost, Clients {
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  limits: SessionLimits;
  /** `maxmemory` in bytes; 0 for none. */
  maxmemoryBytes: number;
  readonly statistics: CommandStatistics;
  readonly aclLog = new AclLog();
  readonly sessions = new Map<number, Session>();
  readonly replies = new ReplyWriter(MOST_REPLY_BYTES, KEPT_REPLY_BYTES);
  readonly waitsForCommit: boolean;
  turnMs: number;
  overloaded = false;
  /** Writes are refused for want of room on disks; as of the last tick. */
  diskFull = false;
  /** It is this primary's own disk that is full, and a majority's are not. */
  othersHaveRoom = false;
  /** Replies that wait for a commit or a lease, in bytes. */
  withheldBytes = 0;
  readonly blocked = new BlockedSessions(this);
  /** The node as INFO and CLUSTER show it. */
  readonly node: NodePort;
  readonly #member: Member;
  readonly #limits: MemberLimits;
  readonly #ports: MemberPorts;
  readonly #routes: Routes;
  /** Clocks are read once a turn: `turnMs` and the keyspace's time are this turn's. */
  #clocksRead = false;
  /** Sessions to release when the turn ends, the first #turnCount; the array is kept, so that no turn allocates. */
  readonly #turn: (Session | null)[] = [];
  #turnCount = 0;
  /** Sessions whose replies wait for a commit or, with `#heldBack`, for a lease. */
  readonly #withheld: Session[] = [];
  /** The newest batch that the withheld were released up to. */
  #releasedUpTo = 0;
  #heldBack = false;
  readonly #parked = new Set<Session>();
  /** Sessions that stopped at a limit of their own and go on in the next turn. */
  #later = new Set<Session>();

  constructor(member: Member, options: MemberOptions, ports: MemberPorts) {
    this.#member = member;
    this.#limits = options.limits;
    this.#ports = ports;
    this.keyspace = member.keyspace;
    this.clock = ports.clock;
    this.turnMs = ports.clock.monotonicMs();
    this.waitsForCommit = options.durability === 'sync';
    this.keyspace.notesHazards = this.waitsForCommit;
    this.limits = options.sessionLimits;
    this.maxmemoryBytes = options.limits.maxmemoryBytes;
    this.statistics = new CommandStatistics(options.commands.size);
    this.#routes = new Routes({
      shard: options.identity.shard,
      slots: options.identity.slots,
      map: options.map,
      leader: () => member.raft.leaderId,
    });
    this.node = new NodeView(member, this, options);
  }

  /** Connections with replies that wait. */
  get withheldReplies(): number {
    return this.#withheld.length;
  }

  get users(): UserTable {
    return this.#member.users;
  }

  get loaded(): boolean {
    return this.#member.settings !== null && this.#member.caughtUpOnce;
  }

  get outOfMemory(): boolean {
    const { maxmemoryBytes } = this;
    if (maxmemoryBytes > 0 && this.keyspace.memoryBytes > maxmemoryBytes) return true;
    return this.diskFull;
  }

  /** W7: looks at the room on the own disk, and at what a majority of the voters has at least. */
  measureDisks(): void {
    const { diskReserveBytes } = this.#limits;
    const short = this.#ports.disk.freeBytes < diskReserveBytes;
    const othersShort = this.#member.raft.majorityFreeBytes() < diskReserveBytes;
    this.diskFull = short || othersShort;
    this.othersHaveRoom = short && !othersShort;
  }

  get newestIndex(): number {
    return this.#member.batches.newestNumber(this.keyspace.effects.length);
  }

  /** Durability async: so much acknowledged could be lost by now that no more writes are taken. */
  get lossBoundReached(): boolean {
    if (this.waitsForCommit) return false;
    return this.turnMs - this.#member.batches.oldestMs >= this.#limits.asyncLossBoundMs;
  }

  open(connection: ClientConnection): ClientHandler {
    const session = new Session(connection, this);
    this.sessions.set(session.id, session);
    return {
      data: (bytes, start, end) => {
        if (!this.#clocksRead) this.#readClocks();
        session.feed(bytes, start, end);
        if (this.replies.length > MANY_REPLY_BYTES) this.#member.turn();
        else this.#ports.wake();
      },
      drained: () => {
        if (!this.#clocksRead) this.#readClocks();
        session.drained();
        this.#ports.wake();
      },
      ended: () => {
        session.closeAfterReply();
        this.awaitTurn(session);
        this.#ports.wake();
      },
      closed: () => session.closed(),
    };
  }

  route(slot: number, write: boolean, session: Session): Refusal | null {
    const refusal = this.#judge(slot, write, session);
    if (refusal === PARK) this.#parked.add(session);
    return refusal;
  }

  beginUnit(slot: number): void {
    this.keyspace.beginCommand(slot);
  }

  endUnit(_waitIndex: number): void {
    if (this.keyspace.effects.length === 0) return;
    if (!this.waitsForCommit) this.#member.batches.noteEffects(this.turnMs);
    this.#member.closeLargeBatch();
    const { inFlightBytes } = this.#member.batches;
    if (inFlightBytes > this.#limits.maxInFlightBytes) this.overloaded = true;
  }

  awaitTurn(session: Session): void {
    if (session.awaited) return;
    session.awaited = true;
    this.#turn[this.#turnCount++] = session;
  }

  awaitWake(session: Session): void {
    this.blocked.add(session);
  }

  resumeLater(session: Session): void {
    this.#later.add(session);
    this.#ports.wake();
  }

  ended(session: Session): void {
    this.#later.delete(session);
    this.sessions.delete(session.id);
    this.#parked.delete(session);
    this.blocked.delete(session);
    this.withheldBytes -= session.countedBytes;
    session.countedBytes = 0;
    if (session.withheld) this.#withheld.splice(this.#withheld.indexOf(session), 1);
    session.withheld = false;
  }

  /** A turn starts: sessions that may go on do. */
  turnStarted(): void {
    this.#readClocks();
    if (this.parkedMayGo) this.#resumeParked();
    if (this.#later.size === 0) return;
    const later = this.#later;
    this.#later = new Set();
    for (const session of later) session.resume();
  }

  /** Commands were parked, and the next turn runs or redirects them. */
  get parkedMayGo(): boolean {
    return this.#parked.size > 0 && !this.#mustPark();
  }

  /** The turn is over: lets go what may go. */
  turnEnded(): void {
    if (this.blocked.count > 0) this.#lookAtBlocked();
    if (this.#turnCount > 0 || this.#withheld.length > 0) this.#release();
    this.replies.clear();
    this.#clocksRead = false;
    this.#judgeLoad();
  }

  /** Rule W6: the outcome of what is under way is unknown; nothing more leaves. */
  steppedDown(): void {
    const { committedNumber } = this.#member.batches;
    for (const session of this.sessions.values()) {
      // an acknowledged write may be lost (async): WAIT must not take another's place in the log for it
      if (session.entangled || session.lastWrite > committedNumber) session.abort();
    }
  }

  usersChanged(): void {
    for (const session of this.sessions.values()) session.usersChanged();
  }

  /** This member serves reads of its shard as a replica: in touch with its leader, nothing uncommitted inside. */
  get freshReplica(): boolean {
    const member = this.#member;
    if (member.batches.inFlightCount > 0 || !member.caughtUpOnce) return false;
    if (member.raft.leaderId === '' || member.rebuilding) return false;
    const silentMs = this.clock.monotonicMs() - member.leaderContactMs;
    return silentMs <= this.#limits.replicaMaxStalenessMs;
  }

  /** No leader is known, but not for long. */
  get electing(): boolean {
    if (this.#member.raft.leaderId !== '') return false;
    const leaderlessMs = this.clock.monotonicMs() - this.#member.leaderlessSinceMs;
    return leaderlessMs < this.#limits.leaderlessParkMs;
  }

  #lookAtBlocked(): void {
    if (this.#member.raft.role === 'leader') this.blocked.look(this.turnMs);
    else this.blocked.unblock();
  }

  #judge(slot: number, write: boolean, session: Session): Refusal | null {
    const routes = this.#routes;
    const member = this.#member;
    if (slot >= 0 && !routes.owns(slot)) return routes.toOwner(slot, session.connection.listener);
    if (member.state === 'primary') {
      if (member.parking) return PARK;
      return write && this.lossBoundReached ? LOSS_BOUND : null;
    }
    if (member.state === 'pending') return PARK;
    if (!write && (session.readOnly || slot < 0)) return this.freshReplica ? null : STALE;
    if (slot < 0) return READ_ONLY;
    const moved = routes.toPrimary(session.connection.listener);
    if (moved !== null) return moved;
    return this.electing ? PARK : CLUSTER_DOWN;
  }

  /** Commands would still be parked. */
  #mustPark(): boolean {
    const member = this.#member;
    if (member.state === 'primary') return member.parking;
    return member.state === 'pending' || this.electing;
  }

  /** A primary answers within its lease; a replica answers from what is committed. */
  #mayRelease(): boolean {
    if (this.#member.reloading) return false;
    return this.#member.state === 'primary' ? this.#member.leaseHolds() : true;
  }

  #release(): void {
    const upTo = this.#member.batches.committedNumber;
    const news = this.#heldBack || upTo !== this.#releasedUpTo;
    if (this.#turnCount === 0 && !news) return;
    const may = this.#mayRelease();
    const turn = this.#turn;
    const count = this.#turnCount;
    this.#turnCount = 0;
    for (let at = 0; at < count; at++) {
      const session = turn[at];
      turn[at] = null;
      if (session !== null) this.#releaseOne(session, may ? upTo : LEAVES_AT_ONCE);
    }
    this.#heldBack = !may;
    if (!may || !news) return;
    this.#releasedUpTo = upTo;
    this.#releaseWithheld(upTo);
  }

  #releaseOne(session: Session, upTo: number): void {
    session.awaited = false;
    session.release(upTo);
    if (session.ended) return;
    this.#count(session);
    if (session.withheld || !session.withholding) return;
    session.withheld = true;
    this.#withheld.push(session);
  }

  #releaseWithheld(upTo: number): void {
    const withheld = this.#withheld;
    for (let at = withheld.length - 1; at >= 0; at--) {
      const session = withheld[at];
      session.release(upTo);
      if (session.ended) continue; // it has been taken out
      this.#count(session);
      if (session.withholding) continue;
      session.withheld = false;
      withheld[at] = withheld[withheld.length - 1];
      withheld.pop();
    }
  }

  /** Keeps `withheldBytes` the sum over the withheld. */
  #count(session: Session): void {
    const bytes = session.withholding ? session.withheldBytes : 0;
    this.withheldBytes += bytes - session.countedBytes;
    session.countedBytes = bytes;
  }

  #readClocks(): void {
    this.#clocksRead = true;
    this.turnMs = this.clock.monotonicMs();
    this.keyspace.nowMs = this.#member.shardTimeMs();
  }

  #judgeLoad(): void {
    const { maxInFlightBytes, maxWithheldBytes } = this.#limits;
    const { inFlightBytes } = this.#member.batches;
    if (inFlightBytes > maxInFlightBytes || this.withheldBytes > maxWithheldBytes) {
      this.overloaded = true;
    } else if (
      this.overloaded &&
      inFlightBytes <= maxInFlightBytes / 2 &&
      this.withheldBytes <= maxWithheldBytes / 2
    ) {
      this.overloaded = false;
      this.#readClocks();
      for (const session of this.sessions.values()) session.resume();
      this.#ports.wake();
    }
  }

  #resumeParked(): void {
    if (this.#parked.size === 0) return;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const session of parked) session.resume();
    this.#ports.wake();
  }
}
