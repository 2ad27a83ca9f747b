/**
 * A short run of the simulator; `npm run sim` does many seeds. `SIM_SEEDS` and `SIM_FIRST` choose others here. A seed
 * that failed once stays in the list below, with what it found.
 */
import { expect, test } from 'vitest';
import { runSeed } from './run.ts';

const SEEDS = Number(process.env.SIM_SEEDS ?? 20);
const FIRST = Number(process.env.SIM_FIRST ?? 1);

/** Runs a seed that must not fail; the number of acknowledged writes. */
function check(seed: number): number {
  const { failure, acknowledged } = runSeed(seed);
  expect({ seed, failure }).toEqual({ seed, failure: null });
  return acknowledged;
}

test(`${SEEDS} shards under faults from seed ${FIRST} on keep every rule and what they acknowledged`, () => {
  let acknowledged = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) acknowledged += check(seed);
  expect(acknowledged).toBeGreaterThan(SEEDS * 50);
}, 600_000);

test('a seed does the same again, event by event', () => {
  const first = runSeed(7);
  const lines: string[] = [];
  const second = runSeed(7, 'events', (line) => lines.push(line));
  expect({ ...second }).toEqual({ ...first });
  expect(lines.length).toBeGreaterThan(20);
  expect(runSeed(8).traceHash).not.toBe(first.traceHash);
});

test.each([
  [15, 'a batch behind a checkpoint is lost when the next leader goes on before the checkpoint'],
  [1042, 'a newcomer is lost just as it is made a voter'],
  [3192, 'a file is fetched while the log gets as far by entries'],
  [5048, 'a heartbeat commits entries of a disk that was set back'],
  [
    204339,
    'an EXEC does nothing because of one watched key, while a later change of another is not committed',
  ],
  [301167, 'a transaction is refused by the loss bound of async when it is to run'],
  [200696, 'a leader whose machine is suspended stays so when its command thread is let go'],
  [
    501984,
    'pulses from before a suspension count for a lease after it, if the monotonic clock goes back',
  ],
  [505597, 'a disk is set back and nobody writes: only heartbeats can find it out'],
  [11071, 'the newest snapshot of the only member that has one is damaged'],
])('seed %i: %s', (seed) => {
  check(seed);
});
