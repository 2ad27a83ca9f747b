/**
 * Carries out a plan: phase after phase, the actions of a phase side by side. An action that fails does not stop
 * the others of its phase, but the phases after it: the next look plans anew.
 */
import type { World } from '#operator/controllers/world.ts';
import { ownedBy } from '#operator/kube/apply.ts';
import type { OwnershipTest } from '#operator/kube/apply.ts';
import {
  errorCode,
  errorMessage,
  isConflict,
  LeftoverError,
  NameTakenError,
} from '#operator/kube/errors.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { isUnreachable } from '#operator/nodeclient/errors.ts';
import type { ClusterContext, Manifest } from '#operator/resources/manifest.ts';
import { ANNOTATIONS, LABELS } from '#operator/resources/names.ts';
import { parseMemberName } from '#operator/topology/members.ts';
import type { Action, CommandRun } from './actions.ts';
import { phaseOf } from './actions.ts';
import type { CertificateStore } from './certificates.ts';
import type { MemberPool } from './member-pool.ts';
import type { Observed, Obstacle } from './observed.ts';
import { settingsSecret } from './settings-secret.ts';

export interface ActTools {
  readonly world: World;
  readonly certificates: CertificateStore;
  readonly members: MemberPool;
}

type MemberActionType =
  | 'bootstrap'
  | 'join'
  | 'change-membership'
  | 'set-aside'
  | 'put-peers'
  | 'put-settings'
  | 'hand-over';

/** What a command came to. */
export interface CommandResult extends CommandRun {
  readonly result: string;
  readonly refusedWriteMs: number | null;
}

export interface Outcome {
  /** Something was done that the next step waits for: look again at once. */
  readonly progressed: boolean;
  readonly obstacles: readonly Obstacle[];
  readonly commands: readonly CommandResult[];
  /** What failed otherwise; thrown by the controller when the status has been written. */
  readonly failures: readonly Error[];
}

export async function act(
  tools: ActTools,
  context: ClusterContext,
  observed: Observed,
  actions: readonly Action[],
): Promise<Outcome> {
  const run = new Run(tools, context, observed);
  for (const phase of new Set(actions.map(phaseOf))) {
    await Promise.all(
      actions.filter((action) => phaseOf(action) === phase).map((action) => run.attempt(action)),
    );
    if (run.failures.length > 0) break;
  }
  return run;
}

class Run implements Outcome {
  progressed = false;
  readonly obstacles: Obstacle[] = [];
  readonly commands: CommandResult[] = [];
  readonly failures: Error[] = [];
  readonly #tools: ActTools;
  readonly #context: ClusterContext;
  readonly #observed: Observed;
  readonly #key: string;

  constructor(tools: ActTools, context: ClusterContext, observed: Observed) {
    this.#tools = tools;
    this.#context = context;
    this.#observed = observed;
    this.#key = `${context.namespace}/${context.name}`;
  }

  async attempt(action: Action): Promise<void> {
    const { log } = this.#tools.world;
    try {
      await this.#do(action);
    } catch (error) {
      const fields = { cluster: this.#key, action: action.type, code: errorCode(error) };
      if (error instanceof NameTakenError) {
        this.obstacles.push({ reason: 'NameTaken', message: error.message });
        return;
      }
      // The world moved on since the plan: the next look has it.
      const later = isConflict(error) || error instanceof LeftoverError;
      if (later || isUnreachable(error) || isMembersWord(error)) {
        log.debug({ ...fields, error: errorMessage(error) }, 'action not done');
        return;
      }
      log.warn({ ...fields, error: errorMessage(error) }, 'action failed');
      this.failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #do(action: Action): Promise<void> {
    const { certificates, world } = this.#tools;
    const { namespace } = this.#context;
    switch (action.type) {
      case 'make-ca':
        await certificates.makeCa(this.#context, action.ca, action.clusterId);
        this.progressed = true;
        return;
      case 'issue':
        await certificates.issue(this.#context, memberNamed(action.member));
        this.progressed = true;
        return;
      case 'store-settings':
        await this.#apply(settingsSecret(this.#context, action.settings));
        this.progressed = true;
        return;
      case 'apply':
        await this.#apply(action.manifest);
        return;
      case 'create':
        await world.client.create(action.manifest, 'holdfast-operator');
        world.log.info({ cluster: this.#key, name: action.manifest.metadata.name }, 'created');
        this.progressed = true;
        return;
      case 'label-pod':
        await world.applier.patchLabels(
          'Pod',
          namespace,
          action.pod,
          { [LABELS.role]: action.role },
          action.uid,
        );
        return;
      case 'restart-pod':
        await this.#restart(action);
        return;
      default:
        await this.#tellMember(action);
    }
  }

  async #tellMember(action: Extract<Action, { type: MemberActionType }>): Promise<void> {
    const { members, world } = this.#tools;
    const client = members.client(this.#key, action.member);
    if (client === null) return;
    switch (action.type) {
      case 'bootstrap':
        await client.bootstrap(action.record);
        this.progressed = true;
        return;
      case 'join':
        await client.join(action.record);
        this.#progress(action.member, 'joins with an empty disk');
        return;
      case 'change-membership': {
        const { change, memberId, configIndex, term } = action;
        await client.changeMembership({ change, memberId, configIndex, term });
        this.#progress(action.member, `${change} ${memberId}`);
        return;
      }
      case 'set-aside': {
        const { memberId, reason, configIndex, term } = action;
        await client.setAside({ memberId, reason, configIndex, term });
        this.#progress(action.member, `gives up ${memberId}: ${reason}`);
        return;
      }
      case 'put-peers':
        await client.putPeers(action.peers);
        members.toldPeers(this.#key, action.member, action.hash);
        return;
      case 'put-settings':
        await client.putSettings(action.settings);
        this.progressed = true;
        return;
      case 'hand-over': {
        const { configIndex, term, target, command } = action;
        const { refusedWriteMs } = await client.handOver({
          configIndex,
          term,
          ...(target === '' ? {} : { target }),
        });
        world.log.info(
          { cluster: this.#key, member: action.member, refusedWriteMs },
          'handed over',
        );
        if (command !== null) this.commands.push({ ...command, result: 'Done', refusedWriteMs });
        this.progressed = true;
      }
    }
  }

  #progress(member: string, what: string): void {
    this.#tools.world.log.info({ cluster: this.#key, member, what }, 'membership');
    this.progressed = true;
  }

  async #apply(manifest: Manifest): Promise<void> {
    const { applier, secrets } = this.#tools.world;
    const { namespace, name } = manifest.metadata;
    const object: KubeObject = manifest;
    if (manifest.kind !== 'Secret') {
      const live = this.#observed.live.get(`${manifest.kind}/${name}`);
      const { outcome } = await applier.apply(object, live, this.#ours(manifest.kind));
      if (outcome === 'created') this.progressed = true;
      return;
    }
    const ours = await secrets.readOwned(namespace, name, this.#context.uid);
    const live = ours ?? (await secrets.read(namespace, name, 0)) ?? undefined;
    const written = await applier.apply(object, live, ownedBy(this.#context.uid));
    if (written.outcome !== 'unchanged') secrets.wrote(written.object);
  }

  /** Claims may outlive their cluster, so it is the cluster's id that makes them ours. */
  #ours(kind: string): OwnershipTest {
    if (kind !== 'PersistentVolumeClaim') return ownedBy(this.#context.uid);
    const id = this.#observed.certificates.peerCa?.clusterId;
    return ({ metadata }) =>
      metadata.labels?.[LABELS.cluster] === this.#context.name &&
      metadata.annotations?.[ANNOTATIONS.clusterId] === id;
  }

  async #restart(action: Extract<Action, { type: 'restart-pod' }>): Promise<void> {
    const { applier, client, log } = this.#tools.world;
    const { namespace } = this.#context;
    if (action.force) {
      await client.delete('Pod', namespace, action.pod, action.uid);
    } else if (!(await applier.evict(namespace, action.pod, action.uid))) {
      log.info({ cluster: this.#key, pod: action.pod }, 'a disruption budget delays the restart');
      return;
    }
    log.info({ cluster: this.#key, pod: action.pod, force: action.force }, 'restarting');
  }
}

function memberNamed(name: string | null) {
  return name === null ? null : (parseMemberName(name) ?? null);
}

/** The member refused, in words of its own: NotPrimary, Stale… */
function isMembersWord(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === 'NodeClientError';
}
