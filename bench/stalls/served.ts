/**
 * Stalls of whole servers under churn: overwrites with values of 64 to 200 bytes, some deletes, some keys
 * that expire. Ours is watched from inside; all are asked by a probe; the peers fork for a snapshot.
 */
import { fill, type Probe, runLoad, runProbe } from '#bench/load/run.ts';
import { Inspector } from '#bench/measure/inspector.ts';
import type { HoldfastServer } from '#bench/servers/holdfast.ts';
import { request } from '#bench/servers/request.ts';
import type { Server } from '#bench/servers/server.ts';
import { readStalls, type Stalls, watchStalls } from './stall-watch.ts';

const CONNECTIONS = 20;
const PIPELINE = 16;
const VALUE_SIZES = [64, 72, 80, 88, 100, 112, 128, 144, 160, 176, 188, 200];

const CHURN = [
  ...VALUE_SIZES.map((size) => `SET key:__rand_int__ ${'x'.repeat(size)}`),
  'DEL key:__rand_int__',
  `SET key:__rand_int__ ${'x'.repeat(100)} PX 5000`,
];

export interface Served {
  readonly perSecond: number;
  readonly probe: Probe;
}

/** Fills the server with so many keys of 16 bytes and values of 64. */
export async function fillKeys(server: Server, keys: number): Promise<void> {
  await fill(server, [`SET key:__next_int__ ${'x'.repeat(64)}`], keys, keys);
}

export async function churn(server: Server, keys: number, seconds: number): Promise<Served> {
  const load = { port: server.port, commands: CHURN, connections: CONNECTIONS, pipeline: PIPELINE };
  const [{ perSecond }, probe] = await Promise.all([
    runLoad({ ...load, keys, seconds }),
    runProbe(server.port, seconds),
  ]);
  return { perSecond, probe };
}

export async function churnWatched(
  server: HoldfastServer,
  keys: number,
  seconds: number,
): Promise<Served & { readonly stalls: Stalls; readonly loopLagMs: number }> {
  const [pid] = server.pids();
  const inspector = await Inspector.open(pid, server.logFile);
  await loopLagMs(server);
  await watchStalls(inspector);
  const served = await churn(server, keys, seconds);
  const stalls = await readStalls(inspector);
  inspector.close();
  return { ...served, stalls, loopLagMs: await loopLagMs(server) };
}

/** Churn with a snapshot under way; how long the fork stopped everything, by the server's own account. */
export async function churnWithFork(
  server: Server,
  keys: number,
  seconds: number,
): Promise<Served & { readonly forkMs: number }> {
  const running = churn(server, keys, seconds);
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 4));
  await request(server, ['BGSAVE']);
  const served = await running;
  const info = await request(server, ['INFO', 'stats']);
  const [, microseconds] = /latest_fork_usec:(\d+)/.exec(info) ?? [];
  return { ...served, forkMs: Number(microseconds) / 1000 };
}

/** The longest delay of a timer since it was last asked, by the node's own metric. */
async function loopLagMs({ metricsPort }: HoldfastServer): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const [, seconds] =
    /^holdfast_event_loop_lag_seconds\S* ([\d.e+-]+)$/m.exec(await answer.text()) ?? [];
  return Number(seconds) * 1000;
}
