/** From a manifest to a cluster that serves, over three zones, and what its status says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClientPod } from './client-pod.ts';
import { memoryCluster, Namespace } from './cluster.ts';

let namespace: Namespace;

beforeAll(async () => {
  namespace = await Namespace.create('e2e-install');
});

afterAll(async () => {
  await namespace.drop();
});

test('three shards of a primary and a replica are ready, spread over three zones', async () => {
  await namespace.apply(memoryCluster('shop', { numShards: 3 }));
  const readyMs = await namespace.ready('shop');
  console.log(`e2e: 3 shards x 2: Ready after ${readyMs} ms`);
  await namespace.settled('shop');
  const { status } = await namespace.cluster('shop');
  expect(status).toMatchObject({
    phase: 'available',
    ready: '3/3',
    availabilityMode: 'MultiAZ',
    endpoint: { address: 'shop.e2e-install.svc.cluster.local', port: 6379 },
    selector: 'holdfast.dev/cluster=shop',
    acl: { name: 'open-access' },
    inactiveFields: [],
  });
  expect(status.shards.map(({ slots }) => slots)).toEqual([
    ['0-5460'],
    ['5461-10922'],
    ['10923-16383'],
  ]);
  for (const shard of status.shards) {
    expect(shard.members.map(({ kind }) => kind)).toEqual(['data', 'data', 'log']);
    expect(new Set(shard.members.map(({ zone }) => zone)).size).toBe(3);
    expect(shard.members.every(({ voter }) => voter === true)).toBe(true);
  }
  const spread = status.conditions.find(({ type }) => type === 'ZoneSpread');
  expect(spread).toMatchObject({ status: 'True', reason: 'Spread' });
});

test('what is made has the documented names', async () => {
  const names = async (kind: string): Promise<string[]> =>
    (await namespace.list(kind, 'holdfast.dev/cluster=shop')).map(({ metadata }) => metadata.name);
  expect(await names('service')).toEqual(['shop', 'shop-nodes']);
  expect(await names('poddisruptionbudget')).toEqual(['shop-0001', 'shop-0002', 'shop-0003']);
  expect(await names('networkpolicy')).toEqual(['shop']);
  expect(await names('statefulset')).toContain('shop-0001-l01');
  expect(await names('persistentvolumeclaim')).toContain('shop-0003-002-1');
  expect(await names('configmap')).toEqual([
    'shop-0001-identity',
    'shop-0002-identity',
    'shop-0003-identity',
    'shop-ca',
  ]);
  const reasons = await namespace.eventReasons('MemoryCluster', 'shop');
  expect(reasons).toEqual(expect.arrayContaining(['ShardFormed', 'AllSlotsServed']));
});

test('a shard without replicas is as durable, over three zones', async () => {
  await namespace.apply(memoryCluster('lean', { numShards: 3, numReplicasPerShard: 0 }));
  const readyMs = await namespace.ready('lean');
  console.log(`e2e: 3 shards x 1: Ready after ${readyMs} ms`);
  await namespace.settled('lean');
  const { status } = await namespace.cluster('lean');
  expect(status.availabilityMode).toBe('SingleAZ');
  for (const shard of status.shards) {
    expect(shard.members.map(({ kind }) => kind)).toEqual(['data', 'log', 'log']);
    expect(new Set(shard.members.map(({ zone }) => zone)).size).toBe(3);
  }
});

test('a single shard has a Service for its primary, and plain text on request', async () => {
  await namespace.apply(memoryCluster('plain', { numShards: 1, tlsEnabled: false }));
  await namespace.ready('plain');
  await namespace.settled('plain');
  const pod = await ClientPod.start(namespace, { caConfigMap: '' });
  const said = await pod.script(
    ['python3', '-'],
    `import redis
primary = redis.Redis(host="plain-primary", port=6379, decode_responses=True)
primary.set("greeting", "hello")
print(primary.get("greeting"))
`,
  );
  expect(said).toContain('hello');
});
