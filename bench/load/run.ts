/** Runs our load generator and our probe as processes on the clients' processor. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientPrefix } from '#bench/measure/processors.ts';
import type { Endpoint } from '#bench/servers/dial.ts';
import type { Load, LoadResult } from './generator.ts';

const GENERATOR = join(import.meta.dirname, 'generator-process.ts');
const PROBE = join(import.meta.dirname, 'probe-process.ts');
/** Of what is not bounded in time by itself: a fill of many keys, a soak. */
const LONGEST_MS = 24 * 3_600_000;

/** Rejects with the server's own words when it answers an error. */
export async function runLoad(load: Load): Promise<LoadResult> {
  return (await clientProcess(GENERATOR, JSON.stringify(load))) as LoadResult;
}

export interface Probe {
  readonly longestMs: number;
  readonly p999Ms: number;
}

/** PING every millisecond, beside whatever else goes on. */
export async function runProbe(port: number, seconds: number): Promise<Probe> {
  return (await clientProcess(PROBE, String(port), String(seconds))) as Probe;
}

async function clientProcess(...words: string[]): Promise<unknown> {
  const [program, ...args] = [...clientPrefix(), process.execPath, ...words];
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: LONGEST_MS });
    return JSON.parse(stdout);
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(said || String(error), { cause: error });
  }
}

/** `count` commands as fast as the server takes them. */
export async function fill(
  { port, caFile }: Endpoint,
  commands: readonly string[],
  count: number,
  keys = 1,
): Promise<LoadResult> {
  return await runLoad({ port, caFile, commands, count, keys, connections: 20, pipeline: 64 });
}
