/**
 * One clock for both threads. `performance.now()` counts from another moment in each thread; what it counts is the
 * system's monotonic clock, as `process.hrtime` does, whose zero is the same everywhere. So the command thread
 * finds out once where its own zero lies, and the pulse thread counts from there.
 */

/** Looks; the one that took the least time says it best. */
const LOOKS = 50;

/** The time of `process.hrtime.bigint()` at which this thread's `performance.now()` was 0; within microseconds. */
export function findEpochNs(): bigint {
  let best = { tookNs: 2n ** 62n, epochNs: 0n };
  for (let look = 0; look < LOOKS; look++) {
    const before = process.hrtime.bigint();
    const nowMs = performance.now();
    const tookNs = process.hrtime.bigint() - before;
    if (tookNs >= best.tookNs) continue;
    best = { tookNs, epochNs: before + tookNs / 2n - BigInt(Math.round(nowMs * 1e6)) };
  }
  return best.epochNs;
}

/** Milliseconds since `epochNs`, on any thread. */
export function msSince(epochNs: bigint): number {
  return Number(process.hrtime.bigint() - epochNs) / 1e6;
}
