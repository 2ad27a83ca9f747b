/** An operator that has nothing to do writes nothing; one that is restarted restarts nobody. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryCluster, Namespace } from './cluster.ts';
import { eventually, kubectl, sleep } from './shell.ts';
import { SYSTEM_NAMESPACE } from './setup.ts';

/** IDLE_MINUTES=10 for the full length. */
const IDLE_MS = Number(process.env['IDLE_MINUTES'] ?? 1) * 60_000;
const KINDS =
  'memoryclusters,users.holdfast.dev,acls,statefulsets,pods,persistentvolumeclaims,services,' +
  'serviceaccounts,configmaps,secrets,poddisruptionbudgets,networkpolicies,endpointslices,events';

let namespace: Namespace;

beforeAll(async () => {
  namespace = await Namespace.create('e2e-idle');
  await namespace.apply(
    memoryCluster('one', { numShards: 1 }),
    memoryCluster('two', { numShards: 1, numReplicasPerShard: 2 }),
    memoryCluster('three', { numShards: 1, numReplicasPerShard: 0, tlsEnabled: false }),
  );
  for (const name of ['one', 'two', 'three']) {
    await namespace.ready(name);
    await namespace.settled(name);
  }
});

afterAll(async () => {
  await namespace.drop();
});

/** resourceVersion by kind and name. */
async function versions(): Promise<Readonly<Record<string, string>>> {
  const objects = await namespace.list(KINDS);
  return Object.fromEntries(
    objects.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion]),
  );
}

async function podUids(): Promise<Readonly<Record<string, string>>> {
  const pods = await namespace.list('pods');
  return Object.fromEntries(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
}

function system(...words: string[]): Promise<string> {
  return kubectl(['-n', SYSTEM_NAMESPACE, ...words]);
}

async function deploymentReady(): Promise<void> {
  const words = [
    'rollout',
    'status',
    'deployment',
    '-l',
    'app.kubernetes.io/name=holdfast-operator',
  ];
  await system(...words, '--timeout=180s');
}

/** The operator's Lease is held by a pod that is there. */
async function someoneLeads(): Promise<void> {
  await eventually('a replica of the operator leads', 90_000, async () => {
    const path = 'jsonpath={.items[*].spec.holderIdentity}';
    const holders = await system('get', 'leases', '-o', path);
    const pods = await system('get', 'pods', '-o', 'name');
    const leads = holders.split(' ').some((name) => name !== '' && pods.includes(`pod/${name}`));
    return leads ? true : undefined;
  });
}

test('while nothing happens nothing is written but Leases', async () => {
  // What the last write set off (Events, endpoints) has come to rest when two looks are the same.
  await eventually('the namespace is at rest', 120_000, async () => {
    const before = await versions();
    await sleep(5000);
    const after = await versions();
    return JSON.stringify(before) === JSON.stringify(after) ? true : undefined;
  });
  const before = await versions();
  await sleep(IDLE_MS);
  expect(await versions()).toEqual(before);
});

test('an operator restart restarts no data pod', async () => {
  const before = await podUids();
  const all = ['delete', 'pods', '-l', 'app.kubernetes.io/name=holdfast-operator', '--wait=false'];
  await system(...all);
  await deploymentReady();
  await someoneLeads();
  await sleep(10_000);
  expect(await podUids()).toEqual(before);
});

test('a new operator with another image for new clusters restarts no data pod', async () => {
  const before = await podUids();
  const selector = 'app.kubernetes.io/name=holdfast-operator';
  const path = 'jsonpath={.items[0].metadata.name}';
  const name = await system('get', 'deployments', '-l', selector, '-o', path);
  const deployment = JSON.parse(await system('get', 'deployment', name, '-o', 'json')) as {
    spec: { template: { spec: { containers: { name: string; args: string[] }[] } } };
  };
  const [container] = deployment.spec.template.spec.containers;
  const setImage = async (args: readonly string[]): Promise<void> => {
    const containers = [{ name: container.name, args }];
    const patch = { spec: { template: { spec: { containers } } } };
    await system('patch', 'deployment', name, '-p', JSON.stringify(patch));
    await deploymentReady();
    await someoneLeads();
  };
  try {
    await setImage(
      container.args.map((arg) => (arg.startsWith('--image=') ? '--image=holdfast:next' : arg)),
    );
    await sleep(10_000);
    expect(await podUids()).toEqual(before);
    const { status } = await namespace.cluster('one');
    expect(status.effective?.image).not.toBe('holdfast:next');
  } finally {
    await setImage(container.args);
  }
});
