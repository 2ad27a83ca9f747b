/**
 * The member as its clients see it: makes sessions, says whether a command may run here (slots, role,
 * hand-over, limits), and lets replies go when they may.
 *
 * Sessions with withheld replies stand in `#waiting`; once a turn, after the clocks were read, each is
 * released up to the newest committed batch. So a reply needs no timer and no closure.
 */
import { AclLog } from '#node/acl/log.ts';
import type { UserTable } from '#node/acl/users.ts';
import type { Clock } from '#base/clock.ts';
import type { NodePort } from '#node/commands/node-port.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { Refusal, SessionHost, SessionLimits } from '#node/session/host.ts';
import { Session } from '#node/session/session.ts';
import { CommandStatistics } from '#node/session/statistics.ts';
import type { Member } from './member.ts';
import { NodeView } from './node-view.ts';
import type { MemberLimits, MemberOptions, MemberPorts } from './options.ts';
import type { ClientConnection, ClientHandler, Clients } from './ports.ts';
import { Routes } from './routes.ts';

const PARK: Refusal = { kind: 'park' };
const CLUSTER_DOWN: Refusal = {
  kind: 'error',
  line: 'CLUSTERDOWN Hash slot not served: this shard has no primary now',
};
const STALE: Refusal = {
  kind: 'error',
  line: 'CLUSTERDOWN This replica has lost touch with its primary',
};
const READ_ONLY: Refusal = {
  kind: 'error',
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
  overloaded = false;
  /** Replies that wait for a commit or a lease, in bytes. */
  withheldBytes = 0;
  /** The node as INFO and CLUSTER show it. */
  readonly node: NodePort;
  readonly #member: Member;
  readonly #limits: MemberLimits;
  readonly #ports: MemberPorts;
  readonly #routes: Routes;
  /** Sessions with output that has not left. */
  readonly #waiting = new Set<Session>();
  readonly #parked = new Set<Session>();
  /** Sessions that stopped at a limit of their own and go on in the next turn. */
  #later = new Set<Session>();

  constructor(member: Member, options: MemberOptions, ports: MemberPorts) {
    this.#member = member;
    this.#limits = options.limits;
    this.#ports = ports;
    this.keyspace = member.keyspace;
    this.clock = ports.clock;
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
    return this.#waiting.size;
  }

  get users(): UserTable {
    return this.#member.users;
  }

  get loaded(): boolean {
    return this.#member.settings !== null && this.#member.caughtUpOnce;
  }

  get outOfMemory(): boolean {
    const { maxmemoryBytes } = this;
    const { diskReserveBytes } = this.#limits;
    if (maxmemoryBytes > 0 && this.keyspace.memoryBytes > maxmemoryBytes) return true;
    return this.#ports.disk.freeBytes < diskReserveBytes;
  }

  get newestIndex(): number {
    return this.#member.batches.newestNumber(this.keyspace.effects.length);
  }

  open(connection: ClientConnection): ClientHandler {
    const session = new Session(connection, this);
    this.sessions.set(session.id, session);
    return {
      data: (bytes, start, end) => {
        session.feed(bytes, start, end);
        this.#ports.wake();
      },
      drained: () => {
        session.drained();
        this.#ports.wake();
      },
      ended: () => {
        session.closeAfterReply();
        session.release(-1);
      },
      closed: () => session.closed(),
    };
  }

  route(slot: number, write: boolean, session: Session): Refusal | null {
    const refusal = this.#judge(slot, write, session);
    if (refusal === PARK) this.#parked.add(session);
    return refusal;
  }

  beginUnit(_session: Session): void {
    this.keyspace.nowMs = this.#member.shardTimeMs();
    this.keyspace.beginCommand();
  }

  endUnit(session: Session, _waitIndex: number): void {
    this.#waiting.add(session);
    if (this.keyspace.effects.length === 0) return;
    this.#member.closeLargeBatch();
    const { inFlightBytes } = this.#member.batches;
    if (inFlightBytes > this.#limits.maxInFlightBytes) this.overloaded = true;
  }

  resumeLater(session: Session): void {
    this.#later.add(session);
    this.#ports.wake();
  }

  ended(session: Session): void {
    this.#later.delete(session);
    this.sessions.delete(session.id);
    this.#waiting.delete(session);
    this.#parked.delete(session);
  }

  /** A turn starts: sessions that may go on do. */
  turnStarted(): void {
    if (this.#parked.size > 0 && !this.#mustPark()) this.#resumeParked();
    if (this.#later.size === 0) return;
    const later = this.#later;
    this.#later = new Set();
    for (const session of later) session.resume();
  }

  /** The turn is over: lets go what may go. */
  turnEnded(): void {
    if (this.#waiting.size > 0 && this.#mayRelease()) this.#release();
    this.#judgeLoad();
  }

  /** Rule W6: the outcome of what is under way is unknown; nothing more leaves. */
  steppedDown(): void {
    for (const session of this.sessions.values()) {
      if (session.entangled) session.abort();
    }
    this.#waiting.clear();
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

  #judge(slot: number, write: boolean, session: Session): Refusal | null {
    const routes = this.#routes;
    const member = this.#member;
    if (slot >= 0 && !routes.owns(slot)) return routes.toOwner(slot, session.connection.listener);
    if (member.state === 'primary') return member.parking ? PARK : null;
    if (member.state === 'pending') return PARK;
    if (!write && (session.readOnly || slot < 0)) return this.freshReplica ? null : STALE;
    if (slot < 0) return READ_ONLY;
    const moved = routes.toPrimary(session.connection.listener);
    if (moved !== null) return moved;
    return this.#electing ? PARK : CLUSTER_DOWN;
  }

  /** Commands would still be parked. */
  #mustPark(): boolean {
    const member = this.#member;
    if (member.state === 'primary') return member.parking;
    return member.state === 'pending' || this.#electing;
  }

  /** No leader is known, but not for long. */
  get #electing(): boolean {
    if (this.#member.raft.leaderId !== '') return false;
    const leaderlessMs = this.clock.monotonicMs() - this.#member.leaderlessSinceMs;
    return leaderlessMs < this.#limits.leaderlessParkMs;
  }

  /** A primary answers within its lease; a replica answers from what is committed. */
  #mayRelease(): boolean {
    if (this.#member.reloading) return false;
    return this.#member.state === 'primary' ? this.#member.leaseHolds() : true;
  }

  #release(): void {
    const upTo = this.#member.batches.committedNumber;
    let withheld = 0;
    for (const session of this.#waiting) {
      session.release(upTo);
      if (session.withholding) withheld += session.withheldBytes;
      else this.#waiting.delete(session);
    }
    this.withheldBytes = withheld;
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
