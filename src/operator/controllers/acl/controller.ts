/** Keeps the status of ACLs, and tells the clusters that use them when the users change. */
import type { AclStatus } from '#operator/api/acl.ts';
import { observeUser } from '#operator/controllers/user/observe.ts';
import { INDEX, parsed } from '#operator/controllers/world.ts';
import type { UsersInForce, World } from '#operator/controllers/world.ts';
import { planAcl } from './plan.ts';
import type { NamedUser } from './plan.ts';

export class AclController {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async reconcile(key: string): Promise<number | null> {
    const { caches, applier, recorder, enqueue, usersInForce } = this.#world;
    const object = caches.ACL.get(key);
    const clusters = caches.MemoryCluster.by(INDEX.refers, key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      for (const { metadata } of clusters) {
        enqueue('MemoryCluster', `${metadata.namespace ?? ''}/${metadata.name}`);
      }
      return null;
    }
    const { namespace = '' } = object.metadata;
    const acl = parsed('ACL', object);
    const users = new Map<string, NamedUser>();
    for (const name of acl.ok ? acl.value.spec.userNames : []) {
      const user = caches.User.get(`${namespace}/${name}`);
      if (user === undefined) users.set(name, 'missing');
      else {
        const { setting, ready } = await observeUser(this.#world, user);
        users.set(name, setting === null ? { reason: ready.message } : 'ready');
      }
    }
    const applied = new Map<string, UsersInForce | null>();
    for (const { metadata } of clusters) {
      const inForce = usersInForce.get(`${namespace}/${metadata.name}`);
      applied.set(metadata.name, inForce?.aclName === object.metadata.name ? inForce : null);
    }
    const { status, events } = planAcl(
      {
        generation: object.metadata.generation ?? 0,
        acl,
        status: acl.ok ? acl.value.status : (object['status'] as AclStatus | undefined),
        users,
        clusters: applied,
      },
      new Date().toISOString(),
    );
    await applier.patchStatus(object, status);
    for (const event of events) await recorder.record(object, event);
    return null;
  }
}
