/**
 * Counts of durations in fixed buckets: an addition for each observation, read at a scrape.
 */
import type { HistogramCounts } from './metrics.ts';

/** 50 µs to 10 s: from a command in memory to a disk that hangs. */
export const DURATION_BOUNDS_SECONDS: readonly number[] = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5, 10,
];

export class Histogram implements HistogramCounts {
  readonly boundsSeconds: readonly number[];
  readonly counts: Float64Array;
  sumSeconds = 0;

  /** @param boundsSeconds upper bounds, ascending */
  constructor(boundsSeconds = DURATION_BOUNDS_SECONDS) {
    this.boundsSeconds = boundsSeconds;
    this.counts = new Float64Array(boundsSeconds.length + 1);
  }

  observe(seconds: number): void {
    const bounds = this.boundsSeconds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]) bucket++;
    this.counts[bucket]++;
    this.sumSeconds += seconds;
  }
}
