/**
 * A cluster of processes on this machine: kubelet (starts members, starts them again when they die) and, with
 * `steering.ts`, operator (certificates, bootstrap record, peers, users, members with a new disk) in one. Used by
 * `holdfast local`, the quick start, the crash tests and the benchmarks.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from '#node/config/options.ts';
import { NodeClient } from '#operator/nodeclient/client.ts';
import type { HandOverResult, KeyspaceDigest, MemberStatus } from '#operator/nodeclient/wire.ts';
import { clusterMembers, type Member } from '#operator/topology/members.ts';
import { ensureCertificates } from './certificates.ts';
import type { ClusterDefinition } from './definition.ts';
import { type ClusterFiles, clusterFiles, writeFile } from './files.ts';
import { primaryAmong } from './formation.ts';
import { memberCommand } from './member-arguments.ts';
import { LOOPBACK, type MemberPorts } from './ports.ts';
import { type ClusterState, loadState, saveState } from './state.ts';
import { ForeignDiskError, Steering, type SteeringEvent } from './steering.ts';
import { type ProcessEvent, SupervisedProcess } from './supervisor.ts';

/** Until the next look at members while something is missing, and when all is well. */
const LOOK_AGAIN_MS = 50;
const WATCH_MS = 500;
/** Written by a node at its first start, before anything else. */
const IDENTITY_FILE = 'identity.json';
const RENEWAL_CHECK_MS = 12 * 3_600_000;

export interface LocalClusterOptions {
  readonly definition: ClusterDefinition;
  /** DIR: the cluster's files are in a folder of its name inside. Made when missing, never deleted. */
  readonly directory: string;
  /** Client port of the first data member; 0: any free; absent: as before, else spec.port. */
  readonly basePort?: number;
  /** How long members may take until they are ready; default 60000. */
  readonly readyWithinMs?: number;
  /** Options of the node beyond what the manifest says. */
  readonly nodeOptions?: Partial<Options>;
  /** The host by which member `from` finds another, `to`: for tests with a network of their own in between. */
  readonly hostFor?: (from: string, to: string) => string;
  readonly onEvent?: (event: ClusterEvent) => void;
}

export type ClusterEvent =
  | ProcessEvent
  | SteeringEvent
  /** A running member's data directory is gone: its process is ended, and starts with an empty one. */
  | { readonly type: 'disk-gone'; readonly name: string }
  | { readonly type: 'waiting'; readonly why: string };

/** A member and where it listens. */
export interface LocalMember extends Member {
  readonly ports: MemberPorts;
  readonly logFile: string;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

interface Running {
  readonly member: LocalMember;
  readonly process: SupervisedProcess;
  readonly client: NodeClient;
  /** The process that was last seen to have an identity on its disk. */
  readonly seen: { pid: number | null };
}

/** The cluster cannot be started, or not in time. */
export class LocalClusterError extends Error {
  override readonly name = 'LocalClusterError';
  readonly code: 'NOT_READY' | 'FOREIGN_DISK';

  constructor(code: 'NOT_READY' | 'FOREIGN_DISK', message: string) {
    super(message);
    this.code = code;
  }
}

export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #files: ClusterFiles;
  readonly #running = new Map<string, Running>();
  #state: ClusterState | null = null;
  #steering: Steering | null = null;
  #ca: string | null = null;
  #renewal: NodeJS.Timeout | null = null;
  #watch: NodeJS.Timeout | null = null;
  /** The last look at the members; one is over before the next begins. */
  #looking: Promise<unknown> = Promise.resolve();
  #stopping = false;

  constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.#files = clusterFiles(options.directory, options.definition.name);
  }

  get name(): string {
    return this.#options.definition.name;
  }

  /** Where clients connect: the data members, in order. Empty before {@link start}. */
  get endpoints(): Endpoint[] {
    return this.members()
      .filter(({ kind }) => kind === 'data')
      .map(({ ports }) => ({ host: LOOPBACK, port: ports.client }));
  }

  /** PEM of the CA that clients must trust; null without TLS. */
  get ca(): string | null {
    return this.#ca;
  }

  /** The file that holds {@link ca}. */
  get caFile(): string {
    return this.#files.caForClients;
  }

  members(): LocalMember[] {
    return [...this.#running.values()].map(({ member }) => member);
  }

  /** Starts all members and resolves when every slot is served, by members that know their users. */
  async start(): Promise<void> {
    const { definition, nodeOptions = {}, onEvent } = this.#options;
    const planned = clusterMembers(definition.name, definition.spec);
    const { basePort = null } = this.#options;
    const state = await loadState(this.#files, planned, basePort, definition.spec.port);
    saveState(this.#files, state);
    this.#state = state;
    const { encryptionKey } = definition;
    if (encryptionKey !== null) writeFile(this.#files.encryptionKey, encryptionKey, 0o600);
    const certificates = await this.#ensureCertificates();
    for (const plan of planned) {
      const logFile = this.#files.member(plan.name).log;
      const member = { ...plan, ports: state.ports[plan.name], logFile };
      const process = new SupervisedProcess({
        name: plan.name,
        ...memberCommand(definition, member, this.#files, nodeOptions),
        logFile,
        ...(onEvent === undefined ? {} : { onEvent }),
      });
      const client = new NodeClient({
        host: LOOPBACK,
        port: member.ports.admin,
        clusterId: state.clusterId,
        tls: {
          cert: certificates.operator.certificate,
          key: certificates.operator.key,
          ca: certificates.peerCa,
        },
      });
      this.#running.set(plan.name, { member, process, client, seen: { pid: null } });
      process.start();
    }
    this.#steering = new Steering({
      definition,
      files: this.#files,
      state,
      members: this.#running,
      hostFor: this.#options.hostFor ?? (() => LOOPBACK),
      onEvent: (event) => onEvent?.(event),
    });
    this.#renewal = setInterval(() => {
      this.#ensureCertificates().catch((error: unknown) =>
        onEvent?.({ type: 'waiting', why: `certificates are not renewed: ${String(error)}` }),
      );
    }, RENEWAL_CHECK_MS);
    this.#renewal.unref();
    await this.ready();
    this.#watchLater();
  }

  /** Stops all members gracefully and resolves when the last is gone. Data and ports are kept. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#renewal !== null) clearInterval(this.#renewal);
    if (this.#watch !== null) clearTimeout(this.#watch);
    const running = [...this.#running.values()];
    await Promise.all(running.map(({ process }) => process.stop()));
    await this.#looking;
    for (const { client } of running) client.close();
  }

  /** Sends a signal to a member's process; it is restarted when that ends it. False: it is not running. */
  kill(name: string, signal: NodeJS.Signals): boolean {
    return this.#member(name).process.kill(signal);
  }

  /** How often a member has been started again. */
  restartsOf(name: string): number {
    return this.#member(name).process.restarts;
  }

  /** Rejects with a NodeClientError when the member does not answer. */
  async statusOf(name: string): Promise<MemberStatus> {
    return await this.#member(name).client.status();
  }

  async digestOf(name: string): Promise<KeyspaceDigest> {
    return await this.#member(name).client.digest();
  }

  /** The name of the member that serves a shard's writes now; null when none does. */
  async primaryOf(shard: string): Promise<string | null> {
    return primaryAmong((await this.#steering?.observe(shard)) ?? []);
  }

  /** Asks the primary of a shard to hand over to whom it chooses; resolves when another leads. */
  async handOver(shard: string): Promise<HandOverResult> {
    const observed = (await this.#steering?.observe(shard)) ?? [];
    const primary = primaryAmong(observed);
    const status = observed.find(({ name }) => name === primary)?.status;
    if (primary === null || !status) throw new Error(`shard ${shard} has no primary now`);
    const { configIndex, term } = status;
    return await this.#member(primary).client.handOver({ configIndex, term });
  }

  /** Resolves when every member is ready again and votes; rejects when that takes too long. */
  async ready(): Promise<void> {
    const { readyWithinMs = 60_000, onEvent } = this.#options;
    const deadlineMs = performance.now() + readyWithinMs;
    for (;;) {
      const waiting = (await this.#look()).join('; ');
      if (waiting === '' || this.#stopping) return;
      onEvent?.({ type: 'waiting', why: waiting });
      if (performance.now() > deadlineMs) {
        const message = `not ready after ${readyWithinMs} ms: ${waiting}; see ${this.#files.root}/*/node.log`;
        throw new LocalClusterError('NOT_READY', message);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  /** Looks after the members for as long as the cluster runs. */
  #watchLater(delayMs = WATCH_MS): void {
    if (this.#stopping) return;
    this.#watch = setTimeout(() => void this.#watchNow(), delayMs);
  }

  async #watchNow(): Promise<void> {
    let waiting: string;
    try {
      waiting = (await this.#look()).join('; ');
    } catch (error) {
      waiting = error instanceof Error ? error.message : String(error);
    }
    if (waiting !== '') this.#options.onEvent?.({ type: 'waiting', why: waiting });
    this.#watchLater(waiting === '' ? WATCH_MS : LOOK_AGAIN_MS);
  }

  /** One step for every shard; what is missing. Two callers take turns. */
  #look(): Promise<string[]> {
    const look = this.#looking.then(() => this.#lookNow());
    this.#looking = look.catch(() => undefined);
    return look;
  }

  async #lookNow(): Promise<string[]> {
    if (this.#stopping || this.#steering === null) return [];
    await this.#replaceLostFiles();
    try {
      return await this.#steering.advance();
    } catch (error) {
      if (!(error instanceof ForeignDiskError)) throw error;
      throw new LocalClusterError('FOREIGN_DISK', error.message);
    }
  }

  /** A process goes on in a directory that was deleted, and would find out at a bad moment. */
  async #replaceLostFiles(): Promise<void> {
    for (const [name, { process, seen }] of this.#running) {
      const { data, peerTls } = this.#files.member(name);
      if (!existsSync(join(peerTls, 'tls.crt'))) await this.#ensureCertificates();
      if (seen.pid !== process.pid || process.pid === null) {
        seen.pid = existsSync(join(data, IDENTITY_FILE)) ? process.pid : null;
      } else if (!existsSync(join(data, IDENTITY_FILE)) && process.kill('SIGKILL')) {
        seen.pid = null;
        this.#options.onEvent?.({ type: 'disk-gone', name });
      }
    }
  }

  #member(name: string): Running {
    const found = this.#running.get(name);
    if (found === undefined) throw new Error(`cluster ${this.name} has no member ${name}`);
    return found;
  }

  async #ensureCertificates(): ReturnType<typeof ensureCertificates> {
    const { definition } = this.#options;
    const certificates = await ensureCertificates({
      files: this.#files,
      cluster: definition.name,
      clusterId: this.#known().clusterId,
      members: clusterMembers(definition.name, definition.spec).map(({ name }) => name),
      tlsEnabled: definition.spec.tlsEnabled,
      extraNames: definition.spec.tls.extraNames,
      given: definition.clientCertificate,
      nowMs: Date.now(),
    });
    this.#ca = certificates.clientCa;
    return certificates;
  }

  #known(): ClusterState {
    if (this.#state === null) throw new Error(`cluster ${this.name} is not started`);
    return this.#state;
  }
}
