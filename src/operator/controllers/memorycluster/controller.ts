/** Looks at one MemoryCluster: observe, plan, act; writes the status; says when to look again. */
import type { MemoryClusterStatus } from '#operator/api/memorycluster-status.ts';
import type { World } from '#operator/controllers/world.ts';
import { jittered } from '#operator/kube/backoff.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { act } from './act.ts';
import type { CommandResult, Outcome } from './act.ts';
import { CertificateStore } from './certificates.ts';
import { MemberPool } from './member-pool.ts';
import { NodeZones } from './node-zones.ts';
import { observe } from './observe.ts';
import type { Observed, Obstacle, OperatorConfig } from './observed.ts';
import { plan } from './plan.ts';

/** Rounds of one look: each brings a new cluster a step on, without a wait for the caches in between. */
const ROUNDS = 4;
const KEPT_COMMANDS = 10;

export class MemoryClusterController {
  readonly #world: World;
  readonly #operator: OperatorConfig;
  readonly #certificates: CertificateStore;
  readonly #members: MemberPool;
  readonly #zones: NodeZones;
  readonly #obstacles = new Map<string, readonly Obstacle[]>();

  constructor(world: World, operator: OperatorConfig) {
    this.#world = world;
    this.#operator = operator;
    this.#certificates = new CertificateStore(world, operator.clusterDomain);
    this.#members = new MemberPool(
      (cluster) => this.#certificates.identity(cluster),
      (code) => world.metrics.count('member_requests_failed_total', { code }),
    );
    this.#zones = new NodeZones(world.client);
  }

  async reconcile(key: string): Promise<number | null> {
    const object = this.#world.caches.MemoryCluster.get(key);
    if (object === undefined) {
      this.#forget(key);
      return null;
    }
    let commands: readonly CommandResult[] = [];
    for (let round = 1; ; round++) {
      const observed = await this.#observe(key, object);
      const now = new Date().toISOString();
      const { actions, status, events, context, requeueAfterMs } = plan(observed, now);
      const outcome = context === null ? null : await this.#act(key, context, observed, actions);
      commands = [...commands, ...(outcome?.commands ?? [])];
      if (outcome?.progressed === true && outcome.failures.length === 0 && round < ROUNDS) continue;
      await this.#world.applier.patchStatus(object, withCommands(status, commands, now));
      for (const event of events) await this.#world.recorder.record(object, event);
      this.#publish(key, observed, status);
      const [failure] = outcome?.failures ?? [];
      if (failure !== undefined) throw failure;
      return outcome?.progressed === true ? 50 : jittered(requeueAfterMs);
    }
  }

  async #observe(key: string, object: KubeObject): Promise<Observed> {
    const tools = {
      world: this.#world,
      operator: this.#operator,
      certificates: this.#certificates,
      members: this.#members,
      zones: this.#zones,
    };
    return observe(tools, object, this.#obstacles.get(key) ?? []);
  }

  async #act(
    key: string,
    context: Parameters<typeof act>[1],
    observed: Observed,
    actions: Parameters<typeof act>[3],
  ): Promise<Outcome> {
    const tools = { world: this.#world, certificates: this.#certificates, members: this.#members };
    const outcome = await act(tools, context, observed, actions);
    this.#obstacles.set(key, outcome.obstacles);
    return outcome;
  }

  /** Tells the metrics, and the ACL in use, what the cluster is now. */
  #publish(key: string, observed: Observed, status: MemoryClusterStatus): void {
    const { metrics, usersInForce, enqueue } = this.#world;
    const { name, namespace = '' } = observed.object.metadata;
    const labels = { namespace, memorycluster: name };
    const is = (type: string): number =>
      status.conditions.some((c) => c.type === type && c.status === 'True') ? 1 : 0;
    metrics.set('memorycluster_ready', labels, is('Ready'));
    metrics.set('memorycluster_stalled', labels, is('Stalled'));
    const [serving = 0, all = 0] = (status.ready ?? '0/0').split('/').map(Number);
    metrics.set('memorycluster_shards', { ...labels, ready: 'true' }, serving);
    metrics.set('memorycluster_shards', { ...labels, ready: 'false' }, all - serving);
    if (status.acl === undefined) return;
    const { name: aclName, appliedRevision, desiredRevision } = status.acl;
    const userNames = (observed.settings?.users ?? []).map((user) => user.name);
    const applied = appliedRevision >= desiredRevision && observed.settings !== null;
    const before = usersInForce.get(key);
    const next = { aclName, applied, userNames: admitted(observed, userNames) };
    usersInForce.set(key, next);
    if (JSON.stringify(before) !== JSON.stringify(next)) enqueue('ACL', `${namespace}/${aclName}`);
  }

  #forget(key: string): void {
    const slash = key.indexOf('/');
    const labels = { namespace: key.slice(0, slash), memorycluster: key.slice(slash + 1) };
    const { metrics, usersInForce } = this.#world;
    metrics.drop('memorycluster_ready', labels);
    metrics.drop('memorycluster_stalled', labels);
    metrics.drop('memorycluster_shards', { ...labels, ready: 'true' });
    metrics.drop('memorycluster_shards', { ...labels, ready: 'false' });
    usersInForce.delete(key);
    this.#obstacles.delete(key);
    this.#members.forget(key);
    this.#certificates.forget(key);
  }
}

/** Users in force that are from Users: without the `default` that the operator adds. */
function admitted(observed: Observed, userNames: readonly string[]): readonly string[] {
  const { acl } = observed;
  if (acl.state !== 'found') return userNames;
  const named = new Set(acl.users.map(({ name }) => name));
  return userNames.filter((name) => name !== 'default' || named.has(name));
}

function withCommands(
  status: MemoryClusterStatus,
  results: readonly CommandResult[],
  time: string,
): MemoryClusterStatus {
  if (results.length === 0) return status;
  const done = results.map(({ name, token, result, refusedWriteMs }) => ({
    name,
    token,
    result,
    ...(refusedWriteMs === null ? {} : { refusedWriteMs }),
    time,
  }));
  return { ...status, commands: [...status.commands, ...done].slice(-KEPT_COMMANDS) };
}
