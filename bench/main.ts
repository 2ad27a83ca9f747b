/**
 * `npm run bench [-- CASE…]`: a cluster of ours against redis-server, in the same run on the same machine.
 * All servers are up at the same time, rounds go around them in turn, so that a slow minute of the
 * machine hits everybody; the table shows medians.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchmark, type Measurement } from './benchmark.ts';
import { type BenchCase, chooseCases, CONNECTIONS, KEYS, VALUE_BYTES } from './cases.ts';
import { describePinning, pinServers, PROCESSORS } from './processors.ts';
import { redisVersion, type Server, startAll } from './servers.ts';
import { renderTable, type Row } from './table.ts';

/** A run to learn how many requests fill the time; also warms up. */
const TRIAL_REQUESTS = 5_000;

async function measure(
  servers: readonly Server[],
  one: BenchCase,
  rounds: number,
  secondsEach: number,
): Promise<Row> {
  const requests: number[] = [];
  for (const { port } of servers) {
    const trial = await benchmark(port, one, TRIAL_REQUESTS * one.pipeline);
    requests.push(Math.max(TRIAL_REQUESTS, Math.round(trial.perSecond * secondsEach)));
  }
  const runs: Measurement[][] = servers.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [at, { port, title }] of servers.entries()) {
      const run = await benchmark(port, one, requests[at]);
      runs[at].push(run);
      process.stderr.write(
        `${one.name}, round ${round}, ${title}: ${Math.round(run.perSecond)}/s\n`,
      );
    }
  }
  return { title: `${one.command.toUpperCase()}, pipeline ${one.pipeline}`, runs };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
});
const cases = chooseCases(positionals);
const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
pinServers();
let servers: Server[] = [];
try {
  servers = await startAll(directory);
  // reads find what they look for
  const fill: BenchCase = { name: 'fill', command: 'set', pipeline: 16 };
  for (const { port } of servers) await benchmark(port, fill, KEYS * 3);
  const rows: Row[] = [];
  for (const one of cases) {
    rows.push(await measure(servers, one, Number(values.rounds), Number(values.seconds)));
  }
  console.log(
    `${CONNECTIONS} connections, values of ${VALUE_BYTES} bytes, ${KEYS.toLocaleString('en')} keys; ` +
      `operations a second (p50 / p99), medians of ${values.rounds} rounds of ${values.seconds} s; ` +
      `ratio: ours to theirs. Redis ${redisVersion()}, Node ${process.versions.node}, ` +
      `${PROCESSORS} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${describePinning()}.\n`,
  );
  console.log(
    renderTable(
      servers.map(({ title }) => title),
      rows,
    ),
  );
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(directory, { recursive: true, force: true });
}
