/** A real Prometheus scrapes real nodes: every metric of the table arrives, and promtool finds no fault. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { METRICS, type MetricKey } from '#node/admin/metrics.ts';
import { metricName } from '#node/admin/registry.ts';
import { LocalCluster } from '#operator/local/cluster.ts';
import { defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';

const directory = mkdtempSync(join(tmpdir(), 'holdfast-metrics-'));
const manifest = {
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'MemoryCluster',
  metadata: { name: 'metrics' },
  spec: { numReplicasPerShard: 1, tlsEnabled: false },
};
const [definition] = defineClusters(parseManifests('metrics', JSON.stringify(manifest)));
const cluster = new LocalCluster({ definition, directory, basePort: 0 });
let prometheus: ChildProcess | null = null;
let prometheusUrl = '';

beforeAll(async () => {
  await cluster.start();
  const [{ host, port }] = cluster.endpoints;
  const client = new Redis({ host, port });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
  const targets = cluster.members().map(({ ports }) => `127.0.0.1:${ports.metrics}`);
  const config = join(directory, 'prometheus.yml');
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [{ job_name: 'holdfast', static_configs: [{ targets }] }],
    }),
  );
  const listen = `127.0.0.1:${await freePort()}`;
  prometheusUrl = `http://${listen}`;
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'prometheus')}`,
      `--web.listen-address=${listen}`,
    ],
    { stdio: 'ignore' },
  );
}, 120_000);

afterAll(async () => {
  if (prometheus !== null) {
    const ended = new Promise((resolve) => prometheus?.once('exit', resolve));
    prometheus.kill('SIGTERM');
    await ended;
  }
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('Prometheus scrapes every member', { timeout: 60_000 }, async () => {
  const members = cluster.members().length;
  const up = await eventually(async () => {
    const rows = await query('up{job="holdfast"} == 1');
    return rows.length === members ? rows : null;
  });
  expect(up).toHaveLength(members);
});

test('every metric of the table is there, with its help', { timeout: 60_000 }, async () => {
  const [member] = cluster.members();
  const text = await (await fetch(`http://127.0.0.1:${member.ports.metrics}/metrics`)).text();
  for (const key of Object.keys(METRICS) as MetricKey[]) {
    const name = metricName(key);
    expect(text).toContain(`# HELP ${name} `);
    expect(text).toContain(`# TYPE ${name} `);
  }
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  const faults = `${checked.stdout}${checked.stderr}`
    .split('\n')
    .filter((line) => line.startsWith('holdfast_'));
  expect(faults).toEqual([]);
});

test('figures make sense: one primary, commands counted, a lease', {
  timeout: 60_000,
}, async () => {
  const labels = 'memorycluster="metrics",shard="0001"';
  const primaries = await eventually(async () => {
    const rows = await query(`holdfast_role{${labels},role="primary"} == 1`);
    return rows.length === 1 ? rows : null;
  });
  expect(primaries).toHaveLength(1);
  expect(await query(`holdfast_lease_valid{${labels}} == 1`)).toHaveLength(1);
  expect(await query(`holdfast_raft_term{${labels}} >= 1`)).toHaveLength(3);
  const memory = await query(`holdfast_database_memory_usage_percentage{${labels}}`);
  expect(memory).toHaveLength(3);
});

interface Row {
  readonly metric: Readonly<Record<string, string>>;
}

async function query(expression: string): Promise<Row[]> {
  try {
    const url = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = (await (await fetch(url)).json()) as { data?: { result?: Row[] } };
    return answer.data?.result ?? [];
  } catch {
    return []; // not listening yet
  }
}

/** Asks until there is an answer; null after 40 seconds. */
async function eventually<T>(ask: () => Promise<T | null>): Promise<T | null> {
  const endMs = performance.now() + 40_000;
  while (performance.now() < endMs) {
    const answer = await ask();
    if (answer !== null) return answer;
    await delay(200);
  }
  return null;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
