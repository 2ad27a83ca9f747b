/**
 * A long run (`--minutes`), idle or saturated with overwrites: leaders must not change, and neither memory nor disk
 * may grow for ever.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { countPrimaries } from '#bench/failover/leaders.ts';
import { runLoad } from '#bench/load/run.ts';
import { figure, mebibytes, table } from '#bench/measure/markdown.ts';
import { residentBytes } from '#bench/measure/process-memory.ts';
import { holdfast, type HoldfastServer } from '#bench/servers/holdfast.ts';
import { type Group, type GroupContext, progress, scaled } from './group.ts';

const KEYS = 100_000;
const SAMPLES = 10;
const NAMES = ['idle', 'overwrite'];
const LOAD = { connections: 50, pipeline: 16 } as const;

export const soak: Group = { name: 'soak', usual: [], all: NAMES, run };

interface Sample {
  readonly atMs: number;
  readonly changes: number;
  readonly residentBytes: readonly number[];
  readonly diskBytes: number;
}

async function run({ settings, cases, directory }: GroupContext): Promise<string> {
  const seconds = settings.minutes * 60;
  const parts: string[] = [];
  for (const name of cases) {
    const own = join(directory, name);
    const server = await holdfast({ title: name, voters: 3, durability: 'sync' }).start(own);
    try {
      progress(`soak: ${name} for ${settings.minutes} min`);
      const samples = watch(server, own, seconds);
      const load =
        name === 'idle'
          ? 'nothing to do'
          : await overwrite(server, scaled(KEYS, settings), seconds);
      parts.push(`${name}: ${load}; resident memory and files\n\n${render(await samples)}`);
    } finally {
      await server.stop();
    }
  }
  return parts.join('\n\n');
}

/** What came of it, in words: a load that ends before its time is what this is looking for. */
async function overwrite(server: HoldfastServer, keys: number, seconds: number): Promise<string> {
  const commands = [100, 200, 300].map((size) => `SET key:__rand_int__ ${'x'.repeat(size)}`);
  try {
    const { perSecond } = await runLoad({ port: server.port, commands, ...LOAD, keys, seconds });
    return `${figure(perSecond)} SET a second`;
  } catch (error) {
    return `THE LOAD ENDED: ${(error as Error).message}`;
  }
}

async function watch(
  server: HoldfastServer,
  directory: string,
  seconds: number,
): Promise<Sample[]> {
  const logFiles = server.cluster.members().map(({ logFile }) => logFile);
  const samples: Sample[] = [];
  const startMs = performance.now();
  for (let at = 0; at <= SAMPLES; at++) {
    const dueMs = startMs + (at * seconds * 1000) / SAMPLES;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    samples.push({
      atMs: performance.now() - startMs,
      changes: countPrimaries(logFiles) - 1,
      residentBytes: server.pids().map(residentBytes),
      diskBytes: usedBytes(directory),
    });
  }
  return samples;
}

function render(samples: readonly Sample[]): string {
  const head = ['min', 'changes of primary', 'primary', 'other', 'other', 'disks of all'];
  const rows = samples.map(({ atMs, changes, residentBytes: bytes, diskBytes }) => [
    (atMs / 60_000).toFixed(2),
    String(changes),
    ...bytes.map(mebibytes),
    mebibytes(diskBytes),
  ]);
  return table(head, rows);
}

/** Bytes that the files below take up on the disk. A file that goes meanwhile takes none. */
function usedBytes(directory: string): number {
  let sum = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const found = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    sum += (found?.blocks ?? 0) * 512;
  }
  return sum;
}
