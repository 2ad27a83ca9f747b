/** Latencies in buckets of 10 µs up to 5 s: exact enough for percentiles, and cheap to count. */

const BUCKET_MS = 0.01;
const BUCKETS = 500_000;

export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #longestMs = 0;

  add(milliseconds: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.floor(milliseconds / BUCKET_MS));
    this.#counts[bucket]++;
    this.#total++;
    if (milliseconds > this.#longestMs) this.#longestMs = milliseconds;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  /** The least latency (rounded up to a bucket) that this part of all did not exceed; 0 without any. */
  percentile(part: number): number {
    const wanted = Math.ceil(this.#total * part);
    let seen = 0;
    if (wanted === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket];
      if (seen >= wanted) return Number(((bucket + 1) * BUCKET_MS).toFixed(2));
    }
    return 0;
  }
}
