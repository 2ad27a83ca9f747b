/** What one run of load against one server gave. */
import { type Server } from '#bench/servers/server.ts';
import { cpuNanoseconds } from '#bench/measure/process-cpu.ts';

/** What the load generator itself can tell. */
export interface Observed {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Commands in all, also those outside of the time that was measured. */
  readonly commands: number;
  /** The part of a processor that the generator took; near 1 it was the limit. */
  readonly generatorCpu: number;
}

export interface Measurement extends Observed {
  /** Processor time for one command, of the process that serves. */
  readonly cpuMicroseconds: number;
  /** The same of all processes of the server: its replicas and log members too. */
  readonly cpuMicrosecondsOfAll: number;
}

/** The server cannot do what was asked of it; said in the table instead of a figure. */
export interface Failure {
  readonly failed: string;
}

export type Outcome = Measurement | Failure;

export function isFailure(outcome: Outcome): outcome is Failure {
  return 'failed' in outcome;
}

/** Runs a load, and counts what the server's processes use meanwhile. */
export async function withCpu(server: Server, load: () => Promise<Observed>): Promise<Measurement> {
  const before = server.pids().map(cpuNanoseconds);
  const observed = await load();
  const used = server.pids().map((pid, at) => cpuNanoseconds(pid) - before[at]);
  const perCommand = (nanoseconds: number): number => nanoseconds / 1000 / observed.commands;
  return {
    ...observed,
    cpuMicroseconds: perCommand(used[0]),
    cpuMicrosecondsOfAll: perCommand(used.reduce((sum, one) => sum + one, 0)),
  };
}
