import { expect, test } from 'vitest';
import { fillDisks } from './full-disk.ts';
import { whyNoSmallDisks } from './small-disk.ts';
import { describeVerdict } from './trial.ts';

/** One of each kind in `npm test`; `CRASH_ROUNDS=50` for the real thing. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 4);
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);

const obstacle = whyNoSmallDisks();
if (obstacle !== null)
  console.log(`disks are not filled: no file system can be mounted: ${obstacle}`);

test.runIf(obstacle === null)(
  `full disks refuse writes, answer reads and lose nothing (seed ${SEED})`,
  { timeout: 120_000 + ROUNDS * 30_000 },
  async () => {
    const report = await fillDisks({ rounds: ROUNDS, seed: SEED, lastsMs: 1500 });
    console.log([`seed ${SEED}`, ...report.lines, ...describeVerdict(report)].join('\n'));
    expect(report.violations).toEqual([]);
    expect(new Set(Object.values(report.digests)).size).toBe(1);
  },
);
