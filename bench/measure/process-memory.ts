/** Resident memory of a process. */
import { readFileSync } from 'node:fs';

export function residentBytes(pid: number): number {
  return parseResident(readFileSync(`/proc/${pid}/status`, 'latin1'));
}

export function parseResident(status: string): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(status) ?? [];
  if (kilobytes === undefined) throw new Error('no VmRSS in /proc/PID/status');
  return Number(kilobytes) * 1024;
}

/** Resolves with the resident memory once it has stopped falling: servers clean up after a load. */
export async function settledResidentBytes(pid: number, longestMs = 20_000): Promise<number> {
  const deadlineMs = performance.now() + longestMs;
  let before = residentBytes(pid);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = residentBytes(pid);
    if (now > before * 0.998 || performance.now() > deadlineMs) return now;
    before = now;
  }
}
