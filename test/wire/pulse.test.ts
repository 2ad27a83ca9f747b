/**
 * The pulse in a shard of three real processes: a primary that is busy for seconds stays primary, with whatever it is
 * busy; one that is busy for longer than `maxStallMs` is replaced, and answers nothing afterwards.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import type { Options } from '#node/config/options.ts';
import { LocalCluster, type LocalMember } from '#operator/local/cluster.ts';
import { defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';

const MANIFEST = `
apiVersion: holdfast.dev/v1alpha1
kind: MemoryCluster
metadata: {name: busy}
spec:
  numReplicasPerShard: 1
  aclName: open-access
  tlsEnabled: false
  resources: {requests: {memory: 4Gi}, limits: {memory: 4Gi}}
`;
const STALL_SECONDS = 2;
/** More than a peer link would queue, or a disk write within `diskStallMs`. */
const LARGE_BYTES = 200 * 1024 * 1024;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startCluster(nodeOptions: Partial<Options>): Promise<LocalCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-pulse-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  const [definition] = defineClusters(parseManifests('busy', MANIFEST));
  const cluster = new LocalCluster({
    definition,
    directory,
    basePort: 0,
    nodeOptions: { enableTestCommands: 'yes', ...nodeOptions },
  });
  cleanups.push(() => cluster.stop());
  await cluster.start();
  for (const { logFile } of cluster.members()) await until(() => pulseLinks(logFile) >= 2);
  return cluster;
}

/** Links of its pulse thread that have come up, by the member's log. */
function pulseLinks(logFile: string): number {
  return readFileSync(logFile, 'utf8').split('"what":"up"').length - 1;
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await done())) await sleep(20);
}

async function primaryOf(cluster: LocalCluster): Promise<LocalMember> {
  const name = await cluster.primaryOf('0001');
  const found = cluster.members().find((member) => member.name === name);
  if (found === undefined) throw new Error('there is a primary');
  return found;
}

/** A client of one member that neither connects again nor tries again. */
function connectTo({ ports }: LocalMember): Redis {
  const redis = new Redis({
    host: '127.0.0.1',
    port: ports.client,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  redis.on('error', () => undefined);
  cleanups.push(() => redis.disconnect());
  return redis;
}

test('a primary that stands still for two seconds stays primary, and answers afterwards', async () => {
  const cluster = await startCluster({});
  const primary = await primaryOf(cluster);
  const { term } = await cluster.statusOf(primary.name);
  const [client, other] = [connectTo(primary), connectTo(primary)];
  expect(await other.set('k', '1')).toBe('OK');
  const fromMs = performance.now();
  const slept = client.call('DEBUG', 'SLEEP', String(STALL_SECONDS));
  const written = client.incr('k');
  expect(await slept).toBe('OK');
  expect(await written).toBe(2);
  expect(await other.get('k')).toBe('2');
  expect(performance.now() - fromMs).toBeGreaterThan(STALL_SECONDS * 1000 - 1);
  for (const { name } of cluster.members()) {
    expect((await cluster.statusOf(name)).term).toBe(term);
  }
});

test('a primary that stands still for longer than maxStallMs is replaced and answers nothing more', async () => {
  const cluster = await startCluster({ maxStallMs: 500 });
  const stalled = await primaryOf(cluster);
  const others = cluster.members().filter(({ name }) => name !== stalled.name);
  const client = connectTo(stalled);
  expect(await client.set('k', 'old')).toBe('OK');
  const answers = Promise.allSettled([
    client.call('DEBUG', 'SLEEP', String(STALL_SECONDS)),
    client.get('k'),
    client.set('k', 'lost'),
  ]);
  let next: LocalMember | undefined;
  await until(async () => {
    for (const member of others) {
      const { role } = await cluster.statusOf(member.name);
      if (role === 'primary') next = member;
    }
    return next !== undefined;
  });
  if (next === undefined) throw new Error('there is a next primary');
  expect(await connectTo(next).set('k', 'new')).toBe('OK');
  const settled = await answers;
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await connectTo(next).get('k')).toBe('new');
});

test('a value of 200 MiB is written without an election', async () => {
  // on a machine that has much else to do it takes many times as long
  const cluster = await startCluster({ maxStallMs: 30_000 });
  const primary = await primaryOf(cluster);
  const { term } = await cluster.statusOf(primary.name);
  const client = connectTo(primary);
  expect(await client.set('k', Buffer.alloc(LARGE_BYTES, 'x'))).toBe('OK');
  expect(await client.strlen('k')).toBe(LARGE_BYTES);
  for (const { name, kind } of cluster.members()) {
    await until(async () => (await cluster.statusOf(name)).keys === (kind === 'log' ? 0 : 1));
    expect((await cluster.statusOf(name)).term).toBe(term);
  }
});
