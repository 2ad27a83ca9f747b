/**
 * Kubernetes Events. The same event (object, type, reason, note) is written once and then counted in a
 * series, at most once in ten minutes, so that a condition that stays costs nothing. An Event that cannot
 * be written is dropped: conditions say the same.
 */
import { createHash } from 'node:crypto';
import type { KubeClient } from './client.ts';
import { PATCH } from './client.ts';
import { errorCode, isNotFound } from './errors.ts';
import { microTime } from './election.ts';
import { pathOf } from './kinds.ts';
import type { KubeObject } from './object.ts';

export interface EventInput {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, stable. */
  readonly reason: string;
  /** What the operator was doing, CamelCase. */
  readonly action: string;
  /** For people; at most 1024 bytes. */
  readonly note: string;
}

interface Written {
  readonly name: string;
  atMs: number;
  count: number;
}

const REPEAT_MS = 600_000;
const KEPT = 2000;

export class Recorder {
  readonly #client: KubeClient;
  readonly #instance: string;
  readonly #log: { debug(fields: object, message: string): void };
  readonly #written = new Map<string, Written>();

  constructor(
    client: KubeClient,
    instance: string,
    log: { debug(fields: object, message: string): void },
  ) {
    this.#client = client;
    this.#instance = instance;
    this.#log = log;
  }

  /** Records `event` about `object`. Never throws. */
  async record(object: KubeObject, event: EventInput): Promise<void> {
    const { uid = '', name, namespace = 'default' } = object.metadata;
    const note = event.note.slice(0, 1000);
    const key = [uid, event.type, event.reason, note].join('\0');
    const nowMs = Date.now();
    const written = this.#written.get(key);
    try {
      if (written !== undefined) {
        if (nowMs - written.atMs < REPEAT_MS) return;
        written.atMs = nowMs;
        written.count++;
        await this.#again(namespace, written, nowMs);
        return;
      }
      const suffix = createHash('sha256')
        .update(key)
        .update(String(nowMs))
        .digest('hex')
        .slice(0, 16);
      const entry = { name: `${name}.${suffix}`, atMs: nowMs, count: 1 };
      this.#remember(key, entry);
      await this.#client.create(
        {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { name: entry.name, namespace },
          eventTime: microTime(nowMs),
          reportingController: 'holdfast.dev/operator',
          reportingInstance: this.#instance,
          regarding: {
            apiVersion: object.apiVersion,
            kind: object.kind,
            name,
            namespace,
            uid,
            resourceVersion: object.metadata.resourceVersion,
          },
          type: event.type,
          reason: event.reason,
          action: event.action,
          note,
        },
        'holdfast-operator',
      );
    } catch (error) {
      if (isNotFound(error)) this.#written.delete(key);
      this.#log.debug({ reason: event.reason, code: errorCode(error) }, 'event not written');
    }
  }

  async #again(namespace: string, written: Written, nowMs: number): Promise<void> {
    await this.#client.request({
      method: 'PATCH',
      path: pathOf('Event', namespace, written.name),
      contentType: PATCH.merge,
      body: { series: { count: written.count, lastObservedTime: microTime(nowMs) } },
    });
  }

  #remember(key: string, entry: Written): void {
    this.#written.set(key, entry);
    if (this.#written.size <= KEPT) return;
    const oldest = this.#written.keys().next();
    if (oldest.done !== true) this.#written.delete(oldest.value);
  }
}
