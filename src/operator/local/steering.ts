/**
 * What the operator does for a cluster, on this machine: asks all members of a shard, lets `formation.ts` decide
 * the next step and takes it. Members are started and stopped by their owner.
 *
 * Invariant: what the operator would not do by itself, this does not do either: a shard is formed once, from
 * empty disks that all answered; afterwards an empty disk is a new member, which joins.
 */
import { unreachable } from '#base/invariant.ts';
import type { NodeClient } from '#operator/nodeclient/client.ts';
import { NodeClientError } from '#operator/nodeclient/errors.ts';
import type { BootstrapRecord, PeerHint } from '#operator/nodeclient/wire.ts';
import { shardNames, shardNumber } from '#operator/topology/members.ts';
import { equalSlotRanges } from '#operator/topology/slots.ts';
import type { LocalMember } from './cluster.ts';
import type { ClusterDefinition } from './definition.ts';
import { type ClusterFiles, createFile, readJson } from './files.ts';
import { type FormationStep, nextStep, type Observation } from './formation.ts';
import { LOOPBACK } from './ports.ts';
import { type ClusterState, nextSettings, saveState } from './state.ts';

export interface SteeredMember {
  readonly member: LocalMember;
  readonly client: NodeClient;
}

export type SteeringEvent =
  | { readonly type: 'formed'; readonly shard: string }
  /** A member came back with an empty disk: it is let in step by step, until `removed` is its old memberId. */
  | {
      readonly type: 'membership';
      readonly member: string;
      readonly change: 'joined' | 'learns' | 'votes' | 'removed' | 'set-aside';
      readonly memberId: string;
    };

export interface SteeringOptions {
  readonly definition: ClusterDefinition;
  readonly files: ClusterFiles;
  readonly state: ClusterState;
  /** By name; filled by the owner. */
  readonly members: ReadonlyMap<string, SteeredMember>;
  /** The host by which member `from` finds another, `to`. */
  readonly hostFor: (from: string, to: string) => string;
  readonly onEvent: (event: SteeringEvent) => void;
}

/** A disk that belongs to another cluster, or whose shard is not known any more. */
export class ForeignDiskError extends Error {
  override readonly name = 'ForeignDiskError';
}

const CHANGES = { 'add-learner': 'learns', promote: 'votes', remove: 'removed' } as const;

export class Steering {
  readonly #options: SteeringOptions;
  readonly #shards: readonly string[];
  /** memberIds that members of a name were last seen with. */
  readonly #memberIds = new Map<string, string>();
  /** What each memberId was told of the others. */
  readonly #introduced = new Map<string, string>();
  #state: ClusterState;

  constructor(options: SteeringOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#shards = shardNames(options.definition.spec.numShards);
  }

  /** What the members of a shard say; null for who does not answer. */
  async observe(shard: string): Promise<Observation[]> {
    const members = [...this.#options.members.values()];
    return await Promise.all(
      members
        .filter(({ member }) => member.shard === shard)
        .map(async ({ member, client }) => {
          const status = await client.status().catch((error: unknown) => {
            if (error instanceof NodeClientError) return null;
            throw error;
          });
          if (status?.formed === true) this.#memberIds.set(member.name, status.memberId);
          return { name: member.name, status };
        }),
    );
  }

  /**
   * One look at every shard and one step for each; what is still missing, in words. Throws
   * {@link ForeignDiskError} where only a person can go on.
   */
  async advance(): Promise<string[]> {
    const missing = await Promise.all(this.#shards.map((shard) => this.#advance(shard)));
    return missing.flatMap((why, at) => (why === null ? [] : [`${this.#shards[at]} ${why}`]));
  }

  async #advance(shard: string): Promise<string | null> {
    const observed = await this.observe(shard);
    const step = nextStep(observed, this.#record(shard), this.#settingsRevision());
    try {
      return await this.#perform(shard, step, observed);
    } catch (error) {
      // whoever did not answer now, or has moved on, will be asked again
      if (error instanceof NodeClientError) return error.message;
      throw error;
    }
  }

  async #perform(
    shard: string,
    step: FormationStep,
    observed: readonly Observation[],
  ): Promise<string | null> {
    const { onEvent } = this.#options;
    switch (step.type) {
      case 'wait':
        await this.#introduce(observed);
        return step.why;
      case 'refuse':
        throw new ForeignDiskError(`shard ${shard}: ${step.why}`);
      case 'record':
        this.#decide(shard, step.memberIds);
        return 'is being formed';
      case 'bootstrap':
        for (const name of step.names) await this.#client(name).bootstrap(step.record);
        onEvent({ type: 'formed', shard });
        return 'is formed';
      case 'settings':
        await this.#giveSettings(step.primary);
        return 'members learn their users';
      case 'membership':
        return await this.#changeMembership(step);
      case 'ready':
        await this.#introduce(observed);
        return null;
      default:
        return unreachable(step);
    }
  }

  async #changeMembership(
    step: Extract<FormationStep, { type: 'membership' }>,
  ): Promise<string | null> {
    const { onEvent } = this.#options;
    const { next } = step;
    const { member } = next;
    if (next.step === 'join') {
      await this.#client(member).join(step.record);
      onEvent({ type: 'membership', member, change: 'joined', memberId: '' });
      return `${member} joins with an empty disk`;
    }
    const { memberId, configIndex, term } = next;
    if (next.step === 'set-aside') {
      const { reason } = next;
      await this.#client(member).setAside({ memberId, reason, configIndex, term });
      onEvent({ type: 'membership', member, change: 'set-aside', memberId });
      return `${member} starts anew`;
    }
    const { change, leader } = next;
    await this.#client(leader).changeMembership({ change, memberId, configIndex, term });
    onEvent({ type: 'membership', member, change: CHANGES[change], memberId });
    return `${member || memberId} ${CHANGES[change]}`;
  }

  #client(name: string): NodeClient {
    const found = this.#options.members.get(name);
    if (found === undefined) throw new Error(`there is no member ${name}`);
    return found.client;
  }

  #settingsRevision(): number {
    const { definition, files } = this.#options;
    const { users, spec } = definition;
    const content = { users, parameters: spec.parameters };
    const settings = nextSettings(this.#state.settings, content);
    if (settings !== this.#state.settings) {
      this.#state = { ...this.#state, settings };
      saveState(files, this.#state);
    }
    return settings.revision;
  }

  #record(shard: string): BootstrapRecord | null {
    return readJson(this.#options.files.identity(shard)) as BootstrapRecord | null;
  }

  /** Whoever creates the file first has decided; it is read again in the next step. */
  #decide(shard: string, memberIds: ReadonlyMap<string, string>): void {
    const { definition, files, members } = this.#options;
    const voters = [...members.values()].flatMap(({ member }) => {
      const { name, kind, ports } = member;
      const memberId = memberIds.get(name);
      if (memberId === undefined) return [];
      return [{ name, memberId, kind, host: LOOPBACK, peerPort: ports.peer }];
    });
    const record: BootstrapRecord = {
      clusterId: this.#state.clusterId,
      shard,
      createdAt: new Date().toISOString(),
      voters,
      slots: [equalSlotRanges(definition.spec.numShards)[shardNumber(shard) - 1]],
    };
    createFile(files.identity(shard), `${JSON.stringify(record, null, 2)}\n`);
  }

  /**
   * Tells members where the others are: at every start, because ports may differ from the last run's, and
   * again when more is known.
   */
  async #introduce(observed: readonly Observation[]): Promise<void> {
    for (const { name, status } of observed) {
      if (status?.formed !== true) continue;
      const hints = [...this.#options.members.values()].map(({ member }) =>
        this.#hint(name, member),
      );
      const content = JSON.stringify(hints);
      if (this.#introduced.get(status.memberId) === content) continue;
      await this.#client(name).putPeers(hints);
      this.#introduced.set(status.memberId, content);
    }
  }

  /** Where the member called `from` finds another. */
  #hint(from: string, { name, shard, kind, ports }: LocalMember): PeerHint {
    const memberId = this.#memberIds.get(name) ?? this.#firstIdOf(shard, name);
    const host = name === from ? LOOPBACK : this.#options.hostFor(from, name);
    const address = { host, peerPort: ports.peer, clientPort: ports.client };
    return { name, shard, kind, ...address, ...(memberId === undefined ? {} : { memberId }) };
  }

  #firstIdOf(shard: string, name: string): string | undefined {
    return this.#record(shard)?.voters.find((voter) => voter.name === name)?.memberId;
  }

  async #giveSettings(primary: string): Promise<void> {
    const { users, spec } = this.#options.definition;
    await this.#client(primary).putSettings({
      revision: this.#settingsRevision(),
      users,
      parameters: spec.parameters,
    });
  }
}
