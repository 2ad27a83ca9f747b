import { afterEach, beforeEach, expect, test } from 'vitest';
import { Applier, mergeDifference, ownedBy } from './apply.ts';
import { KubeClient } from './client.ts';
import { errorCode } from './errors.ts';
import { FakeApiServer, mergePatch } from './testing/fake-api-server.ts';
import type { KubeObject } from './object.ts';

const COLLECTION = '/api/v1/namespaces/app/configmaps';
const quiet = { debug: () => undefined };

let server: FakeApiServer;
let client: KubeClient;
let applier: Applier;

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
  client = new KubeClient({ config: server.config() });
  applier = new Applier(client, { applied: () => undefined }, quiet);
});

afterEach(async () => {
  client.close();
  await server.stop();
});

const owner = {
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'MemoryCluster',
  name: 'shop',
  uid: 'owner-1',
  controller: true,
};

function desired(value: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shop-map', namespace: 'app', ownerReferences: [owner] },
    data: { value },
  };
}

function writes(): string[] {
  return server.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method);
}

test('an object is created, left alone while it is right, and changed when it is not', async () => {
  const ours = ownedBy('owner-1');
  const first = await applier.apply(desired('1'), undefined, ours);
  const second = await applier.apply(desired('1'), undefined, ours);
  const third = await applier.apply(desired('2'), second.object, ours);
  expect([first.outcome, second.outcome, third.outcome]).toEqual([
    'created',
    'unchanged',
    'changed',
  ]);
  expect(writes()).toEqual(['PATCH', 'PATCH']);
  const [request] = server.requests.filter(({ method }) => method === 'PATCH');
  expect(request.contentType).toBe('application/apply-patch+yaml');
  expect(request.query.get('fieldManager')).toBe('holdfast-operator');
});

test('an object that belongs to someone else is never written: NameTaken', async () => {
  const { ownerReferences: _, ...metadata } = desired('theirs').metadata;
  server.put(COLLECTION, { ...desired('theirs'), metadata });
  const failure = await applier
    .apply(desired('ours'), undefined, ownedBy('owner-1'))
    .catch((error: unknown) => error);
  expect(errorCode(failure)).toBe('NameTaken');
  expect(writes()).toEqual([]);
});

test('a status is written only when it differs, against the version that was read', async () => {
  const stored = server.put('/apis/holdfast.dev/v1alpha1/namespaces/app/memoryclusters', {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'MemoryCluster',
    metadata: { name: 'shop', namespace: 'app' },
    status: { phase: 'creating', old: { a: 1, b: 2 } },
  });
  expect(await applier.patchStatus(stored, { phase: 'creating', old: { a: 1, b: 2 } })).toBe(false);
  expect(await applier.patchStatus(stored, { phase: 'available', old: { b: 2 } })).toBe(true);
  const after = server.object('/apis/holdfast.dev/v1alpha1/namespaces/app/memoryclusters/shop');
  expect(after?.['status']).toEqual({ phase: 'available', old: { b: 2 } });
  const stale = await applier
    .patchStatus(stored, { phase: 'updating' })
    .catch((error: unknown) => error);
  expect(errorCode(stale)).toBe('Conflict');
});

test.each([
  [{ a: 1 }, { a: 1 }],
  [{ a: 1, b: { c: [1, 2], d: 3 } }, { b: { c: [2], e: null } }],
  [{}, { a: { b: 1 } }],
  [{ a: { b: 1 } }, { a: 'text' }],
])('the merge difference turns %j into %j', (before, after) => {
  const cleaned = JSON.parse(
    JSON.stringify(after, (_k, v: unknown) => (v === null ? undefined : v)),
  ) as unknown;
  expect(mergePatch(before, mergeDifference(before, cleaned))).toEqual(cleaned);
});

test('a request that is never answered ends at its deadline', async () => {
  server.fault = () => 'handled';
  const failure = await client
    .request({ method: 'GET', path: `${COLLECTION}/shop-map`, deadlineMs: 50 })
    .catch((error: unknown) => error);
  expect(errorCode(failure)).toBe('DeadlineExceeded');
});
