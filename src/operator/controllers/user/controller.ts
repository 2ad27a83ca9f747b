/** Keeps the status of Users, and tells the ACLs and clusters that use them when something changed. */
import type { UserStatus } from '#operator/api/user.ts';
import { parsed } from '#operator/controllers/world.ts';
import { INDEX } from '#operator/controllers/world.ts';
import type { World } from '#operator/controllers/world.ts';
import { jittered } from '#operator/kube/backoff.ts';
import { observeUser } from './observe.ts';
import { planUser } from './plan.ts';

/** Secrets are not watched: a changed password is found by looking, this often. */
const LOOK_AGAIN_MS = 30_000;

export class UserController {
  readonly #world: World;
  /** What was in the verdict last time, to notice a changed password. */
  readonly #digests = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  async reconcile(key: string): Promise<number | null> {
    const { caches, applier, recorder } = this.#world;
    const object = caches.User.get(key);
    const acls = caches.ACL.by(INDEX.refers, key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      if (this.#digests.delete(key)) this.#tell(acls);
      return null;
    }
    const verdict = await observeUser(this.#world, object);
    const user = parsed('User', object);
    const { status, events } = planUser(
      {
        generation: object.metadata.generation ?? 0,
        status: user.ok ? user.value.status : (object['status'] as UserStatus | undefined),
        verdict,
        aclNames: acls.map((acl) => acl.metadata.name),
      },
      new Date().toISOString(),
    );
    const digest = JSON.stringify([verdict.setting, verdict.ready.reason]);
    if (this.#digests.get(key) !== digest) {
      this.#digests.set(key, digest);
      this.#tell(acls);
    }
    await applier.patchStatus(object, status);
    for (const event of events) await recorder.record(object, event);
    return jittered(LOOK_AGAIN_MS);
  }

  /** ACLs show what their users are, clusters apply it. */
  #tell(acls: readonly { readonly metadata: { namespace?: string; name: string } }[]): void {
    const { caches, enqueue } = this.#world;
    for (const { metadata } of acls) {
      const key = `${metadata.namespace ?? ''}/${metadata.name}`;
      enqueue('ACL', key);
      for (const cluster of caches.MemoryCluster.by(INDEX.refers, key)) {
        enqueue('MemoryCluster', `${metadata.namespace ?? ''}/${cluster.metadata.name}`);
      }
    }
  }
}
