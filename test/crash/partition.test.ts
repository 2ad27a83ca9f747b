import { expect, test } from 'vitest';
import { isNetworkPossible } from './network.ts';
import { partition } from './partition.ts';
import { describeVerdict } from './trial.ts';

/** A few in `npm test`; `CRASH_ROUNDS=50` for the real thing. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);

test.runIf(isNetworkPossible)(
  `a primary that is cut off serves nothing stale and acknowledges nothing (seed ${SEED})`,
  { timeout: 120_000 + ROUNDS * 30_000 },
  async () => {
    const report = await partition({ rounds: ROUNDS, seed: SEED, lastsMs: 1500 });
    console.log([`seed ${SEED}`, ...report.lines, ...describeVerdict(report)].join('\n'));
    expect(report.violations).toEqual([]);
    expect(new Set(Object.values(report.digests)).size).toBe(1);
  },
);
