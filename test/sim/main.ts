/**
 * `npm run sim -- --seeds N [--seed FIRST] [--jobs K] [--trace] [--messages]`: runs seeds of the simulator, prints what
 * it did, and ends with status 1 when one failed. With `--trace` one seed is run again and told event by event.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runSeeds } from './pool.ts';
import { Report } from './report.ts';
import { runSeed } from './run.ts';

const PROGRESS_MS = 5000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
    messages: { type: 'boolean', default: false },
  },
});

const [seeds, first, jobs] = [values.seeds, values.seed, values.jobs].map(Number);
for (const number of [seeds, first, jobs]) {
  if (!Number.isInteger(number) || number < 0) throw new Error('seeds, seed and jobs are numbers');
}

if (values.trace || values.messages) trace();
else await many();

function trace(): void {
  const level = values.messages ? 'messages' : 'events';
  for (let seed = first; seed < first + seeds; seed++) {
    const result = runSeed(seed, level, (line) => console.log(line));
    console.log(`seed ${seed}: trace ${result.traceHash}, ${result.events} events`);
    if (result.failure !== null) process.exitCode = 1;
  }
}

async function many(): Promise<void> {
  const report = new Report();
  const startMs = performance.now();
  let shownMs = startMs;
  await runSeeds({
    first,
    seeds,
    jobs: Math.max(1, jobs),
    mutant: '',
    onResult: (result) => {
      report.add(result);
      const nowMs = performance.now();
      if (result.failure !== null) console.log(`seed ${result.seed} failed`);
      if (nowMs - shownMs >= PROGRESS_MS) {
        shownMs = nowMs;
        console.log(report.progress(nowMs - startMs));
      }
      return true;
    },
  });
  console.log(report.summary(performance.now() - startMs));
  if (report.failures.length > 0) process.exitCode = 1;
}
