/**
 * Who runs on which processor: the load generator on the last one, everything that serves on all others,
 * so that the generator does not compete with what it measures. With one processor, or without
 * `taskset`, everybody shares.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Before pinning, which hides the others from this process. */
export const PROCESSORS = availableParallelism();
let pinned = false;

/** Pins this process, and so every server that it starts from now on. */
export function pinServers(): void {
  if (PROCESSORS < 2) return;
  try {
    const servers = `0-${PROCESSORS - 2}`;
    execFileSync('taskset', ['-a', '-c', '-p', servers, String(process.pid)], { stdio: 'ignore' });
    pinned = true;
  } catch {
    // no taskset, or processors are dealt out otherwise here: said above the tables
  }
}

/** What goes before the load generator's command. */
export function clientPrefix(): string[] {
  return pinned ? ['taskset', '-c', String(PROCESSORS - 1)] : [];
}

/** For the text above the tables. */
export function describePinning(): string {
  if (!pinned) return 'no CPU pinning';
  const servers = PROCESSORS === 2 ? 'the other' : `the other ${PROCESSORS - 1}`;
  return `load generator on one CPU, each server with all its processes on ${servers}`;
}
