/**
 * A cluster of processes on this machine: kubelet (starts members, starts them again when they die) and
 * operator (certificates, bootstrap record, peers, users) in one. Used by `holdfast local`, the quick
 * start, the crash tests and the benchmarks.
 *
 * Invariant: what the operator would not do by itself, this does not do either: a shard is formed once,
 * from empty disks that all answered.
 */
import type { Options } from '#node/config/options.ts';
import { unreachable } from '#base/invariant.ts';
import { NodeClient } from '#operator/nodeclient/client.ts';
import { NodeClientError } from '#operator/nodeclient/errors.ts';
import type {
  BootstrapRecord,
  KeyspaceDigest,
  MemberStatus,
  PeerHint,
} from '#operator/nodeclient/wire.ts';
import {
  clusterMembers,
  type Member,
  shardNames,
  shardNumber,
} from '#operator/topology/members.ts';
import { equalSlotRanges } from '#operator/topology/slots.ts';
import { ensureCertificates } from './certificates.ts';
import type { ClusterDefinition } from './definition.ts';
import { type ClusterFiles, clusterFiles, createFile, readJson } from './files.ts';
import { type FormationStep, nextStep, type Observation, primaryAmong } from './formation.ts';
import { memberCommand } from './member-arguments.ts';
import { LOOPBACK, type MemberPorts } from './ports.ts';
import { type ClusterState, loadState, nextSettings, saveState } from './state.ts';
import { type ProcessEvent, SupervisedProcess } from './supervisor.ts';

const LOOK_AGAIN_MS = 50;
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
  | { readonly type: 'formed'; readonly shard: string }
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
  #running = new Map<string, Running>();
  #state: ClusterState | null = null;
  #ca: string | null = null;
  #renewal: NodeJS.Timeout | null = null;
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
      this.#running.set(plan.name, { member, process, client });
      process.start();
    }
    this.#renewal = setInterval(() => {
      this.#ensureCertificates().catch((error: unknown) =>
        onEvent?.({ type: 'waiting', why: `certificates are not renewed: ${String(error)}` }),
      );
    }, RENEWAL_CHECK_MS);
    this.#renewal.unref();
    await this.#becomeReady();
  }

  /** Stops all members gracefully and resolves when the last is gone. Data and ports are kept. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#renewal !== null) clearInterval(this.#renewal);
    const running = [...this.#running.values()];
    await Promise.all(running.map(({ process }) => process.stop()));
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
    return primaryAmong(await this.#observe(shard));
  }

  /** Resolves when every member is ready again; rejects when that takes too long. */
  async ready(): Promise<void> {
    await this.#becomeReady();
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

  async #observe(shard: string): Promise<Observation[]> {
    const members = [...this.#running.values()].filter(({ member }) => member.shard === shard);
    return await Promise.all(
      members.map(async ({ member, client }) => {
        const status = await client.status().catch((error: unknown) => {
          if (error instanceof NodeClientError) return null;
          throw error;
        });
        return { name: member.name, status };
      }),
    );
  }

  /** Does one step after another for every shard until all say ready. */
  async #becomeReady(): Promise<void> {
    const { readyWithinMs = 60_000, onEvent } = this.#options;
    const deadlineMs = performance.now() + readyWithinMs;
    const introduced = new Map<string, string>();
    for (;;) {
      const shards = shardNames(this.#options.definition.spec.numShards);
      const missing = await Promise.all(shards.map((shard) => this.#advance(shard, introduced)));
      const waiting = missing.flatMap((why, at) => (why === null ? [] : [`${shards[at]} ${why}`]));
      if (waiting.length === 0 || this.#stopping) return;
      onEvent?.({ type: 'waiting', why: waiting.join('; ') });
      if (performance.now() > deadlineMs) {
        throw new LocalClusterError(
          'NOT_READY',
          `not ready after ${readyWithinMs} ms: ${waiting.join('; ')}; see ${this.#files.root}/*/node.log`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  /** One look at a shard and what follows from it; null when it is ready, else what is missing. */
  async #advance(shard: string, introduced: Map<string, string>): Promise<string | null> {
    const observed = await this.#observe(shard);
    const record = this.#record(shard);
    const step = nextStep(observed, record, this.#settingsRevision());
    try {
      return await this.#perform(shard, step, observed, introduced);
    } catch (error) {
      // whoever did not answer now will be asked again
      if (error instanceof NodeClientError) return error.message;
      throw error;
    }
  }

  async #perform(
    shard: string,
    step: FormationStep,
    observed: readonly Observation[],
    introduced: Map<string, string>,
  ): Promise<string | null> {
    switch (step.type) {
      case 'wait':
        await this.#introduce(observed, introduced);
        return step.why;
      case 'refuse':
        throw new LocalClusterError('FOREIGN_DISK', `shard ${shard}: ${step.why}`);
      case 'record':
        this.#decide(shard, step.memberIds);
        return 'is being formed';
      case 'bootstrap':
        for (const name of step.names) {
          await this.#member(name).client.bootstrap(step.record);
        }
        this.#options.onEvent?.({ type: 'formed', shard });
        return 'is formed';
      case 'settings':
        await this.#giveSettings(step.primary);
        return 'members learn their users';
      case 'ready':
        await this.#introduce(observed, introduced);
        return null;
      default:
        return unreachable(step);
    }
  }

  #settingsRevision(): number {
    const state = this.#known();
    const { users, spec } = this.#options.definition;
    const content = { users, parameters: spec.parameters };
    const settings = nextSettings(state.settings, content);
    if (settings !== state.settings) {
      this.#state = { ...state, settings };
      saveState(this.#files, this.#state);
    }
    return settings.revision;
  }

  #record(shard: string): BootstrapRecord | null {
    return readJson(this.#files.identity(shard)) as BootstrapRecord | null;
  }

  /** Whoever creates the file first has decided; it is read again in the next step. */
  #decide(shard: string, memberIds: ReadonlyMap<string, string>): void {
    const voters = [...memberIds].map(([name, memberId]) => {
      const { kind, ports } = this.#member(name).member;
      return { name, memberId, kind, host: LOOPBACK, peerPort: ports.peer };
    });
    const record: BootstrapRecord = {
      clusterId: this.#known().clusterId,
      shard,
      createdAt: new Date().toISOString(),
      voters,
      slots: [equalSlotRanges(this.#options.definition.spec.numShards)[shardNumber(shard) - 1]],
    };
    createFile(this.#files.identity(shard), `${JSON.stringify(record, null, 2)}\n`);
  }

  /**
   * Tells members where the others are: at every start, because ports may differ from the last run's, and
   * again when more is known. `introduced` remembers what each was told.
   */
  async #introduce(
    observed: readonly Observation[],
    introduced: Map<string, string>,
  ): Promise<void> {
    const memberIds = new Map<string, string>();
    for (const shard of shardNames(this.#options.definition.spec.numShards)) {
      for (const { name, memberId } of this.#record(shard)?.voters ?? [])
        memberIds.set(name, memberId);
    }
    const { hostFor = () => LOOPBACK } = this.#options;
    for (const { name, status } of observed) {
      const hints = this.members().map((to): PeerHint => {
        const { shard, kind, ports } = to;
        const memberId = memberIds.get(to.name);
        const address = {
          host: to.name === name ? LOOPBACK : hostFor(name, to.name),
          peerPort: ports.peer,
          clientPort: ports.client,
        };
        const known = memberId === undefined ? {} : { memberId };
        return { name: to.name, shard, kind, ...address, ...known };
      });
      const content = JSON.stringify(hints);
      if (status?.formed !== true || introduced.get(name) === content) continue;
      await this.#member(name).client.putPeers(hints);
      introduced.set(name, content);
    }
  }

  async #giveSettings(primary: string): Promise<void> {
    const { users, spec } = this.#options.definition;
    await this.#member(primary).client.putSettings({
      revision: this.#settingsRevision(),
      users,
      parameters: spec.parameters,
    });
  }
}
