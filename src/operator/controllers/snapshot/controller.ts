/** Keeps the status of Snapshots. */
import { parsed } from '#operator/controllers/world.ts';
import type { World } from '#operator/controllers/world.ts';
import { stringAt } from '#operator/kube/object.ts';
import { planSnapshot } from './plan.ts';

export class SnapshotController {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async reconcile(key: string): Promise<number | null> {
    const { caches, applier } = this.#world;
    const object = caches.Snapshot.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return null;
    const cluster = `${object.metadata.namespace ?? ''}/${stringAt(object, 'spec', 'clusterName')}`;
    const status = planSnapshot(
      {
        generation: object.metadata.generation ?? 0,
        snapshot: parsed('Snapshot', object),
        clusterExists: caches.MemoryCluster.get(cluster) !== undefined,
      },
      new Date().toISOString(),
    );
    await applier.patchStatus(object, status);
    return null;
  }
}
