/**
 * Keeps a Cache equal to what the API server holds: list, then watch from there. Invariants:
 * - callbacks only say "look at this object again"; nothing that they do can stop the loop
 * - whatever ends a watch (410, 429, a reset, silence) leads to another watch or list, never to the end
 * - an event of a loop that was stopped is ignored
 * - a deletion that no watch told is found by the next list and told then
 */
import { backoffFor, isExpired } from './reflector-errors.ts';
import { Backoff, delay, jittered } from './backoff.ts';
import type { Random } from './backoff.ts';
import { Cache, trimmed } from './cache.ts';
import type { Indexer } from './cache.ts';
import type { KubeClient } from './client.ts';
import { errorCode, errorMessage } from './errors.ts';
import { pathOf } from './kinds.ts';
import type { KindName } from './kinds.ts';
import { keyOf } from './object.ts';
import type { KubeObject } from './object.ts';

/** `object` is new or different; or it is gone. `before` is what the cache held. */
export type ChangeListener = (
  change: 'set' | 'removed',
  object: KubeObject,
  before: KubeObject | undefined,
) => void;

export interface ReflectorLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What the metrics want to know. */
export interface ReflectorObserver {
  watchRestarted(kind: string, code: string): void;
  relisted(kind: string): void;
  cacheMissed(kind: string, count: number): void;
}

export interface ReflectorOptions {
  readonly client: KubeClient;
  readonly kind: KindName;
  /** '' watches every namespace. */
  readonly namespace: string;
  readonly labelSelector?: string;
  /** One cache for several reflectors of a kind, each with a namespace of its own. */
  readonly cache?: Cache;
  readonly indexers?: Readonly<Record<string, Indexer>>;
  readonly log: ReflectorLog;
  readonly observer: ReflectorObserver;
  /** How long one watch is asked to last, before jitter. */
  readonly watchSeconds?: number;
  /** A list replaces the watch this often, in case an event was lost. */
  readonly relistMs?: number;
  readonly firstBackoffMs?: number;
  readonly mostBackoffMs?: number;
  readonly random?: Random;
}

/** List-watch of one kind in one namespace or in all. */
export class Reflector {
  readonly kind: KindName;
  readonly cache: Cache;
  readonly #options: ReflectorOptions;
  readonly #listeners: ChangeListener[] = [];
  readonly #random: Random;
  #loop: Promise<void> | null = null;
  #abort: AbortController | null = null;
  #synced = false;
  #lastContactMs = 0;
  #resolveSynced: () => void = () => undefined;
  readonly #whenSynced: Promise<void>;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.cache = options.cache ?? new Cache(options.indexers);
    this.#random = options.random ?? Math.random;
    this.#whenSynced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
  }

  /** True once a list has filled the cache. */
  get synced(): boolean {
    return this.#synced;
  }

  /** performance.now() of the last answer from the API server; 0 before the first. */
  get lastContactMs(): number {
    return this.#lastContactMs;
  }

  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  /** Resolves when the first list is in the cache. */
  whenSynced(): Promise<void> {
    return this.#whenSynced;
  }

  start(): void {
    if (this.#abort !== null) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#loop = this.#run(abort.signal);
  }

  /** Ends the watch; resolves when the loop has ended. */
  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#abort = null;
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { log, observer } = this.#options;
    const backoff = new Backoff(
      this.#options.firstBackoffMs ?? 800,
      this.#options.mostBackoffMs ?? 30_000,
      this.#random,
    );
    let resourceVersion = '';
    let relistAtMs = 0;
    while (!signal.aborted) {
      try {
        if (resourceVersion === '' || performance.now() >= relistAtMs) {
          resourceVersion = await this.#list(signal);
          relistAtMs =
            performance.now() + jittered(this.#options.relistMs ?? 600_000, 0.2, this.#random);
          backoff.reset();
        }
        const startedMs = performance.now();
        resourceVersion = await this.#watch(resourceVersion, signal);
        // A server that ends every watch at once must not be asked in a tight loop.
        if (performance.now() - startedMs < 1000) await delay(backoff.nextMs(), signal);
        else backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        const code = errorCode(error);
        observer.watchRestarted(this.kind, code);
        log.debug({ kind: this.kind, code, error: errorMessage(error) }, 'watch ended');
        if (isExpired(error)) resourceVersion = '';
        else if (error instanceof WatchInterrupted) resourceVersion = error.resourceVersion;
        if (backoff.failures === 5) {
          log.warn({ kind: this.kind, code, error: errorMessage(error) }, 'cannot watch; retrying');
        }
        await delay(backoffFor(error, backoff), signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, kind, namespace, labelSelector, observer } = this.#options;
    const { items, resourceVersion } = await client.list(
      kind,
      namespace,
      labelSelector === undefined ? {} : { labelSelector },
    );
    if (signal.aborted) return resourceVersion;
    this.#lastContactMs = performance.now();
    observer.relisted(kind);
    const scope = namespace === '' ? '' : `${namespace}/`;
    const gone = new Set(this.cache.keys().filter((key) => key.startsWith(scope)));
    let missed = 0;
    for (const item of items) {
      const key = keyOf(item);
      gone.delete(key);
      const before = this.cache.get(key);
      if (before?.metadata.resourceVersion === item.metadata.resourceVersion) continue;
      if (this.#synced) missed++;
      this.#put(item);
    }
    for (const key of gone) this.#remove(key);
    if (this.#synced && missed + gone.size > 0) observer.cacheMissed(kind, missed + gone.size);
    this.#synced = true;
    this.#resolveSynced();
    return resourceVersion;
  }

  /** Watches until the server ends it; returns the version to go on from. */
  async #watch(from: string, signal: AbortSignal): Promise<string> {
    const { client, kind, namespace, labelSelector } = this.#options;
    const seconds = Math.round(jittered(this.#options.watchSeconds ?? 360, 1 / 3, this.#random));
    let resourceVersion = from;
    let failure: Error | null = null;
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await client.stream({
        path: pathOf(kind, namespace),
        query: {
          watch: 'true',
          allowWatchBookmarks: 'true',
          resourceVersion,
          timeoutSeconds: String(seconds),
          ...(labelSelector === undefined ? {} : { labelSelector }),
        },
        silenceMs: seconds * 1000 + 30_000,
        signal: stop.signal,
        onLine: (line) => {
          if (signal.aborted || failure !== null) return;
          this.#lastContactMs = performance.now();
          const outcome = this.#take(line);
          if (typeof outcome === 'string') {
            if (outcome !== '') resourceVersion = outcome;
          } else {
            failure = outcome;
            stop.abort();
          }
        },
      });
    } catch (error) {
      if (failure === null) throw new WatchInterrupted(error, resourceVersion);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    if (failure !== null) throw failure as Error;
    return resourceVersion;
  }

  /** One watch event: the version it brings us to, or the error that ends this watch. */
  #take(line: string): string | Error {
    let event: { type?: string; object?: KubeObject & { code?: number; message?: string } };
    try {
      event = JSON.parse(line) as typeof event;
    } catch (error) {
      return new ExpiredError(`malformed watch event: ${errorMessage(error)}`);
    }
    const { type, object } = event;
    const resourceVersion = object?.metadata?.resourceVersion ?? '';
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
        if (object !== undefined) this.#put(object);
        return resourceVersion;
      case 'DELETED':
        if (object !== undefined) this.#remove(keyOf(object));
        return resourceVersion;
      case 'BOOKMARK':
        return resourceVersion;
      default:
        // ERROR, or a type of a later Kubernetes: start from a list, which is always right.
        return new ExpiredError(object?.message ?? `watch event ${String(type)}`);
    }
  }

  #put(received: KubeObject): void {
    const object = trimmed(received);
    const before = this.cache.set(object);
    this.#tell('set', object, before);
  }

  #remove(key: string): void {
    const before = this.cache.remove(key);
    if (before !== undefined) this.#tell('removed', before, before);
  }

  #tell(change: 'set' | 'removed', object: KubeObject, before: KubeObject | undefined): void {
    for (const listener of this.#listeners) {
      try {
        listener(change, object, before);
      } catch (error) {
        this.#options.log.warn(
          { kind: this.kind, key: keyOf(object), error: errorMessage(error) },
          'change listener failed',
        );
      }
    }
  }
}

/** The version that a watch started from is too old, or its events make no sense: list again. */
class ExpiredError extends Error {
  readonly code = 'Expired';
}

/** A watch broke; it can go on from `resourceVersion`. */
class WatchInterrupted extends Error {
  readonly code: string;
  override readonly cause: unknown;
  readonly resourceVersion: string;

  constructor(cause: unknown, resourceVersion: string) {
    super(errorMessage(cause));
    this.code = errorCode(cause);
    this.cause = cause;
    this.resourceVersion = resourceVersion;
  }
}
