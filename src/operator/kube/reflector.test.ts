import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KubeClient } from './client.ts';
import { fail, FakeApiServer } from './testing/fake-api-server.ts';
import type { KubeObject } from './object.ts';
import { Reflector } from './reflector.ts';

const COLLECTION = '/api/v1/namespaces/app/configmaps';
const quiet = { debug: () => undefined, warn: () => undefined };

let server: FakeApiServer;
let client: KubeClient;
let reflector: Reflector;
let changes: string[];
let restarts: string[];

function configMap(name: string, value = ''): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'app' },
    data: { value },
  };
}

function names(): string[] {
  return reflector.cache.keys().map((key) => key.replace('app/', ''));
}

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
  client = new KubeClient({ config: server.config(), deadlineMs: 2000 });
  changes = [];
  restarts = [];
  reflector = new Reflector({
    client,
    kind: 'ConfigMap',
    namespace: 'app',
    indexers: { value: (object) => [(object['data'] as { value: string }).value] },
    log: quiet,
    observer: {
      watchRestarted: (_kind, code) => restarts.push(code),
      relisted: () => undefined,
      cacheMissed: () => undefined,
    },
    firstBackoffMs: 5,
    mostBackoffMs: 20,
  });
  reflector.onChange((change, object) => changes.push(`${change} ${object.metadata.name}`));
});

afterEach(async () => {
  await reflector.stop();
  client.close();
  await server.stop();
});

async function started(): Promise<void> {
  reflector.start();
  await reflector.whenSynced();
  await vi.waitFor(() => expect(server.watches).toBe(1));
}

test('the cache holds what was there and what came, changed and went', async () => {
  server.put(COLLECTION, configMap('a'));
  await started();
  server.put(COLLECTION, configMap('b', 'x'));
  server.put(COLLECTION, configMap('b', 'y'));
  server.remove(COLLECTION, 'a');
  await vi.waitFor(() => expect(changes).toEqual(['set a', 'set b', 'set b', 'removed a']));
  expect(reflector.cache.by('value', 'y').map((object) => object.metadata.name)).toEqual(['b']);
  expect(reflector.cache.by('value', 'x')).toEqual([]);
});

test('a watch that the server ends goes on where it was, from the last bookmark', async () => {
  await started();
  server.bookmark(COLLECTION);
  server.put(COLLECTION, configMap('a'));
  await vi.waitFor(() => expect(names()).toEqual(['a']));
  server.dropWatches('end');
  server.put(COLLECTION, configMap('b'));
  await vi.waitFor(() => expect(names()).toEqual(['a', 'b']));
  const lists = server.requests.filter((request) => request.query.get('watch') === null);
  expect(lists.length).toBe(1);
  expect(
    server.requests.every(
      (r) => r.query.get('watch') === null || r.query.get('allowWatchBookmarks') === 'true',
    ),
  ).toBe(true);
});

test('a reset connection leads to another watch, without losing an event', async () => {
  await started();
  server.dropWatches('reset');
  server.put(COLLECTION, configMap('a'));
  await vi.waitFor(() => expect(names()).toEqual(['a']));
});

test('after 410 the list finds the deletion that no watch told', async () => {
  server.put(COLLECTION, configMap('a'));
  server.put(COLLECTION, configMap('b'));
  await started();
  server.fault = (request, response) => {
    if (request.query.get('watch') !== 'true') return null;
    response.destroy();
    return 'handled';
  };
  server.dropWatches('reset');
  server.remove(COLLECTION, 'a', false);
  server.compact();
  server.fault = () => null;
  await vi.waitFor(() => expect(names()).toEqual(['b']));
  expect(changes).toContain('removed a');
  expect(restarts).toContain('Expired');
});

test('429 and 503 are tried again for as long as it takes', async () => {
  let refusals = 0;
  server.fault = (_request, response) => {
    if (++refusals > 6) return null;
    fail(response, refusals % 2 === 0 ? 503 : 429, 'TooManyRequests');
    return 'handled';
  };
  server.put(COLLECTION, configMap('a'));
  await started();
  expect(names()).toEqual(['a']);
});

test('a listener that throws does not stop the watch', async () => {
  reflector.onChange(() => {
    throw new Error('from a listener');
  });
  await started();
  server.put(COLLECTION, configMap('a'));
  server.put(COLLECTION, configMap('b'));
  await vi.waitFor(() => expect(names()).toEqual(['a', 'b']));
});

test('a malformed line leads to a new list', async () => {
  await started();
  server.raw(COLLECTION, '{"type":');
  await vi.waitFor(() => expect(restarts).toContain('Expired'));
  server.put(COLLECTION, configMap('a'));
  await vi.waitFor(() => expect(names()).toEqual(['a']));
});

test('after stop nothing is told any more', async () => {
  await started();
  await reflector.stop();
  server.put(COLLECTION, configMap('a'));
  expect(names()).toEqual([]);
  expect(changes).toEqual([]);
});

test('managed fields of others are not kept', async () => {
  const managedFields = [
    { manager: 'kubectl', operation: 'Apply', fieldsV1: {} },
    { manager: 'holdfast-operator', operation: 'Apply', fieldsV1: {} },
  ];
  const object = configMap('a');
  server.put(COLLECTION, { ...object, metadata: { ...object.metadata, managedFields } });
  await started();
  const kept = reflector.cache.get('app/a')?.metadata.managedFields;
  expect(kept?.map((entry) => entry.manager)).toEqual(['holdfast-operator']);
});
