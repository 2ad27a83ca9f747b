/**
 * How much processor time a process has used, from the scheduler's own accounts: on a machine that others
 * use too, CPU per operation says more than operations per second.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds on a processor of all threads that live, by /proc/PID/task/TID/schedstat. */
export function cpuNanoseconds(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    sum += parseSchedstat(readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`));
  }
  return sum;
}

/** The same of the main thread alone. */
export function mainThreadNanoseconds(pid: number): number {
  return parseSchedstat(readFileSync(`/proc/${pid}/schedstat`, 'latin1'));
}

/** The first figure: time spent on a processor. */
export function parseSchedstat(content: string): number {
  return content === '' ? 0 : Number(content.split(' ')[0]);
}

/** Clock ticks in user mode and in the kernel. */
export interface Ticks {
  readonly user: number;
  readonly kernel: number;
}

/** Of all threads of the process. */
export function processTicks(pid: number): Ticks {
  return parseTicks(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

/** Of the main thread. */
export function mainThreadTicks(pid: number): Ticks {
  return parseTicks(readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1'));
}

/** The name in parentheses may hold anything, so fields are counted behind it. */
export function parseTicks(stat: string): Ticks {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]), kernel: Number(fields[12]) };
}

/** Seconds that ended children of this process have used; exact to a clock tick of 10 ms. */
export function endedChildrenSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** A thread may end while we look. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
