/** What users of MemoryDB know, one to one: the manifests of examples/how-to, and their two clients. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClientPod } from './client-pod.ts';
import { Namespace } from './cluster.ts';
import { PROJECT_FOLDER } from './images.ts';

const FOLDER = join(PROJECT_FOLDER, 'examples', 'how-to');
const CLUSTER = 'my-memorydb-cluster';

let namespace: Namespace;
let pod: ClientPod;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  namespace = await Namespace.create('e2e-how-to');
  await namespace.applyFile(FOLDER);
  await namespace.ready(CLUSTER);
  await namespace.settled(CLUSTER);
  pod = await ClientPod.start(namespace, { caConfigMap: `${CLUSTER}-ca` });
  const { data } = await namespace.get<{ data: { password: string } }>(
    'secret',
    'app-user-password',
  );
  const { endpoint } = (await namespace.cluster(CLUSTER)).status;
  environment = {
    HOST: endpoint?.address ?? '',
    PASSWORD: Buffer.from(data.password, 'base64').toString(),
  };
});

afterAll(async () => {
  await namespace.drop();
});

const program = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

test('redis-py as a cluster client with TLS: set, get, hset with a mapping, hgetall', async () => {
  const said = await pod.script(['python3', '-'], program('client.py'), environment);
  expect(said).toContain('hello');
  expect(said).toContain("{'name': 'Ada', 'plan': 'free'}");
});

test('ioredis as a cluster client with TLS and reads from replicas', async () => {
  const words = ['node', '--input-type=module', '-'];
  const said = await pod.script(words, program('client.mjs'), environment);
  expect(said).toContain('hello');
  expect(said).toMatch(/name: 'Ada'/);
});

test('fields that do nothing yet are listed', async () => {
  const { status } = await namespace.cluster(CLUSTER);
  expect(status.inactiveFields).toEqual([
    'snapshotRetentionLimit',
    'snapshotWindow',
    'maintenanceWindow',
  ]);
  expect(status.effective?.engineVersion).toBe('7.0');
});
