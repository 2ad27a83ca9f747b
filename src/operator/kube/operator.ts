/**
 * The operator's process: reflectors on every replica, so that a new leader has warm caches; queues on the
 * leader alone. The skeleton (start, stop, resource events, finalizers, status) is @dot-i/k8s-operator's; its
 * watch loop is not used, because it ends the process on a reset connection and retries nothing.
 */
import skeleton from '@dot-i/k8s-operator';
import type { OperatorLogger, ResourceMeta } from '@dot-i/k8s-operator';
import { KubeClient, PATCH } from './client.ts';
import type { RequestObserver } from './client.ts';
import { Election } from './election.ts';
import { pathOf } from './kinds.ts';
import type { KindName } from './kinds.ts';
import type { KubeObject } from './object.ts';
import type { Reflector } from './reflector.ts';
import type { WorkQueue } from './workqueue.ts';

export interface OperatorLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ProcessOptions {
  readonly log: OperatorLog;
  /** null: no election, this process always leads (one replica, tests). */
  readonly election: {
    readonly namespace: string;
    readonly name: string;
    readonly identity: string;
  } | null;
  readonly onLost: (reason: string) => void;
  readonly onLeading: (leading: boolean) => void;
  readonly onRequest?: RequestObserver;
}

/** What runs inside the process. */
export interface Parts {
  readonly reflectors: readonly Reflector[];
  readonly queues: readonly WorkQueue[];
}

/** Start order: reflectors, caches full, election, queues. Stop order: the reverse. */
export abstract class OperatorProcess extends skeleton.default {
  readonly client: KubeClient;
  protected readonly log: OperatorLog;
  readonly #options: ProcessOptions;
  #parts: Parts = { reflectors: [], queues: [] };
  #election: Election | null = null;
  #stopping = false;

  constructor(options: ProcessOptions) {
    super(adapted(options.log));
    this.#options = options;
    this.log = options.log;
    this.client = new KubeClient({
      config: this.kubeConfig,
      ...(options.onRequest === undefined ? {} : { onRequest: options.onRequest }),
    });
  }

  /** Builds reflectors and queues; called once, by start(). */
  protected abstract build(): Parts;

  protected override async init(): Promise<void> {
    this.#parts = this.build();
    for (const reflector of this.#parts.reflectors) reflector.start();
    await Promise.all(this.#parts.reflectors.map((reflector) => reflector.whenSynced()));
    if (this.#stopping) return;
    this.log.info({ caches: this.#parts.reflectors.length }, 'caches are filled');
    const { election } = this.#options;
    if (election === null) {
      this.#lead();
      return;
    }
    this.#election = new Election({
      client: this.client,
      ...election,
      onElected: () => this.#lead(),
      onLost: (reason) => {
        this.#options.onLeading(false);
        this.#options.onLost(reason);
      },
      log: this.log,
    });
    this.#election.start();
  }

  #lead(): void {
    this.#options.onLeading(true);
    for (const queue of this.#parts.queues) queue.start();
  }

  /** True when every cache has been filled once. */
  get ready(): boolean {
    const { reflectors } = this.#parts;
    return reflectors.length > 0 && reflectors.every((reflector) => reflector.synced);
  }

  /** Milliseconds since the API server last answered any watch or list. */
  get silentMs(): number {
    const last = Math.max(0, ...this.#parts.reflectors.map((reflector) => reflector.lastContactMs));
    return performance.now() - last;
  }

  /** Ends intake, waits up to `drainMs` for work under way, gives the Lease up. */
  async shutDown(drainMs = 20_000): Promise<void> {
    this.#stopping = true;
    const drained = Promise.all(this.#parts.queues.map((queue) => queue.stop()));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs);
    });
    await Promise.race([drained, late]);
    clearTimeout(timer);
    await this.#election?.stop();
    await Promise.all(this.#parts.reflectors.map((reflector) => reflector.stop()));
    this.stop();
    this.client.close();
  }

  /** The package writes the status to `k8sApi.basePath`, which client-node 2 does not have. */
  protected override async setResourceStatus(
    meta: ResourceMeta,
    status: unknown,
  ): Promise<ResourceMeta | null> {
    return this.patchResourceStatus(meta, status);
  }

  protected override async patchResourceStatus(
    meta: ResourceMeta,
    status: unknown,
  ): Promise<ResourceMeta | null> {
    const object = await this.client.request<KubeObject>({
      method: 'PATCH',
      path: pathOf(meta.kind as KindName, meta.namespace, meta.name, 'status'),
      contentType: PATCH.merge,
      body: { metadata: { resourceVersion: meta.resourceVersion }, status },
    });
    return { ...meta, resourceVersion: object.metadata.resourceVersion ?? '' };
  }

  /** As the package's, with our client: an error is thrown, so that the finalizer is tried again. */
  protected override async setResourceFinalizers(
    meta: ResourceMeta,
    finalizers: string[],
  ): Promise<void> {
    await this.client.request({
      method: 'PATCH',
      path: pathOf(meta.kind as KindName, meta.namespace, meta.name),
      contentType: PATCH.merge,
      body: { metadata: { resourceVersion: meta.resourceVersion, finalizers } },
    });
  }
}

function adapted(log: OperatorLog): OperatorLogger {
  return {
    debug: (message) => log.debug({}, message),
    info: (message) => log.info({}, message),
    warn: (message) => log.warn({}, message),
    error: (message) => log.error({}, message),
  };
}
