/** One run of `redis-benchmark`, the load generator that Redis itself is measured with. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type BenchCase, CONNECTIONS, KEYS, VALUE_BYTES } from './cases.ts';
import { clientPrefix } from './processors.ts';

export interface Measurement {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends `requests` commands of a case to a port of this machine. Rejects when any is answered by an error. */
export async function benchmark(
  port: number,
  { command, pipeline }: BenchCase,
  requests: number,
): Promise<Measurement> {
  const target = `redis-benchmark -h 127.0.0.1 -p ${port} --csv`;
  const load = `-t ${command} -c ${CONNECTIONS} -P ${pipeline} -d ${VALUE_BYTES} -r ${KEYS} -n ${requests}`;
  const [program, ...args] = [...clientPrefix(), ...`${target} ${load}`.split(' ')];
  // prints the first error and stops; an unreachable server likewise
  const { stdout } = await promisify(execFile)(program, args, { timeout: 120_000 });
  return parseCsv(stdout, command);
}

/** The line of `command` in the output of `redis-benchmark --csv` (7.0). */
export function parseCsv(output: string, command: string): Measurement {
  const rows = output
    .split('\n')
    .filter((line) => line.startsWith('"'))
    .map((line) => line.split(',').map((cell) => cell.replaceAll('"', '')));
  const header = rows.find(([first]) => first === 'test');
  const row = rows.find(([first]) => first.toLowerCase() === command);
  if (header === undefined || row === undefined) {
    throw new Error(`redis-benchmark said: ${output.trim() || 'nothing'}`);
  }
  const column = (name: string): number => Number(row[header.indexOf(name)]);
  return {
    perSecond: column('rps'),
    p50Ms: column('p50_latency_ms'),
    p99Ms: column('p99_latency_ms'),
  };
}
