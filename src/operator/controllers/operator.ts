/**
 * Puts the parts together: a Reflector for each watched kind and namespace, a queue for each of our kinds,
 * and who is looked at when something changes. Handlers of changes only enqueue keys.
 */
import type { Kind } from '#operator/api/kinds.ts';
import { AclController } from '#operator/controllers/acl/controller.ts';
import { MemoryClusterController } from '#operator/controllers/memorycluster/controller.ts';
import type { OperatorConfig } from '#operator/controllers/memorycluster/observed.ts';
import { SnapshotController } from '#operator/controllers/snapshot/controller.ts';
import { UserController } from '#operator/controllers/user/controller.ts';
import { Applier } from '#operator/kube/apply.ts';
import { Cache } from '#operator/kube/cache.ts';
import { errorCode, errorMessage, isConflict } from '#operator/kube/errors.ts';
import type { Metrics } from '#operator/kube/metrics.ts';
import { keyOf, listAt, stringAt } from '#operator/kube/object.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { OperatorProcess } from '#operator/kube/operator.ts';
import type { Parts, ProcessOptions } from '#operator/kube/operator.ts';
import { Recorder } from '#operator/kube/recorder.ts';
import { Reflector } from '#operator/kube/reflector.ts';
import type { ChangeListener } from '#operator/kube/reflector.ts';
import { WorkQueue } from '#operator/kube/workqueue.ts';
import { LABELS, OPERATOR_NAME } from '#operator/resources/names.ts';
import { SecretReader } from './secrets.ts';
import { INDEX, WATCHED } from './world.ts';
import type { WatchedKind, World } from './world.ts';

export interface HoldfastOptions extends ProcessOptions {
  readonly operator: OperatorConfig;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly metrics: Metrics;
  /** This replica, for Events. */
  readonly instance: string;
}

const OWN_KINDS: ReadonlySet<string> = new Set(['MemoryCluster', 'User', 'ACL', 'Snapshot']);
const CONCURRENCY: Readonly<Record<Kind, number>> = {
  MemoryCluster: 10,
  User: 4,
  ACL: 4,
  Snapshot: 1,
};
/** The world moved on between look and write: soon again, no error. */
const CONFLICT_MS = 200;

type Looker = (key: string) => Promise<number | null>;

export class HoldfastOperator extends OperatorProcess {
  readonly #holdfast: HoldfastOptions;
  readonly #queues = new Map<Kind, WorkQueue>();

  constructor(options: HoldfastOptions) {
    super(options);
    this.#holdfast = options;
  }

  protected override build(): Parts {
    const { metrics, operator, instance } = this.#holdfast;
    const caches = Object.fromEntries(
      WATCHED.map((kind) => [kind, new Cache(indexersOf(kind))]),
    ) as Record<WatchedKind, Cache>;
    const world: World = {
      client: this.client,
      applier: new Applier(this.client, metrics, this.log),
      recorder: new Recorder(this.client, instance, this.log),
      metrics,
      log: this.log,
      caches,
      secrets: new SecretReader(this.client),
      enqueue: (kind, key) => this.#queues.get(kind)?.add(key),
      usersInForce: new Map(),
    };
    const clusters = new MemoryClusterController(world, operator);
    const users = new UserController(world);
    const acls = new AclController(world);
    const snapshots = new SnapshotController(world);
    this.#queue('MemoryCluster', (key) => clusters.reconcile(key));
    this.#queue('User', (key) => users.reconcile(key));
    this.#queue('ACL', (key) => acls.reconcile(key));
    this.#queue('Snapshot', (key) => snapshots.reconcile(key));
    const reflectors = WATCHED.flatMap((kind) => this.#reflect(kind, world));
    return { reflectors, queues: [...this.#queues.values()] };
  }

  #queue(kind: Kind, look: Looker): void {
    const handler: Looker = async (key) => {
      try {
        return await look(key);
      } catch (error) {
        if (isConflict(error)) return CONFLICT_MS;
        throw error;
      }
    };
    const onError = (key: string, error: unknown, retryMs: number): void => {
      const fields = { kind, key, code: errorCode(error), error: errorMessage(error), retryMs };
      this.log.warn(fields, 'look failed');
    };
    const concurrency = CONCURRENCY[kind];
    const observer = this.#holdfast.metrics;
    this.#queues.set(kind, new WorkQueue({ name: kind, handler, concurrency, observer, onError }));
  }

  #reflect(kind: WatchedKind, world: World): readonly Reflector[] {
    const { metrics, namespaces } = this.#holdfast;
    const scopes = namespaces.length === 0 ? [''] : namespaces;
    const selector = `${LABELS.managedBy}=${OPERATOR_NAME}`;
    return scopes.map((namespace) => {
      const reflector = new Reflector({
        client: this.client,
        kind,
        namespace,
        ...(OWN_KINDS.has(kind) ? {} : { labelSelector: selector }),
        cache: world.caches[kind],
        log: this.log,
        observer: metrics,
      });
      reflector.onChange(routes(world, kind));
      return reflector;
    });
  }
}

function indexersOf(kind: WatchedKind): Record<string, (object: KubeObject) => readonly string[]> {
  const within = (object: KubeObject, names: readonly string[]): readonly string[] =>
    names.filter((name) => name !== '').map((name) => `${object.metadata.namespace ?? ''}/${name}`);
  switch (kind) {
    case 'MemoryCluster':
      return { [INDEX.refers]: (object) => within(object, [stringAt(object, 'spec', 'aclName')]) };
    case 'ACL':
      return {
        [INDEX.refers]: (object) =>
          within(
            object,
            listAt(object, 'spec', 'userNames').filter((name) => typeof name === 'string'),
          ),
      };
    case 'User':
    case 'Snapshot':
      return {};
    default:
      return {
        [INDEX.cluster]: (object) =>
          within(object, [object.metadata.labels?.[LABELS.cluster] ?? '']),
      };
  }
}

/** Who is looked at when an object of `kind` has changed. */
function routes(world: World, kind: WatchedKind): ChangeListener {
  return (change, object, before) => {
    const key = keyOf(object);
    if (!OWN_KINDS.has(kind)) {
      const cluster = object.metadata.labels?.[LABELS.cluster];
      if (cluster !== undefined) {
        world.enqueue('MemoryCluster', `${object.metadata.namespace ?? ''}/${cluster}`);
      }
      return;
    }
    // Our own writes of the status come back here: they are no news.
    if (change === 'set' && before !== undefined && sameIntent(object, before)) return;
    world.enqueue(kind as Kind, key);
    for (const [other, otherKey] of neighbours(world, kind, object, before)) {
      world.enqueue(other, otherKey);
    }
  };
}

function sameIntent(object: KubeObject, before: KubeObject): boolean {
  const of = ({ metadata }: KubeObject): string =>
    JSON.stringify([
      metadata.uid,
      metadata.generation,
      metadata.deletionTimestamp,
      metadata.annotations,
      metadata.finalizers,
    ]);
  return of(object) === of(before);
}

/** Objects whose status or work depends on this one. */
function neighbours(
  world: World,
  kind: WatchedKind,
  object: KubeObject,
  before: KubeObject | undefined,
): readonly [Kind, string][] {
  const { namespace = '' } = object.metadata;
  const key = keyOf(object);
  const clustersOf = (acl: string): [Kind, string][] =>
    world.caches.MemoryCluster.by(INDEX.refers, acl).map((cluster) => [
      'MemoryCluster',
      keyOf(cluster),
    ]);
  switch (kind) {
    case 'MemoryCluster': {
      const acls = [object, before].map((version) => stringAt(version, 'spec', 'aclName'));
      return [...new Set(acls)]
        .filter((name) => name !== '')
        .map((name) => ['ACL', `${namespace}/${name}`]);
    }
    case 'User':
      return world.caches.ACL.by(INDEX.refers, key).flatMap((acl): [Kind, string][] => [
        ['ACL', keyOf(acl)],
        ...clustersOf(keyOf(acl)),
      ]);
    case 'ACL': {
      const names = [object, before].flatMap((version) => listAt(version, 'spec', 'userNames'));
      const users = [...new Set(names)].map((name): [Kind, string] => [
        'User',
        `${namespace}/${String(name)}`,
      ]);
      return [...users, ...clustersOf(key)];
    }
    default:
      return [];
  }
}
