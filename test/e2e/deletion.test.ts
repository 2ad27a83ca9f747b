/** Deleting a MemoryCluster removes what it owns; claims go by storage.reclaimPolicy; volumes are never formed over. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryCluster, Namespace } from './cluster.ts';
import { eventually } from './shell.ts';

let namespace: Namespace;

beforeAll(async () => {
  namespace = await Namespace.create('e2e-deletion');
});

afterAll(async () => {
  await namespace.drop();
});

const OWNED =
  'statefulsets,pods,services,configmaps,secrets,poddisruptionbudgets,networkpolicies,serviceaccounts';

async function gone(cluster: string, kinds: string): Promise<void> {
  await eventually(`${kinds} of ${cluster} are gone`, 120_000, async () => {
    const left = await namespace.list<{ kind: string; metadata: { name: string } }>(
      kinds,
      `holdfast.dev/cluster=${cluster}`,
    );
    if (left.length === 0) return true;
    throw new Error(left.map(({ kind, metadata }) => `${kind}/${metadata.name}`).join(', '));
  });
}

test('with Delete everything goes, claims too', async () => {
  await namespace.apply(
    memoryCluster('brief', { numShards: 1, storage: { reclaimPolicy: 'Delete' } }),
  );
  await namespace.ready('brief');
  await namespace.kubectl('delete', 'memorycluster', 'brief', '--wait');
  await gone('brief', `${OWNED},persistentvolumeclaims`);
});

test('with Retain the claims stay, and a new cluster of the name does not form over them', async () => {
  await namespace.apply(memoryCluster('kept', { numShards: 1 }));
  await namespace.ready('kept');
  const claims = await namespace.list('persistentvolumeclaims', 'holdfast.dev/cluster=kept');
  await namespace.kubectl('delete', 'memorycluster', 'kept', '--wait');
  await gone('kept', OWNED);
  const left = await namespace.list('persistentvolumeclaims', 'holdfast.dev/cluster=kept');
  expect(left.map(({ metadata }) => metadata.uid)).toEqual(
    claims.map(({ metadata }) => metadata.uid),
  );
  await namespace.apply(memoryCluster('kept', { numShards: 1 }));
  const stalled = { type: 'Stalled', status: 'True', reason: 'ForeignVolume' };
  await namespace.waitFor('memorycluster', 'kept', stalled);
  expect(await namespace.list('statefulsets', 'holdfast.dev/cluster=kept')).toEqual([]);
});

test('suspend takes the pods away and keeps the data; resume brings both back', async () => {
  await namespace.apply(memoryCluster('nap', { numShards: 1 }));
  await namespace.ready('nap');
  await namespace.settled('nap');
  await namespace.apply(memoryCluster('nap', { numShards: 1, suspend: true }));
  await gone('nap', 'pods');
  await namespace.waitFor('memorycluster', 'nap', {
    type: 'Ready',
    status: 'False',
    reason: 'Suspended',
  });
  await namespace.apply(memoryCluster('nap', { numShards: 1 }));
  await namespace.ready('nap');
  await namespace.settled('nap');
});
