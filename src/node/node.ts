/**
 * The node: wires the pure member to log, sockets and admin API. Nothing is decided here.
 *
 * A disk starts unformed: it has a memberId, answers the admin API, and waits for the bootstrap record of its
 * shard. From then on the member runs for as long as the process does.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { Clock } from '#base/clock.ts';
import { InvariantError } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { AdminServer } from '#node/admin/admin.ts';
import type { BootstrapRecord, PeerHint } from '#node/admin/handler.ts';
import { logMemberEvents } from '#node/admin/event-log.ts';
import { MemberAdmin, type NodeFacts, roleOf } from '#node/admin/member-admin.ts';
import { ProbeServer } from '#node/admin/probes.ts';
import { processFacts } from '#node/admin/process-facts.ts';
import { Metrics } from '#node/admin/registry.ts';
import { sampleOf } from '#node/admin/sample.ts';
import type { MetricsSample } from '#node/admin/metrics.ts';
import { CommandIndex } from '#node/commands/command-index.ts';
import { admittedCommands } from '#node/commands/table.ts';
import type { Options } from '#node/config/options.ts';
import { type Identity, openIdentity } from '#node/log/identity.ts';
import type { Log } from '#node/log/log.ts';
import { ClientListener } from '#node/net/clients.ts';
import type { PeerIdentity } from '#node/net/hello.ts';
import { clusterIdOf } from '#node/net/identity.ts';
import { TlsFiles } from '#node/net/tls-files.ts';
import { NO_PULSE } from '#node/raft/options.ts';
import { COMMAND_DURATION_BOUNDS_SECONDS } from '#node/session/statistics.ts';
import { Member } from '#node/shard/member.ts';
import { memberOptionsOf, raftOptionsOf } from '#node/shard/configure.ts';
import type { MemberOptions } from '#node/shard/options.ts';
import { Neighbours } from './neighbours.ts';
import { type OpenedStorage, Storage } from './storage.ts';

const TICK_MS = 10;
/** Time for an answer to leave before the process ends. */
const FAREWELL_MS = 100;

const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** The member was removed from its shard; not a fault, but it has to start again. */
class SetAsideError extends Error {
  readonly code = 'SET_ASIDE';

  constructor(memberId: string) {
    super(
      `the shard goes on without ${memberId}: its log is set aside, and this disk starts anew under another memberId`,
    );
  }
}

/** What ends the process from outside the flow of calls. */
export type Fatal = (error: unknown, what: string) => never;

export class Node implements NodeFacts {
  readonly name: string;
  readonly memberId: string;
  readonly shard: string;
  readonly kind: 'data' | 'log';
  readonly version: string;
  readonly maxmemoryBytes: number;
  readonly handOverTimeoutMs: number;
  member: Member | null = null;
  readonly #options: Options;
  readonly #log: Logger;
  readonly #fatal: Fatal;
  readonly #storage: Storage;
  readonly #identity: Identity<BootstrapRecord, PeerHint>;
  readonly #clientTls: TlsFiles | null;
  readonly #peerTls: TlsFiles | null;
  readonly #clusterId: string;
  readonly #neighbours: Neighbours;
  readonly #admin: AdminServer;
  readonly #probes: ProbeServer;
  readonly #commands: CommandIndex;
  readonly #runId = randomBytes(20).toString('hex');
  #clients: ClientListener | null = null;
  #turnScheduled = false;
  #reactionScheduled = false;
  #stopping = false;

  constructor(options: Options, log: Logger, version: string, fatal: Fatal) {
    this.#fatal = fatal;
    this.#options = options;
    this.#commands = new CommandIndex(admittedCommands(options.enableTestCommands === 'yes'));
    this.#log = log;
    this.version = version;
    this.name = options.member;
    this.shard = options.shard;
    this.kind = options.kind;
    this.maxmemoryBytes = options.maxmemory;
    this.handOverTimeoutMs = options.handOverTimeoutMs;
    this.#storage = new Storage(options, log, clock, {
      persisted: (seq) => this.member?.persisted(seq),
      failed: (error) => fatal(error, 'a write to the log failed'),
    });
    this.#identity = openIdentity<BootstrapRecord, PeerHint>(options.dataDir);
    this.memberId = this.#identity.memberId;
    this.#clientTls = this.#tlsFiles(options.clientTlsDir);
    this.#peerTls = this.#tlsFiles(options.peerTlsDir);
    const peerTls = this.#peerTls;
    const ownCluster = peerTls === null ? '' : clusterIdOf(peerTls.current.cert);
    this.#clusterId = this.record?.clusterId ?? ownCluster;
    this.#neighbours = new Neighbours({
      self: this.#self(),
      options,
      tls: peerTls,
      clientTls: this.#clientTls !== null,
      log,
      frame: (from, frameType, payload) => this.#frame(from, frameType, payload),
    });
    this.#admin = new AdminServer(
      {
        host: options.adminHost,
        port: options.adminPort,
        clusterId: this.#clusterId,
        tls: this.#peerTls,
      },
      new MemberAdmin(this),
    );
    const metrics = new Metrics(
      { sample: () => this.#sample() },
      {
        labels: {
          memorycluster: options.cluster,
          namespace: options.namespace,
          shard: options.shard,
          member: options.member,
        },
      },
    );
    this.#probes = new ProbeServer(
      {
        host: options.metricsHost,
        port: options.metricsPort,
        livenessSilenceMs: options.livenessSilenceMs,
        onError: (error) => fatal(error, 'the probe thread died'),
      },
      { ready: () => this.#readiness(), metrics: () => metrics.text() },
    );
  }

  // NodeFacts

  get record(): BootstrapRecord | null {
    return this.#identity.record;
  }

  get ready(): boolean {
    return this.#readiness().ready;
  }

  get everFormed(): boolean {
    return this.#identity.everFormed;
  }

  get disk(): NodeFacts['disk'] {
    return this.#storage.space;
  }

  get certificates(): NodeFacts['certificates'] {
    const when = (files: TlsFiles | null): string =>
      files === null ? '' : new Date(files.current.notAfterMs).toISOString();
    return { clientNotAfter: when(this.#clientTls), peerNotAfter: when(this.#peerTls) };
  }

  get quorum(): boolean {
    const { member } = this;
    if (member === null) return false;
    const now = clock.monotonicMs();
    if (member.raft.role === 'leader') return member.raft.leaseValid(now);
    const heardMs = Math.max(member.leaderContactMs, member.pulseHeardMs);
    return now - heardMs < this.#options.electionTimeoutMs * 2;
  }

  monotonicMs(): number {
    return clock.monotonicMs();
  }

  /** For one of the first voters and for one that joins: the record says which. */
  async form(record: BootstrapRecord): Promise<void> {
    // the log first: a record without a log then means a log that was lost
    const opened = await this.#storage.open();
    this.#identity.form(record);
    this.#log.info({ clusterId: record.clusterId, shard: record.shard }, 'shard formed');
    await this.#startMember(record, opened);
  }

  nameOf(memberId: string): string {
    return this.#neighbours.nameOf(memberId);
  }

  setAside(): void {
    this.#identity.setAside();
    // nothing more is done under the old memberId; the next start has a new one
    this.member = null;
    setTimeout(() => this.#fatal(new SetAsideError(this.memberId), 'starting anew'), FAREWELL_MS);
  }

  keepPeers(peers: readonly PeerHint[]): Promise<void> {
    this.#identity.keepPeers(peers);
    this.#neighbours.use(peers);
    return Promise.resolve();
  }

  // Life

  async start(): Promise<void> {
    await this.#probes.start();
    await this.#neighbours.listen();
    this.#clientTls?.start();
    this.#peerTls?.start();
    // a bootstrap that arrives from here on starts the member itself
    const { record } = this;
    await this.#admin.listen();
    this.#log.info({ memberId: this.memberId, formed: record !== null }, 'node started');
    if (record !== null) await this.#startMember(record, await this.#storage.reopen());
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** SIGTERM: hand over, say goodbye by redirects, close, sync. */
  async stop(signal: string): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#log.info({ signal }, 'stopping');
    const { member } = this;
    if (member?.state === 'primary' && member.raft.membership.voters.length > 1) {
      const result = await member.handOver({
        configIndex: member.raft.configIndex,
        term: member.raft.term,
        target: '',
        timeoutMs: this.#options.handOverTimeoutMs,
      });
      this.#log.info({ result }, 'handed over');
    }
    if ((member?.host.sessions.size ?? 0) > 0) await delay(this.#options.farewellMs);
    await this.#clients?.close();
    await this.#neighbours.close();
    await this.#storage.close();
    this.#identity.close();
  }

  async #startMember(
    record: BootstrapRecord,
    { log, snapshots, recovered }: OpenedStorage,
  ): Promise<void> {
    const options = this.#options;
    const voters = record.voters.map(({ memberId }) => memberId);
    const { logMembers } = this.#neighbours.formed(record, this.#identity.peers);
    const member = new Member(
      this.#memberOptions(record, log, logMembers),
      {
        clock,
        disk: log,
        snapshots,
        peers: this.#neighbours.links,
        events: logMemberEvents(this.#log),
        pulse: this.#neighbours.pulse.command,
        wake: () => this.#wake(),
        wakeAtOnce: () => this.#wakeAtOnce(),
      },
      recovered({ voters, learners: [] }),
    );
    this.member = member;
    if (this.kind === 'log') return;
    this.#clients = new ClientListener(
      {
        listener: 'client',
        host: options.clientHost,
        port: options.clientPort,
        tls: this.#clientTls,
        clientAuth: options.clientAuth,
        maxConnections: options.maxConnections,
        keepAliveSeconds: options.tcpKeepaliveSeconds,
      },
      member.host,
    );
    const port = await this.#clients.listen();
    this.#log.info({ port, tls: this.#clientTls !== null }, 'listening for clients');
  }

  #tick(): void {
    const { member } = this;
    if (member === null) return;
    const now = clock.monotonicMs();
    member.tick();
    this.#neighbours.tick(member.raft, now);
  }

  #wake(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(turn, this);
  }

  /** @internal called by {@link turn}. */
  turn(): void {
    this.#turnScheduled = false;
    this.member?.turn();
  }

  #wakeAtOnce(): void {
    if (this.#reactionScheduled) return;
    this.#reactionScheduled = true;
    process.nextTick(react, this);
  }

  /** @internal called by {@link react}. */
  react(): void {
    this.#reactionScheduled = false;
    this.member?.react();
  }

  #frame(from: string, frameType: number, payload: Uint8Array): void {
    try {
      this.member?.receive(from, frameType, payload);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      this.#log.error({ memberId: from, frameType, reason: (error as Error).message }, 'bad frame');
    }
  }

  #readiness(): { ready: boolean; reason: string } {
    const { member } = this;
    if (this.#stopping) return { ready: false, reason: 'stopping' };
    if (member === null) return { ready: false, reason: 'belongs to no shard yet' };
    if (!member.raft.membership.voters.includes(this.memberId)) {
      return { ready: false, reason: 'not a voter' };
    }
    if (!this.#storage.space.healthy) return { ready: false, reason: 'the disk is full' };
    if (!member.caughtUpOnce) return { ready: false, reason: 'catching up' };
    return { ready: true, reason: '' };
  }

  #self(): PeerIdentity {
    const options = this.#options;
    return {
      clusterId: this.#clusterId,
      shard: this.shard,
      memberId: this.memberId,
      name: this.name,
      kind: this.kind,
      host: options.advertiseHost === '' ? '127.0.0.1' : options.advertiseHost,
      peerPort: options.peerPort,
      clientPort: options.clientPort,
      pulsePort: options.pulsePort,
      link: 'peer',
    };
  }

  #memberOptions(
    record: BootstrapRecord,
    log: Log,
    logMembers: ReadonlySet<string>,
  ): MemberOptions {
    const options = this.#options;
    const life = [record.clusterId, record.shard, record.createdAt].join('/');
    const seed = createHash('sha256').update(life).digest();
    return {
      ...memberOptionsOf(options, log.maxPayloadBytes),
      identity: {
        clusterId: record.clusterId,
        cluster: options.cluster,
        shard: record.shard,
        name: this.name,
        memberId: this.memberId,
        kind: this.kind,
        logMembers,
        slots: record.slots,
        version: this.version,
      },
      raft: {
        ...raftOptionsOf(options),
        id: this.memberId,
        random: new Prng(randomInt(2 ** 32)),
        reader: log,
        freeBytes: () => log.freeBytes,
        votePort: NO_PULSE,
      },
      hashSeed: [seed.readUInt32LE(0), seed.readUInt32LE(4)],
      commands: this.#commands,
      ...(options.enableTestCommands === 'yes' ? { stall } : {}),
      map: this.#neighbours.map,
      process: () =>
        processFacts(this.#runId, options, this.#clients?.stats ?? { accepted: 0, rejected: 0 }),
    };
  }

  #sample(): MetricsSample {
    const options = this.#options;
    const { member } = this;
    const seconds = (files: TlsFiles | null): number => (files?.current.notAfterMs ?? 0) / 1000;
    return sampleOf({
      member,
      commands: this.#commands,
      durationBoundsSeconds: COMMAND_DURATION_BOUNDS_SECONDS,
      role: roleOf(member, this.kind),
      info: {
        version: this.version,
        engine: options.engine,
        engine_version: options.engineVersion,
        kind: this.kind,
      },
      clients: this.#clients?.stats ?? null,
      log: this.#storage.log?.statistics ?? null,
      diskFreeBytes: this.#storage.log?.diskFreeBytes ?? 0,
      syncDurations: this.#storage.syncDurations,
      maxmemoryBytes: options.maxmemory,
      linkStates: this.#neighbours.links.linkStates(),
      pulseStates: this.#neighbours.pulse.linkStates(),
      droppedFrames: this.#neighbours.links.droppedFrames,
      loopLagSeconds: this.#probes.takeLoopLagSeconds(),
      notAfterSeconds: { client: seconds(this.#clientTls), peer: seconds(this.#peerTls) },
      nowMs: clock.monotonicMs(),
      nameOf: (memberId) => this.nameOf(memberId) || memberId,
    });
  }

  #tlsFiles(directory: string): TlsFiles | null {
    if (directory === '') return null;
    return new TlsFiles({
      directory,
      reloadMs: this.#options.tlsReloadMs,
      onError: (error) => this.#log.error({ directory, reason: error.message }, 'bad TLS files'),
    });
  }
}

/** Stops this thread, as one slow command would. */
function stall(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

function turn(node: Node): void {
  node.turn();
}

function react(node: Node): void {
  node.react();
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
