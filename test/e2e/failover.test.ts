/**
 * Faults under load. Writers keep a ledger of what was acknowledged; afterwards every acknowledged key is there, and
 * no read ever went backwards, and no term had two primaries. Refused-write times are printed.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClientPod } from './client-pod.ts';
import { acl, memoryCluster, Namespace, secret, user } from './cluster.ts';
import { driver } from './choose-driver.ts';
import type { Node } from './driver.ts';
import type { Verdict } from './ledger.ts';
import { knownMembers, type Load, underLoad as runUnderLoad } from './load.ts';
import { eventually, kubectl } from './shell.ts';
import { Terms } from './terms.ts';
import { SYSTEM_NAMESPACE } from './setup.ts';

const PASSWORD = 'app-user-password-0123456789';

const cluster = driver();
let namespace: Namespace;
let load: Load;
let nodes: readonly Node[];
let terms: Terms;
let acknowledged = 0;

beforeAll(async () => {
  nodes = await cluster.nodes();
  namespace = await Namespace.create('e2e-failover');
  await namespace.apply(
    secret('app-user-password', { password: PASSWORD }),
    user('app-user', 'on ~* +@all', ['app-user-password']),
    acl('my-app-acl', ['app-user']),
    memoryCluster('shop', { numShards: 3, aclName: 'my-app-acl' }),
  );
  await namespace.ready('shop');
  await namespace.settled('shop');
  terms = new Terms(namespace);
  const pod = await ClientPod.start(namespace, { caConfigMap: 'shop-ca', node: nodes[0].name });
  load = { namespace, pod, settings: { HOST: 'shop', REDIS_USER: 'app-user', PASSWORD } };
});

afterEach(async () => {
  await cluster.heal();
  await namespace.settled('shop', 300_000);
});

afterAll(async () => {
  console.log(`e2e: ${terms.primaries.size} terms had a primary`);
  console.log(`e2e: ${acknowledged} writes acknowledged over all faults`);
  await namespace.drop();
});

/** A primary on another node than the clients, as the members say: status may lag. */
async function victim(): Promise<{ readonly pod: string; readonly node: string }> {
  for (const { pod, role } of await knownMembers(load)) {
    if (role !== 'master') continue;
    const { spec } = await namespace.get('pod', pod);
    const node = String(spec?.['nodeName']);
    if (node !== nodes[0].name) return { pod, node };
  }
  // All primaries are beside the clients: hand one over.
  const { status } = await namespace.cluster('shop');
  const [shard] = status.shards;
  const token = String(Date.now());
  await namespace.kubectl(
    'annotate',
    'memorycluster',
    'shop',
    '--overwrite',
    `holdfast.dev/failover=${shard.name}@${token}`,
  );
  return eventually('a primary elsewhere', 60_000, async () => {
    const now = await namespace.cluster('shop');
    const same = now.status.shards.find(({ name }) => name === shard.name);
    return same?.primary === shard.primary ? undefined : victim();
  });
}

async function underLoad(what: string, fault: () => Promise<void>): Promise<readonly Verdict[]> {
  const verdicts = await runUnderLoad(load, what, async () => {
    await terms.read('shop');
    await fault();
  });
  for (const verdict of verdicts) acknowledged += verdict.acknowledged;
  return verdicts;
}

function expectNothingLost(verdicts: readonly Verdict[]): void {
  for (const { violations, acknowledged } of verdicts) {
    expect(violations.slice(0, 5)).toEqual([]);
    expect(acknowledged).toBeGreaterThan(100);
  }
}

test('the primary pod is deleted with grace 0', async () => {
  const { pod: name } = await victim();
  expectNothingLost(
    await underLoad('pod deleted', async () => {
      await namespace.kubectl('delete', 'pod', name, '--grace-period=0', '--force', '--wait=false');
    }),
  );
});

test('the operator is deleted', async () => {
  const restart = async (): Promise<void> => {
    const words = ['delete', 'pods', '--all', '--grace-period=0', '--force', '--wait=false'];
    await kubectl(['-n', SYSTEM_NAMESPACE, ...words]);
  };
  expectNothingLost(await underLoad('operator deleted', restart));
});

test("the primary's node is cut off from the other two", async () => {
  const { node } = await victim();
  const others = nodes.filter(({ name }) => name !== node);
  expectNothingLost(
    await underLoad('node cut off', async () => {
      for (const { name } of others) await cluster.cutLink(node, name);
    }),
  );
});

test("the primary's node is frozen", async () => {
  const { node } = await victim();
  try {
    expectNothingLost(await underLoad('node frozen', () => cluster.freezeNode(node)));
  } finally {
    await cluster.thawNode(node);
  }
});

test("the power of the primary's node is cut", async () => {
  const { node } = await victim();
  try {
    expectNothingLost(await underLoad('power cut', () => cluster.stopNode(node)));
  } finally {
    await cluster.startNode(node);
  }
});

test('no term of a shard had two serving primaries', async () => {
  await terms.read('shop');
  expect(terms.primaries.size).toBeGreaterThanOrEqual(3);
  expect(terms.shared).toEqual([]);
});
