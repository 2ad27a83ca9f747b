/**
 * One leader among the operator's replicas, by a Lease: 15 s long, renewed within 10 s, tried every 2 s.
 * Optimistic by resourceVersion. A leader that could not renew in time has lost, whatever the Lease says:
 * the process must end, since another may already be acting.
 * A holder is judged by our own clock since we saw its record change, never by its timestamps.
 */
import { delay, jittered } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { errorCode, isConflict, isNotFound } from './errors.ts';
import { pathOf } from './kinds.ts';
import { numberAt, stringAt } from './object.ts';
import type { KubeObject } from './object.ts';

export interface ElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** This replica; unique (the pod's name). */
  readonly identity: string;
  readonly leaseMs?: number;
  readonly renewMs?: number;
  readonly retryMs?: number;
  readonly onElected: () => void;
  /** Leadership is gone and cannot be had back: end the process. */
  readonly onLost: (reason: string) => void;
  readonly log: { info(fields: object, message: string): void };
  readonly nowWallMs?: () => number;
}

/** RFC 3339 with microseconds: what the API server takes for a MicroTime (milliseconds alone fail). */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}

export class Election {
  readonly #options: ElectionOptions;
  readonly #leaseMs: number;
  readonly #renewMs: number;
  readonly #retryMs: number;
  /** The watchdog ends what takes too long; a busy server gets some time. */
  readonly #requestMs: number;
  readonly #abort = new AbortController();
  #loop: Promise<void> | null = null;
  #leading = false;
  #lease: KubeObject | null = null;
  /** The record last seen, and when we saw it change. */
  #seenVersion = '';
  #seenAtMs = 0;
  /** Runs from the start of the last renewal that went through: nothing slow can outlast it. */
  #watchdog: ReturnType<typeof setTimeout> | null = null;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#renewMs = options.renewMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2000;
    this.#requestMs = this.#renewMs / 2;
  }

  get leading(): boolean {
    return this.#leading;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Stops; gives the Lease up so that another replica need not wait for its end. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
    if (!this.#leading) return;
    this.#leading = false;
    try {
      await this.#write('', 1);
    } catch (error) {
      this.#options.log.info({ code: errorCode(error) }, 'could not give the lease up');
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const askedMs = performance.now();
      const held = await this.#attempt();
      if (held && !signal.aborted) {
        this.#watch(this.#renewMs - (performance.now() - askedMs));
        if (!this.#leading) {
          this.#leading = true;
          this.#options.log.info({ identity: this.#options.identity }, 'elected');
          this.#options.onElected();
        }
      }
      await delay(jittered(this.#retryMs, 0.1), signal);
    }
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
  }

  #watch(leftMs: number): void {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(
      () => this.#lose(`the lease was not renewed for ${this.#renewMs} ms`),
      leftMs,
    );
  }

  #lose(reason: string): void {
    if (!this.#leading) return;
    this.#leading = false;
    this.#abort.abort();
    this.#options.onLost(reason);
  }

  /** Takes or renews the Lease; false when another holds it or the server did not answer. */
  async #attempt(): Promise<boolean> {
    const { identity } = this.#options;
    try {
      // While it is ours the version that we wrote last tells whether anyone wrote since.
      if (!this.#leading || this.#lease === null) await this.#read();
      const holder = stringAt(this.#lease, 'spec', 'holderIdentity');
      if (holder !== '' && holder !== identity && !this.#isOver()) {
        this.#lose(`${holder} holds the lease`);
        return false;
      }
      await this.#write(identity, this.#leaseMs / 1000);
      return true;
    } catch (error) {
      // Whatever it was, the next attempt starts from what the server has.
      this.#lease = null;
      const fields = { code: errorCode(error), conflict: isConflict(error) };
      this.#options.log.info(fields, 'lease not written');
      return false;
    }
  }

  async #read(): Promise<void> {
    const { client, namespace, name } = this.#options;
    try {
      this.#lease = await client.request<KubeObject>({
        method: 'GET',
        path: pathOf('Lease', namespace, name),
        deadlineMs: this.#requestMs,
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#lease = null;
    }
    const version = this.#lease?.metadata.resourceVersion ?? '';
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    this.#seenAtMs = performance.now();
  }

  /** The holder has not renewed for the length of the Lease, by our clock. */
  #isOver(): boolean {
    const seconds = numberAt(this.#lease, 'spec', 'leaseDurationSeconds');
    return performance.now() - this.#seenAtMs > Math.max(seconds * 1000, this.#leaseMs);
  }

  async #write(holderIdentity: string, leaseDurationSeconds: number): Promise<void> {
    const { client, namespace, name } = this.#options;
    const now = microTime((this.#options.nowWallMs ?? Date.now)());
    const held = this.#lease;
    const same = held !== null && stringAt(held, 'spec', 'holderIdentity') === holderIdentity;
    const spec = {
      holderIdentity,
      leaseDurationSeconds,
      renewTime: now,
      acquireTime: same ? stringAt(held, 'spec', 'acquireTime') || now : now,
      leaseTransitions:
        numberAt(held, 'spec', 'leaseTransitions') + (same || held === null ? 0 : 1),
    };
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, resourceVersion: held?.metadata.resourceVersion },
      spec,
    };
    this.#lease = await client.request<KubeObject>({
      method: held === null ? 'POST' : 'PUT',
      path: pathOf('Lease', namespace, held === null ? '' : name),
      body,
      deadlineMs: this.#requestMs,
    });
    this.#seenVersion = this.#lease.metadata.resourceVersion ?? '';
    this.#seenAtMs = performance.now();
  }
}
