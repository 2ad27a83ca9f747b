/**
 * A node with `enable-test-commands`, over a real socket: what the simulation cannot show, that it stands still
 * when it is told to sleep and that the log it reloads is the one on disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalCluster } from '#operator/local/cluster.ts';
import { defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';

const MANIFEST = `
apiVersion: holdfast.dev/v1alpha1
kind: MemoryCluster
metadata: {name: suite}
spec: {numReplicasPerShard: 0, aclName: open-access, tlsEnabled: false}
`;

const directory = mkdtempSync(join(tmpdir(), 'holdfast-suite-'));
const [definition] = defineClusters(parseManifests('suite', MANIFEST));
const cluster = new LocalCluster({
  definition,
  directory,
  basePort: 0,
  nodeOptions: { enableTestCommands: 'yes' },
});
let redis: Redis;

beforeAll(async () => {
  await cluster.start();
  const [{ host, port }] = cluster.endpoints;
  redis = new Redis({ host, port });
}, 120_000);

afterAll(async () => {
  redis?.disconnect();
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('DEBUG RELOAD reads the log from the disk', async () => {
  const values = Array.from({ length: 500 }, (_, i) => [String(i / 4), `m${i}`]).flat();
  await redis.zadd('z', ...values);
  await redis.set('s', 'v');
  const digest = await redis.call('DEBUG', 'DIGEST');
  expect(await redis.call('DEBUG', 'RELOAD')).toBe('OK');
  expect(await redis.call('DEBUG', 'LOADAOF')).toBe('OK');
  expect(await redis.call('DEBUG', 'DIGEST')).toBe(digest);
  expect(await redis.zcard('z')).toBe(500);
  expect(await redis.incr('n')).toBe(1);
});

test('DEBUG SLEEP holds everything up for as long as it says', async () => {
  const other = redis.duplicate();
  await other.ping();
  const from = performance.now();
  const slept = redis.call('DEBUG', 'SLEEP', '0.2');
  await redis.ping();
  await other.ping();
  expect(await slept).toBe('OK');
  expect(performance.now() - from).toBeGreaterThan(199);
  other.disconnect();
});

test('CONFIG SET maxmemory refuses writes and lets reads through', async () => {
  await redis.call('CONFIG', 'SET', 'maxmemory', '1');
  await expect(redis.set('k', 'v')).rejects.toThrow('OOM');
  expect(await redis.get('s')).toBe('v');
  await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  expect(await redis.set('k', 'v')).toBe('OK');
});
