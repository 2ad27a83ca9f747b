/** One run of `redis-benchmark`, the load generator that Redis itself is measured with. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { endedChildrenSeconds } from '#bench/measure/process-cpu.ts';
import { clientPrefix } from '#bench/measure/processors.ts';
import { type Server } from '#bench/servers/server.ts';
import type { Observed } from './measurement.ts';

export interface BenchmarkLoad {
  /** A template: `__rand_int__` becomes a random number of twelve digits below `keys`. */
  readonly command: string;
  readonly connections: number;
  readonly pipeline: number;
  readonly keys: number;
}

/** Sends `requests` commands. Rejects with the server's words when one is answered by an error. */
export async function benchmark(
  server: Server,
  load: BenchmarkLoad,
  requests: number,
): Promise<Observed> {
  const { command, connections, pipeline, keys } = load;
  const tls = typeof server.caFile !== 'string' ? [] : ['--tls', '--cacert', server.caFile];
  const [program, ...args] = [
    ...clientPrefix(),
    ...`redis-benchmark -h 127.0.0.1 -p ${server.port} --csv`.split(' '),
    ...tls,
    ...`-c ${connections} -P ${pipeline} -r ${keys} -n ${requests}`.split(' '),
    ...command.split(' '),
  ];
  const startMs = performance.now();
  const childrenBefore = endedChildrenSeconds();
  // prints the first error and stops; an unreachable server likewise
  const output = await promisify(execFile)(program, args, { timeout: 600_000 }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => ({
      stdout: `${error.stdout ?? ''}${error.stderr ?? error.message}`,
    }),
  );
  const seconds = (performance.now() - startMs) / 1000;
  return {
    ...parseCsv(output.stdout),
    commands: requests,
    generatorCpu: (endedChildrenSeconds() - childrenBefore) / seconds,
  };
}

/** The one line of figures that `redis-benchmark --csv` (7.0) prints for a command of our own. */
export function parseCsv(output: string): Pick<Observed, 'perSecond' | 'p50Ms' | 'p99Ms'> {
  const rows = output
    .split('\n')
    .filter((line) => line.startsWith('"'))
    .map((line) => line.slice(1, -1).split('","'));
  const header = rows.find(([first]) => first === 'test');
  const row = rows.find(([first]) => first !== 'test');
  if (header === undefined || row === undefined) {
    throw new Error(/Error from server: (.*)/.exec(output)?.[1] ?? `redis-benchmark: ${output}`);
  }
  const column = (name: string): number =>
    Number(row[row.length - header.length + header.indexOf(name)]);
  return {
    perSecond: column('rps'),
    p50Ms: column('p50_latency_ms'),
    p99Ms: column('p99_latency_ms'),
  };
}
