import { expect, test } from 'vitest';
import { freeze } from './freeze.ts';
import { describeVerdict } from './trial.ts';

/** A few in `npm test`; `CRASH_ROUNDS=50` for the real thing. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);

test(`members that stood still serve nothing stale and lose nothing when they go on (seed ${SEED})`, {
  timeout: 120_000 + ROUNDS * 30_000,
}, async () => {
  const report = await freeze({ rounds: ROUNDS, seed: SEED, lastsMs: 1500 });
  console.log([`seed ${SEED}`, ...report.lines, ...describeVerdict(report)].join('\n'));
  expect(report.violations).toEqual([]);
  expect(new Set(Object.values(report.digests)).size).toBe(1);
});
