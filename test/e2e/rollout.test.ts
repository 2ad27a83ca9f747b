/** A change of the template: one member at a time, the primary last after a hand-over, nothing lost. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClientPod } from './client-pod.ts';
import { memoryCluster, Namespace } from './cluster.ts';
import { underLoad } from './load.ts';
import { eventually } from './shell.ts';

let namespace: Namespace;

beforeAll(async () => {
  namespace = await Namespace.create('e2e-rollout');
  await namespace.apply(memoryCluster('shop', { numShards: 1 }));
  await namespace.ready('shop');
  await namespace.settled('shop');
});

afterAll(async () => {
  await namespace.drop();
});

test('more memory restarts every member once, the old primary last, without losing a write', async () => {
  const before = await namespace.list('pods', 'holdfast.dev/cluster=shop');
  const pod = await ClientPod.start(namespace, { caConfigMap: 'shop-ca' });
  const resources = { limits: { memory: '640Mi' } };
  const load = { namespace, pod, settings: { HOST: 'shop' } };
  const verdicts = await underLoad(load, 'rollout', async () => {
    await namespace.apply(memoryCluster('shop', { numShards: 1, resources }));
    await eventually('the data members are restarted', 240_000, async () => {
      const { status } = await namespace.cluster('shop');
      const limit = status.effective?.resources.limits.memory;
      const done = limit === '640Mi' && status.pendingUpdates === undefined;
      return done ? true : undefined;
    });
    await namespace.settled('shop');
  });
  for (const { violations } of verdicts) expect(violations.slice(0, 5)).toEqual([]);
  const after = await namespace.list('pods', 'holdfast.dev/cluster=shop');
  const uids = new Map(before.map(({ metadata }) => [metadata.name, metadata.uid]));
  const restarted = after.filter(({ metadata }) => uids.get(metadata.name) !== metadata.uid);
  expect(restarted.map(({ metadata }) => metadata.name).toSorted()).toEqual([
    'shop-0001-001-0',
    'shop-0001-002-0',
  ]);
});
