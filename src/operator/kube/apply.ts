/**
 * Writes of owned objects: server-side apply with one field manager, only where something would change,
 * never over an object that is not ours. And status patches, only on a difference.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from './client.ts';
import { PATCH } from './client.ts';
import { isNotFound, LeftoverError, NameTakenError } from './errors.ts';
import { isKindName, pathOf } from './kinds.ts';
import type { KindName } from './kinds.ts';
import { invariant } from '#base/invariant.ts';
import { controllerOf, fieldAt, isRecord } from './object.ts';
import type { KubeObject } from './object.ts';
import { applyNeeded } from './owned-fields.ts';

export const FIELD_MANAGER = 'holdfast-operator';
export const STATUS_FIELD_MANAGER = 'holdfast-operator-status';

export type ApplyOutcome = 'created' | 'changed' | 'unchanged';

/** Says whether a live object is ours to write. */
export type OwnershipTest = (live: KubeObject) => boolean;

/** Ownership by controller reference: the usual test. */
export function ownedBy(uid: string): OwnershipTest {
  return (live) =>
    live.metadata.ownerReferences?.some(
      (owner) => owner.uid === uid && owner.controller === true,
    ) === true;
}

export interface ApplyObserver {
  applied(kind: string, outcome: ApplyOutcome): void;
}

export interface ApplyLog {
  debug(fields: object, message: string): void;
}

/** Applies desired objects. */
export class Applier {
  readonly #client: KubeClient;
  readonly #observer: ApplyObserver;
  readonly #log: ApplyLog;

  constructor(client: KubeClient, observer: ApplyObserver, log: ApplyLog) {
    this.#client = client;
    this.#observer = observer;
    this.#log = log;
  }

  /**
   * Makes the live object have the fields of `desired`. `live` is what a cache holds (undefined: the cache
   * has none; the server is asked). Throws {@link NameTakenError} when the live object is not `ours`.
   */
  async apply(
    desired: KubeObject,
    live: KubeObject | undefined,
    ours: OwnershipTest,
  ): Promise<{ outcome: ApplyOutcome; object: KubeObject }> {
    invariant(isKindName(desired.kind), `kind ${desired.kind} is one of ours`);
    const { name, namespace = '' } = desired.metadata;
    const present = live ?? (await this.#find(desired.kind, namespace, name));
    if (present !== undefined && !ours(present)) {
      if (isLeftover(present, desired)) throw new LeftoverError(desired.kind, name);
      throw new NameTakenError(desired.kind, name);
    }
    if (present !== undefined) {
      const reason = applyNeeded(desired, present, FIELD_MANAGER);
      if (reason === null) {
        this.#observer.applied(desired.kind, 'unchanged');
        return { outcome: 'unchanged', object: present };
      }
      this.#log.debug({ kind: desired.kind, namespace, name, reason }, 'applying a change');
    }
    const uid = present?.metadata.uid;
    const body: KubeObject =
      // With the uid, an object that was deleted meanwhile is a conflict, not made anew unseen.
      uid === undefined ? desired : { ...desired, metadata: { ...desired.metadata, uid } };
    const object = await this.#client.request<KubeObject>({
      method: 'PATCH',
      path: pathOf(desired.kind, namespace, name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: PATCH.apply,
      body,
    });
    const outcome = present === undefined ? 'created' : 'changed';
    this.#observer.applied(desired.kind, outcome);
    return { outcome, object };
  }

  /**
   * Writes `status` of `object` when it differs from the one that `object` carries. A conflict with a newer
   * object is thrown: the next look has it.
   */
  async patchStatus(
    object: KubeObject,
    status: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    invariant(isKindName(object.kind), `kind ${object.kind} is one of ours`);
    const wanted: unknown = JSON.parse(JSON.stringify(status));
    if (isDeepStrictEqual(wanted, fieldAt(object, 'status'))) return false;
    const { name, namespace = '', resourceVersion } = object.metadata;
    await this.#client.request({
      method: 'PATCH',
      path: pathOf(object.kind, namespace, name, 'status'),
      query: { fieldManager: STATUS_FIELD_MANAGER },
      contentType: PATCH.merge,
      body: {
        metadata: { resourceVersion },
        status: mergeDifference(fieldAt(object, 'status'), wanted),
      },
    });
    this.#observer.applied(`${object.kind}/status`, 'changed');
    return true;
  }

  /** Changes labels of an object by a merge patch; a null value removes a label. */
  async patchLabels(
    kind: KindName,
    namespace: string,
    name: string,
    labels: Readonly<Record<string, string | null>>,
    uid: string,
  ): Promise<void> {
    await this.#client.request({
      method: 'PATCH',
      path: pathOf(kind, namespace, name),
      query: { fieldManager: FIELD_MANAGER },
      contentType: PATCH.merge,
      body: { metadata: { uid, labels } },
    });
    this.#observer.applied(kind, 'changed');
  }

  /** Asks for the pod to be evicted; false when a disruption budget does not allow it now. */
  async evict(namespace: string, name: string, uid: string): Promise<boolean> {
    try {
      await this.#client.request({
        method: 'POST',
        path: pathOf('Pod', namespace, name, 'eviction'),
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace },
          deleteOptions: { preconditions: { uid } },
        },
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return true;
      if ((error as { status?: number }).status === 429) return false;
      throw error;
    }
  }

  async #find(kind: KindName, namespace: string, name: string): Promise<KubeObject | undefined> {
    try {
      return await this.#client.get(kind, namespace, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** Does `live` belong to an object of the same kind and name as the owner of `desired`, but an earlier one? */
export function isLeftover(live: KubeObject, desired: KubeObject): boolean {
  const owner = controllerOf(live);
  const ours = controllerOf(desired);
  if (owner === undefined || ours === undefined) return false;
  return owner.kind === ours.kind && owner.name === ours.name && owner.uid !== ours.uid;
}

/** The JSON merge patch (RFC 7386) that turns `before` into `after`. */
export function mergeDifference(before: unknown, after: unknown): unknown {
  if (!isRecord(before) || !isRecord(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(before)) if (after[name] === undefined) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined || isDeepStrictEqual(before[name], value)) continue;
    patch[name] = mergeDifference(before[name], value);
  }
  return patch;
}
