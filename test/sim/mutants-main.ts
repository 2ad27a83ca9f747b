/**
 * `npm run sim:mutants -- [--only TEXT] [--seed FIRST] [--jobs K]`: plants each bug and runs seeds until it is caught.
 * Prints a table, and ends with status 1 when one was not.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { catchMutant } from './catch.ts';
import { MOST_SEEDS, MUTANTS } from './mutants.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

console.log(`mutant | caught by | seeds (at most ${MOST_SEEDS}) | seconds`);
console.log('--- | --- | --- | ---');
for (const { name } of MUTANTS) {
  if (!name.includes(values.only)) continue;
  const startMs = performance.now();
  const { seeds, by } = await catchMutant(name, Number(values.seed), Number(values.jobs));
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${name} | ${by ?? 'NOT CAUGHT'} | ${seeds} | ${seconds}`);
  if (by === null) process.exitCode = 1;
}
