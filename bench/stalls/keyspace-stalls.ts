/** Runs the keyspace alone in a process on the servers' processor. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KeyspaceStalls } from './keyspace-process.ts';

const PROCESS = join(import.meta.dirname, 'keyspace-process.ts');
const LONGEST_MS = 3_600_000;

/** As a data member is started: see #operator/local/member-arguments.ts. */
const V8_OPTIONS = ['--max-old-space-size=12000'];

export async function keyspaceStalls(
  keys: number,
  seconds: number,
  withWalk: boolean,
): Promise<KeyspaceStalls> {
  const args = [...V8_OPTIONS, PROCESS, String(keys), String(seconds), withWalk ? 'yes' : 'no'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LONGEST_MS });
  return JSON.parse(stdout) as KeyspaceStalls;
}
