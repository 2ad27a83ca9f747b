import { expect, test } from 'vitest';
import { crash, describeReport, longestGapMs } from './rounds.ts';

/** A few in `npm test`; `CRASH_ROUNDS=50` for the real thing. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 6);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);

test(`kill -9 of random members under load loses no acknowledged write (seed ${SEED})`, {
  timeout: 120_000 + ROUNDS * 20_000,
}, async () => {
  const report = await crash({ rounds: ROUNDS, seed: SEED, onRound: (line) => console.log(line) });
  console.log(describeReport(report));
  expect(report.violations).toEqual([]);
  expect(report.acknowledgedWrites).toBeGreaterThan(0);
  expect(new Set(Object.values(report.digests)).size).toBe(1);
});

test('the longest gap counts from the kill to the first write after it, and between later ones', () => {
  expect(longestGapMs([10, 20, 30, 90, 95], 25)).toBe(60);
  expect(longestGapMs([10, 100, 105], 25)).toBe(75);
});
