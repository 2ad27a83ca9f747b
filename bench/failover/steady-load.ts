/** A writer for each key and a few readers, at full speed, that note when what was acknowledged. */
import type { Endpoint } from '#operator/local/cluster.ts';
import { Seeker } from './seeker.ts';

const WRITERS = 16;
const READERS = 4;
const WRITTEN_WITHIN_MS = 60_000;

/** Times without an acknowledged write, in milliseconds. */
export interface Pause {
  /** No writer had one. */
  readonly allMs: number;
  /** The writer that waited longest. */
  readonly longestMs: number;
}

export class SteadyLoad {
  readonly #clients: Seeker[];
  readonly #loops: Promise<void>[];
  #running = true;
  #lastMs = performance.now();
  readonly #lastOfMs: number[] = Array.from({ length: WRITERS }, () => performance.now());
  /** When each writer began the write that was acknowledged last. */
  readonly #beganMs: number[] = Array.from({ length: WRITERS }, () => 0);
  #allMs = 0;
  #longestMs = 0;
  /** Acknowledged writes, and answered reads. */
  writes = 0;
  reads = 0;

  constructor(endpoints: readonly Endpoint[]) {
    this.#clients = Array.from({ length: WRITERS + READERS }, () => new Seeker(endpoints));
    this.#loops = this.#clients.map((client, at) =>
      at < WRITERS ? this.#write(client, at) : this.#read(client, at),
    );
  }

  /** Pauses are measured anew. */
  mark(): void {
    this.#allMs = 0;
    this.#longestMs = 0;
  }

  /**
   * Resolves with the longest pauses since {@link mark} when every writer has begun and ended a write after now: an
   * answer that was on its way already says nothing of who serves.
   */
  async pauseUntilWritten(): Promise<Pause> {
    const sinceMs = performance.now();
    while (this.#beganMs.some((atMs) => atMs < sinceMs)) {
      if (performance.now() - sinceMs > WRITTEN_WITHIN_MS) throw new Error('a writer is stuck');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { allMs: this.#allMs, longestMs: this.#longestMs };
  }

  async stop(): Promise<void> {
    this.#running = false;
    for (const client of this.#clients) client.close();
    await Promise.all(this.#loops);
  }

  async #write(client: Seeker, at: number): Promise<void> {
    for (let value = 0; this.#running; value++) {
      const beganMs = performance.now();
      if ((await client.command(`SET writer:${at} ${value}`)) === null) return;
      const now = performance.now();
      this.#allMs = Math.max(this.#allMs, now - this.#lastMs);
      this.#longestMs = Math.max(this.#longestMs, now - this.#lastOfMs[at]);
      this.#lastMs = now;
      this.#lastOfMs[at] = now;
      this.#beganMs[at] = beganMs;
      this.writes++;
    }
  }

  async #read(client: Seeker, at: number): Promise<void> {
    while (this.#running) {
      if ((await client.command(`GET writer:${at % WRITERS}`)) === null) return;
      this.reads++;
    }
  }
}
