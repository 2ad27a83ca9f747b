import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Histogram } from './histogram.ts';
import { METRICS } from './metrics.ts';
import type { MetricKey, MetricsSample } from './metrics.ts';
import { ProbeServer } from './probes.ts';
import type { ProbeOptions, ProbeSource } from './probes.ts';
import { Metrics, metricName, renderMetrics } from './registry.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const syncs = new Histogram([0.001, 0.01]);
for (const seconds of [0.0005, 0.001, 0.005, 2]) syncs.observe(seconds);

const SAMPLE: MetricsSample = {
  info: { version: '0.1.0', engine_version: '7.2', kind: 'data' },
  role: { primary: 1, replica: 0 },
  commandsTotal: { get: 5, set: 7 },
  commandErrorsTotal: {},
  commandDurationSeconds: { get: syncs },
  connections: 3,
  connectionsTotal: 9,
  rejectedConnectionsTotal: 0,
  netInputBytesTotal: 100,
  netOutputBytesTotal: 200,
  netStaticRead: 1,
  databaseMemoryUsagePercentage: 12.5,
  memoryUsedBytes: 1000,
  maxmemoryBytes: 8000,
  keys: 4,
  expiredKeysTotal: 1,
  keyspaceHitsTotal: 2,
  keyspaceMissesTotal: 3,
  logAppendBytesTotal: 4,
  logAppendEntriesTotal: 5,
  logSyncDurationSeconds: syncs,
  logDiskFreeBytes: 6,
  raftTerm: 7,
  raftCommitIndex: 8,
  raftAppliedIndex: 9,
  raftLastIndex: 10,
  leaseValid: 1,
  replicationLagEntries: { 'shop-0001-002': 2 },
  withheldReplies: 0,
  leaderChangesTotal: 1,
  peerLinkUp: { 'shop-0001-002': 1 },
  pulseLinkUp: { 'shop-0001-002': 1 },
  peerDroppedFramesTotal: 0,
  eventLoopLagSeconds: 0.001,
  tlsNotAfterTimestampSeconds: { client: 1e9 },
};
const LABELS = { memorycluster: 'shop', shard: '0001', member: 'shop-0001-001' };
const ALL = 'memorycluster="shop",shard="0001",member="shop-0001-001"';

test('a scrape shows every metric of the table with its type, help, labels and figure', async () => {
  const metrics = new Metrics({ sample: () => SAMPLE }, { labels: LABELS, processMetrics: false });
  const text = await metrics.text();
  for (const key of Object.keys(METRICS) as MetricKey[]) {
    expect(text).toContain(`# HELP ${metricName(key)} ${METRICS[key].help}\n`);
  }
  const lines = text.split('\n');
  expect(lines).toContain('# TYPE holdfast_connections_total counter');
  expect(lines).toContain(`holdfast_connections_total{${ALL}} 9`);
  expect(lines).toContain(`holdfast_commands_total{command="set",${ALL}} 7`);
  expect(lines).toContain('# TYPE holdfast_info gauge');
  expect(lines).toContain(
    `holdfast_info{version="0.1.0",engine_version="7.2",kind="data",${ALL}} 1`,
  );
  expect(lines).toContain('# TYPE holdfast_log_sync_duration_seconds histogram');
  const bucket = 'holdfast_log_sync_duration_seconds_bucket';
  expect(lines).toContain(`${bucket}{le="0.001",${ALL}} 2`);
  expect(lines).toContain(`${bucket}{le="0.01",${ALL}} 3`);
  expect(lines).toContain(`${bucket}{le="+Inf",${ALL}} 4`);
  expect(lines).toContain(`holdfast_log_sync_duration_seconds_count{${ALL}} 4`);
  expect(lines).toContain(`holdfast_log_sync_duration_seconds_sum{${ALL}} 2.0065`);
  expect(lines).toContain(
    `holdfast_command_duration_seconds_bucket{le="0.01",command="get",${ALL}} 3`,
  );
});

test('counters show the figure of the sample, however often they are scraped', async () => {
  const metrics = new Metrics({ sample: () => SAMPLE }, { labels: LABELS });
  await metrics.text();
  const text = await metrics.text();
  expect(text).toContain(`holdfast_connections_total{${ALL}} 9\n`);
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds\{/m);
});

test('metric names are snake case, counters end in _total, durations in _seconds', () => {
  for (const key of Object.keys(METRICS) as MetricKey[]) {
    const name = metricName(key);
    expect(name).toMatch(/^holdfast_[a-z]+(_[a-z]+)*$/);
    const { type } = METRICS[key];
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect([name, type !== 'histogram' || name.endsWith('_seconds')]).toEqual([name, true]);
  }
});

test('docs/METRICS.md is what the table says (node src/node/admin/generate.ts)', () => {
  const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'METRICS.md');
  expect(readFileSync(path, 'utf8')).toBe(renderMetrics());
});

async function start(source: Partial<ProbeSource>, options: Partial<ProbeOptions> = {}) {
  const server = new ProbeServer(
    {
      host: '127.0.0.1',
      port: 0,
      livenessSilenceMs: 30_000,
      onError: () => undefined,
      ...options,
    },
    {
      ready: () => ({ ready: true, reason: '' }),
      metrics: () => Promise.resolve('a 1\n'),
      ...source,
    },
  );
  const port = await server.start();
  cleanups.push(() => server.close());
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  return { server, port, get };
}

test('the plain port answers probes and metrics, and nothing else', async () => {
  let reason = '';
  const { get, port } = await start({ ready: () => ({ ready: reason === '', reason }) });
  expect(await get('/livez')).toEqual({ status: 200, body: 'ok\n' });
  expect(await get('/readyz')).toEqual({ status: 200, body: 'ok\n' });
  reason = 'catching up';
  expect(await get('/readyz?x=1')).toEqual({ status: 503, body: 'catching up\n' });
  expect(await get('/metrics')).toEqual({ status: 200, body: 'a 1\n' });
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  expect((await get('/')).status).toBe(404);
  expect((await get('/livez', 'POST')).status).toBe(405);
});

test('a port in use is reported by start', async () => {
  const { port } = await start({});
  await expect(start({}, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('/readyz and /metrics say so when the command thread does not answer in time', async () => {
  const { get } = await start(
    { metrics: () => new Promise(() => undefined) },
    { answerTimeoutMs: 50 },
  );
  expect(await get('/metrics')).toEqual({
    status: 503,
    body: 'the command thread did not answer within 50 ms\n',
  });
});

test('a scrape that fails is answered with why, and ends nothing', async () => {
  const { get } = await start({ metrics: () => Promise.reject(new Error('no figures')) });
  expect(await get('/metrics')).toEqual({ status: 500, body: 'no figures\n' });
  expect((await get('/readyz')).status).toBe(200);
});

/** Asks /livez from a process of its own, since this one will be busy. */
const ASK = `
const [port, untilStatus] = process.argv.slice(1).map(Number);
const poll = async () => {
  const { status } = await fetch('http://127.0.0.1:' + port + '/livez');
  if (status === untilStatus) process.exit(0);
  setTimeout(poll, 20);
};
poll();
setTimeout(() => process.exit(1), 20000);
`;

test('/livez fails when the command thread has been silent for too long, and recovers', async () => {
  const { spawnSync } = await import('node:child_process');
  const { get, port, server } = await start({}, { livenessSilenceMs: 400, beatMs: 50 });
  expect((await get('/livez')).status).toBe(200);
  // spawnSync blocks this thread, which is the command thread here
  const asked = spawnSync(process.execPath, ['-e', ASK, String(port), '503']);
  expect(asked.status).toBe(0);
  server.takeLoopLagSeconds();
  let status = 503;
  while (status !== 200) ({ status } = await get('/livez'));
  expect(server.takeLoopLagSeconds()).toBeGreaterThan(0.2);
  expect(server.takeLoopLagSeconds()).toBeLessThan(0.2);
});
