/**
 * The node: wires the pure member to log, sockets and admin API. Nothing is decided here.
 *
 * A disk starts unformed: it has a memberId, answers the admin API, and waits for the bootstrap record of its
 * shard. From then on the member runs for as long as the process does.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { Clock } from '#base/clock.ts';
import { InvariantError } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { AdminServer } from '#node/admin/admin.ts';
import type { BootstrapRecord, PeerHint } from '#node/admin/handler.ts';
import { Histogram } from '#node/admin/histogram.ts';
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
import { type KeyRing, NO_KEYS } from '#node/log/cipher.ts';
import { type Identity, openIdentity } from '#node/log/identity.ts';
import { readKeyFile } from '#node/log/key-file.ts';
import type { Log } from '#node/log/log.ts';
import { openLog, reserveFor } from '#node/log/open.ts';
import { openSnapshots, type SnapshotDirectory } from '#node/log/snapshot-files.ts';
import { ClientListener } from '#node/net/clients.ts';
import type { PeerIdentity } from '#node/net/hello.ts';
import { clusterIdOf } from '#node/net/identity.ts';
import { TlsFiles } from '#node/net/tls-files.ts';
import { COMMAND_DURATION_BOUNDS_SECONDS } from '#node/session/statistics.ts';
import { Member } from '#node/shard/member.ts';
import { memberOptionsOf, raftOptionsOf } from '#node/shard/configure.ts';
import type { MemberOptions } from '#node/shard/options.ts';
import { Neighbours } from './neighbours.ts';

const TICK_MS = 10;

const clock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** The disk belongs to a shard, but its log is gone. */
class LogLostError extends Error {
  readonly code = 'LOG_LOST';

  constructor(directory: string) {
    super(
      `this disk belongs to a shard, but ${directory} is missing: what this member acknowledged is lost, and it` +
        ' must not vote again under its memberId. Empty the whole data directory to make it a new member.',
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
  readonly #keys: KeyRing;
  readonly #identity: Identity<BootstrapRecord, PeerHint>;
  readonly #clientTls: TlsFiles | null;
  readonly #peerTls: TlsFiles | null;
  readonly #clusterId: string;
  readonly #neighbours: Neighbours;
  readonly #admin: AdminServer;
  readonly #probes: ProbeServer;
  readonly #syncDurations = new Histogram();
  readonly #commands: CommandIndex;
  readonly #runId = randomBytes(20).toString('hex');
  #disk: Log | null = null;
  #snapshots: SnapshotDirectory | null = null;
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
    const { encryptionKeyFile } = options;
    this.#keys = encryptionKeyFile === '' ? NO_KEYS : readKeyFile(encryptionKeyFile);
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

  get #logDirectory(): string {
    return join(this.#options.dataDir, 'log');
  }

  get ready(): boolean {
    return this.#readiness().ready;
  }

  get everFormed(): boolean {
    return this.#identity.everFormed;
  }

  get disk(): NodeFacts['disk'] {
    const log = this.#disk;
    if (log !== null) {
      return { healthy: !log.full, freeBytes: log.diskFreeBytes, totalBytes: log.totalBytes };
    }
    const { bavail, blocks, bsize } = statfsSync(this.#options.dataDir);
    return { healthy: true, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
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
    return now - member.leaderContactMs < this.#options.electionTimeoutMs * 2;
  }

  monotonicMs(): number {
    return clock.monotonicMs();
  }

  async form(record: BootstrapRecord): Promise<void> {
    // the log first: a record without a log then means a log that was lost
    const opened = this.#openLog();
    this.#identity.form(record);
    this.#log.info({ clusterId: record.clusterId, shard: record.shard }, 'shard formed');
    await this.#startMember(record, opened);
  }

  keepPeers(peers: readonly PeerHint[]): Promise<void> {
    this.#identity.keepPeers(peers);
    this.#neighbours.use(peers);
    return Promise.resolve();
  }

  // Life

  async start(): Promise<void> {
    await this.#probes.start();
    await this.#neighbours.links.listen();
    this.#clientTls?.start();
    this.#peerTls?.start();
    // a bootstrap that arrives from here on starts the member itself
    const { record } = this;
    await this.#admin.listen();
    this.#log.info({ memberId: this.memberId, formed: record !== null }, 'node started');
    if (record !== null) {
      if (!existsSync(this.#logDirectory)) throw new LogLostError(this.#logDirectory);
      await this.#startMember(record, this.#openLog());
    }
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
    this.#neighbours.links.close();
    await this.#snapshots?.close();
    await this.#disk?.close();
    this.#identity.close();
  }

  #openLog(): ReturnType<typeof openLog> {
    const keys = this.#keys;
    const snapshots = openSnapshots({
      directory: join(this.#options.dataDir, 'snapshots'),
      keys,
      reserveBytes: reserveFor(this.#options.segmentBytes),
      onError: (error) => this.#log.warn({ reason: error.message }, 'a snapshot was not removed'),
    });
    const opened = openLog({
      directory: this.#logDirectory,
      keys,
      snapshots,
      segmentBytes: this.#options.segmentBytes,
      clock,
      onPersisted: (seq) => this.member?.persisted(seq),
      onFailed: (error) => this.#fatal(error, 'a write to the log failed'),
      onFull: (full) => this.#log.warn({ full }, 'log disk full'),
      onSync: (durationMs) => this.#syncDurations.observe(durationMs / 1000),
    });
    for (const { error } of snapshots.damaged) {
      this.#log.error({ file: error.file, reason: error.message }, 'a snapshot is damaged');
    }
    this.#snapshots = snapshots;
    this.#disk = opened.log;
    return opened;
  }

  async #startMember(
    record: BootstrapRecord,
    { log, recovered }: ReturnType<typeof openLog>,
  ): Promise<void> {
    const options = this.#options;
    const voters = record.voters.map(({ memberId }) => memberId);
    const member = new Member(
      this.#memberOptions(record, log),
      {
        clock,
        disk: log,
        peers: this.#neighbours.links,
        events: logMemberEvents(this.#log),
        wake: () => this.#wake(),
        wakeAtOnce: () => this.#wakeAtOnce(),
      },
      { ...recovered, membership: { voters, learners: [] } },
    );
    this.member = member;
    this.#neighbours.formed(record, this.#identity.peers);
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
    if (this.#disk?.full === true) return { ready: false, reason: 'the disk is full' };
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
    };
  }

  #memberOptions(record: BootstrapRecord, log: Log): MemberOptions {
    const options = this.#options;
    const logMembers = record.voters.filter(({ kind }) => kind === 'log');
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
        logMembers: new Set(logMembers.map(({ memberId }) => memberId)),
        slots: record.slots,
        version: this.version,
      },
      raft: {
        ...raftOptionsOf(options),
        id: this.memberId,
        random: new Prng(randomInt(2 ** 32)),
        reader: log,
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
    const { member, record } = this;
    const names = new Map(record?.voters.map(({ memberId, name }) => [memberId, name]));
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
      log: this.#disk?.statistics ?? null,
      diskFreeBytes: this.#disk?.diskFreeBytes ?? 0,
      syncDurations: this.#syncDurations,
      maxmemoryBytes: options.maxmemory,
      linkStates: this.#neighbours.links.linkStates(),
      droppedFrames: this.#neighbours.links.droppedFrames,
      loopLagSeconds: this.#probes.takeLoopLagSeconds(),
      notAfterSeconds: { client: seconds(this.#clientTls), peer: seconds(this.#peerTls) },
      nowMs: clock.monotonicMs(),
      nameOf: (memberId) => names.get(memberId) ?? memberId,
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
