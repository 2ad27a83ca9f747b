import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KubeClient } from './client.ts';
import { Election, microTime } from './election.ts';
import { FakeApiServer } from './testing/fake-api-server.ts';
import { stringAt } from './object.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/ops/leases/operator';
const quiet = { info: () => undefined };

let server: FakeApiServer;
let clients: KubeClient[];
let elections: Election[];
let told: string[];

beforeEach(async () => {
  server = new FakeApiServer();
  await server.start();
  clients = [];
  elections = [];
  told = [];
});

afterEach(async () => {
  await Promise.all(elections.map((election) => election.stop()));
  for (const client of clients) client.close();
  await server.stop();
});

function candidate(identity: string): Election {
  const client = new KubeClient({ config: server.config() });
  clients.push(client);
  const election = new Election({
    client,
    namespace: 'ops',
    name: 'operator',
    identity,
    leaseMs: 300,
    renewMs: 200,
    retryMs: 40,
    onElected: () => told.push(`${identity} elected`),
    onLost: () => told.push(`${identity} lost`),
    log: quiet,
  });
  elections.push(election);
  election.start();
  return election;
}

test('one of two leads; the other takes over when the first gives the lease up', async () => {
  const first = candidate('a');
  await vi.waitFor(() => expect(told).toEqual(['a elected']));
  candidate('b');
  await first.stop();
  await vi.waitFor(() => expect(told).toEqual(['a elected', 'b elected']));
  expect(stringAt(server.object(LEASE), 'spec', 'holderIdentity')).toBe('b');
});

test('a leader that cannot renew says that it lost, before another may lead', async () => {
  candidate('a');
  await vi.waitFor(() => expect(told).toEqual(['a elected']));
  server.fault = () => 'handled';
  await vi.waitFor(() => expect(told).toEqual(['a elected', 'a lost']));
  server.fault = () => null;
  candidate('b');
  await vi.waitFor(() => expect(told).toContain('b elected'));
});

test('a leader whose lease another took loses at once', async () => {
  candidate('a');
  await vi.waitFor(() => expect(told).toEqual(['a elected']));
  const lease = server.object(LEASE);
  if (lease === undefined) throw new Error('no lease');
  const spec = { ...(lease['spec'] as object), holderIdentity: 'thief' };
  server.put('/apis/coordination.k8s.io/v1/namespaces/ops/leases', { ...lease, spec });
  await vi.waitFor(() => expect(told).toEqual(['a elected', 'a lost']));
});

test('times have six digits after the point', () => {
  expect(microTime(0)).toBe('1970-01-01T00:00:00.000000Z');
});
