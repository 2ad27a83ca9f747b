/**
 * Snapshots and what they are for: what one costs whoever is served meanwhile, how long a member takes to serve again
 * after a crash, and how long one that lost its disk takes to be a member again.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fill, runLoad } from '#bench/load/run.ts';
import { figure, mebibytes, table } from '#bench/measure/markdown.ts';
import { holdfast, type HoldfastServer } from '#bench/servers/holdfast.ts';
import { type Group, type GroupContext, progress, scaled } from './group.ts';

const KEYS = 1_000_000;
const VALUE = 'x'.repeat(500);
const SHARD = '0001';
const SECONDS = 30;
const LOOK_MS = 5;
const LONGEST_WAIT_MS = 600_000;
const NAMES = ['latency', 'restart', 'rejoin'];
/** One after the other, as long as there are writes. */
const ALWAYS = { snapshotLogBytes: 8 << 20, snapshotLogPercent: 0 } as const;
/** After the fill and the writes that are measured there is none. */
const NEVER = { snapshotLogBytes: 64 * 2 ** 30, snapshotLogPercent: 0 } as const;

export const snapshots: Group = { name: 'snapshots', usual: [], all: NAMES, run };

async function run(context: GroupContext): Promise<string> {
  const { settings, cases } = context;
  const keys = scaled(KEYS, settings);
  const parts = [`${keys.toLocaleString('en')} keys of 16 bytes with values of 500; three voters.`];
  if (cases.includes('latency')) parts.push(await latencyTable(context, keys));
  const rows: string[][] = [];
  if (cases.includes('restart')) rows.push(...(await restartRows(context, keys)));
  if (cases.includes('rejoin')) rows.push(...(await rejoinRows(context, keys)));
  if (rows.length > 0) parts.push(table(['', 'seconds', 'bytes of the snapshot'], rows));
  return parts.join('\n\n');
}

async function filled(
  { directory }: GroupContext,
  name: string,
  keys: number,
  nodeOptions: typeof ALWAYS | typeof NEVER | Record<string, never>,
): Promise<HoldfastServer> {
  const kind = holdfast({ title: name, voters: 3, durability: 'sync', nodeOptions });
  const server = await kind.start(join(directory, name));
  try {
    progress(`snapshots, ${name}: ${keys} keys are written`);
    await fill(server, [`SET key:__next_int__ ${VALUE}`], keys, keys);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function latencyTable(context: GroupContext, keys: number): Promise<string> {
  const rows: string[][] = [];
  for (const [name, nodeOptions] of [
    ['without', NEVER],
    ['with', ALWAYS],
  ] as const) {
    const server = await filled(context, name, keys, nodeOptions);
    try {
      for (let round = 1; round <= context.settings.rounds; round++) {
        rows.push([`${name} snapshots, round ${round}`, ...(await latencies(server, keys))]);
      }
    } finally {
      await server.stop();
    }
  }
  const head = ['ms', 'write p99', 'longest', 'read p99', 'longest', 'writes/s', 'snapshots'];
  return `20 writers and 100 readers, one command at a time each, for ${SECONDS} s:\n\n${table(head, rows)}`;
}

async function latencies(server: HoldfastServer, keys: number): Promise<string[]> {
  const before = published(server.logFile).length;
  const load = { port: server.port, pipeline: 1, keys, seconds: SECONDS };
  const [writes, reads] = await Promise.all([
    runLoad({ ...load, commands: [`SET key:__rand_int__ ${VALUE}`], connections: 20 }),
    runLoad({ ...load, commands: ['GET key:__rand_int__'], connections: 100 }),
  ]);
  const made = published(server.logFile).length - before;
  const figures = [writes.p99Ms, writes.longestMs, reads.p99Ms, reads.longestMs];
  return [...figures, writes.perSecond, made].map(figure);
}

/** A process that is killed: until it serves again; the shard's other members are not asked. */
async function restartRows(context: GroupContext, keys: number): Promise<string[][]> {
  const server = await filled(context, 'restart', keys, {});
  try {
    const { cluster } = server;
    await cluster.ready();
    const primary = await cluster.primaryOf(SHARD);
    const replica = cluster.members().find(({ kind, name }) => kind === 'data' && name !== primary);
    if (replica === undefined) throw new Error('the shard has no replica');
    const sizeBytes = published(replica.logFile).at(-1) ?? 0;
    const exitedMs = performance.now();
    cluster.kill(replica.name, 'SIGKILL');
    const startedMs = await until(() => server.startedMs(replica.name) > exitedMs, 'a new process');
    await until(() => ready(replica.ports.metrics), 'readiness');
    const seconds = (performance.now() - server.startedMs(replica.name)) / 1000;
    progress(`snapshots, restart: ${seconds} s, the process ${startedMs} ms after the kill`);
    return [['restart: from exec to serving', figure(seconds), mebibytes(sizeBytes)]];
  } finally {
    await server.stop();
  }
}

/** A replica whose data directory is gone: until it votes and has caught up under its new memberId. */
async function rejoinRows(context: GroupContext, keys: number): Promise<string[][]> {
  // so that the logs of the others do not reach back
  const server = await filled(context, 'rejoin', keys, ALWAYS);
  try {
    const { cluster } = server;
    await fill(server, [`SET key:__rand_int__ ${VALUE}`], Math.ceil(keys / 5), keys);
    await cluster.ready();
    const primary = await cluster.primaryOf(SHARD);
    const replica = cluster.members().find(({ kind, name }) => kind === 'data' && name !== primary);
    if (replica === undefined) throw new Error('the shard has no replica');
    const before = installed(replica.logFile);
    const goneMs = performance.now();
    cluster.kill(replica.name, 'SIGKILL');
    rmSync(join(context.directory, 'rejoin', 'bench', replica.name, 'data'), {
      recursive: true,
      force: true,
    });
    await until(() => installed(replica.logFile) > before, 'a snapshot to be installed');
    const installedMs = performance.now();
    await until(() => ready(replica.ports.metrics), 'readiness');
    const readyMs = performance.now();
    const size = mebibytes(published(replica.logFile).at(-1) ?? 0);
    return [
      [
        'rejoin: from the loss to the snapshot on disk',
        figure((installedMs - goneMs) / 1000),
        size,
      ],
      ['rejoin: from the loss to a voter that serves', figure((readyMs - goneMs) / 1000), size],
    ];
  } finally {
    await server.stop();
  }
}

/** Sizes of the snapshots that a member has published, as its log says. */
function published(logFile: string): number[] {
  return events(logFile, 'snapshot published').map((event) => Number(event['sizeBytes']));
}

function installed(logFile: string): number {
  return events(logFile, 'snapshot installed').length;
}

function events(logFile: string, message: string): Record<string, unknown>[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes(message))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function ready(metricsPort: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Waits until `done`; the milliseconds that it took. */
async function until(done: () => boolean | Promise<boolean>, what: string): Promise<number> {
  const startMs = performance.now();
  while (!(await done())) {
    if (performance.now() - startMs > LONGEST_WAIT_MS) throw new Error(`no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return performance.now() - startMs;
}
