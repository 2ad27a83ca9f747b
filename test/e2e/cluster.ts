/** What the tests do with a Kubernetes cluster: namespaces, manifests, looking at objects, waiting for them. */
import type { MemoryCluster } from '#operator/api/kinds.ts';
import type { MemoryClusterStatus } from '#operator/api/memorycluster-status.ts';
import { eventually, kubectl, run } from './shell.ts';

export const API = 'holdfast.dev/v1alpha1';

/** An object as kubectl prints it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A namespace of the test's own, with Pod Security `restricted`; removed with all in it by `drop`. */
export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async create(name: string): Promise<Namespace> {
    await kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait']);
    await kubectl(['apply', '-f', '-'], {
      input: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name,
          labels: {
            'holdfast.dev/e2e': '',
            'pod-security.kubernetes.io/enforce': 'restricted',
            'pod-security.kubernetes.io/warn': 'restricted',
          },
        },
      }),
    });
    return new Namespace(name);
  }

  async drop(): Promise<void> {
    if (process.env['E2E_KEEP'] !== undefined) return;
    await kubectl(['delete', 'namespace', this.name, '--ignore-not-found', '--wait'], {
      timeoutMs: 300_000,
    });
  }

  kubectl(...words: string[]): Promise<string> {
    return kubectl(['-n', this.name, ...words]);
  }

  /** Applies objects; the text of what the API server says, warnings included. */
  async apply(...objects: readonly object[]): Promise<string> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    return kubectl(['-n', this.name, 'apply', '-f', '-'], { input: JSON.stringify(list) });
  }

  applyFile(path: string): Promise<string> {
    return this.kubectl('apply', '-f', path);
  }

  async get<T = KubeObject>(kind: string, name: string): Promise<T> {
    return JSON.parse(await this.kubectl('get', kind, name, '-o', 'json')) as T;
  }

  async list<T = KubeObject>(kind: string, selector = ''): Promise<readonly T[]> {
    const words = selector === '' ? [] : ['-l', selector];
    const list = await this.kubectl('get', kind, ...words, '-o', 'json');
    return (JSON.parse(list) as { items: readonly T[] }).items;
  }

  async cluster(name: string): Promise<MemoryCluster & { readonly status: MemoryClusterStatus }> {
    return this.get('memorycluster', name);
  }

  /** Waits for a condition of any of our kinds; resolves to the milliseconds that it took. */
  async waitFor(
    kind: string,
    name: string,
    condition: { readonly type: string; readonly status: string; readonly reason?: string },
    timeoutMs = 120_000,
  ): Promise<number> {
    const startedMs = performance.now();
    await eventually(`${kind} ${name}: ${JSON.stringify(condition)}`, timeoutMs, async () => {
      const object = await this.get<MemoryCluster>(kind, name);
      const found = object.status?.conditions.find(({ type }) => type === condition.type);
      const current = object.status?.observedGeneration === object.metadata.generation;
      const matches =
        found?.status === condition.status &&
        (condition.reason === undefined || found.reason === condition.reason);
      if (current && matches) return true;
      throw new Error(JSON.stringify(found ?? object.status ?? 'no status'));
    });
    return Math.round(performance.now() - startedMs);
  }

  ready(cluster: string, timeoutMs = 180_000): Promise<number> {
    return this.waitFor('memorycluster', cluster, { type: 'Ready', status: 'True' }, timeoutMs);
  }

  /** Every member of every shard is available, users are applied, nothing is under way. */
  async settled(cluster: string, timeoutMs = 240_000): Promise<void> {
    await eventually(`${cluster} is settled`, timeoutMs, async () => {
      const { status } = await this.cluster(cluster);
      const open = status.conditions.filter(
        ({ type, status }) =>
          (type === 'Reconciling' && status === 'True') ||
          (['Ready', 'ACLSynced', 'MembersReachable'].includes(type) && status !== 'True'),
      );
      const waiting = status.shards.filter(({ state }) => state !== 'available');
      if (open.length === 0 && waiting.length === 0) return true;
      throw new Error(JSON.stringify({ open, waiting }));
    });
  }

  /** Reasons of the Events about an object. */
  async eventReasons(kind: string, name: string): Promise<readonly string[]> {
    const selector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
    const path = 'jsonpath={range .items[*]}{.reason}{"\\n"}{end}';
    const found = await this.kubectl('get', 'events', '--field-selector', selector, '-o', path);
    return found.split('\n').filter((reason) => reason !== '');
  }
}

export function memoryCluster(name: string, spec: object): object {
  return { apiVersion: API, kind: 'MemoryCluster', metadata: { name }, spec };
}

export function secret(name: string, data: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data };
}

export function user(name: string, accessString: string, passwords: readonly string[]): object {
  const authenticationMode = {
    type: 'password',
    passwords: passwords.map((name) => ({ name, key: 'password' })),
  };
  return {
    apiVersion: API,
    kind: 'User',
    metadata: { name },
    spec: { accessString, authenticationMode },
  };
}

export function acl(name: string, userNames: readonly string[]): object {
  return { apiVersion: API, kind: 'ACL', metadata: { name }, spec: { userNames } };
}

/** Runs helm. */
export function helm(...words: string[]): Promise<string> {
  return run('helm', words);
}
