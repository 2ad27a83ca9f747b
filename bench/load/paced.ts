/** redis-benchmark takes a number of requests, not a time: here is how many fill the time. */
import type { Server } from '#bench/servers/server.ts';
import type { Observed } from './measurement.ts';
import { benchmark, type BenchmarkLoad } from './redis-benchmark.ts';

const LEAST_REQUESTS = 2_000;

export class PacedBenchmark {
  readonly #server: Server;
  readonly #load: BenchmarkLoad;
  #perSecond = 0;

  constructor(server: Server, load: BenchmarkLoad) {
    this.#server = server;
    this.#load = load;
  }

  /** Learns the rate by a short run, which also warms up. */
  async learn(): Promise<void> {
    const { pipeline, connections } = this.#load;
    const requests = LEAST_REQUESTS * pipeline * (connections === 1 ? 1 : 2);
    this.#perSecond = (await benchmark(this.#server, this.#load, requests)).perSecond;
  }

  requests(seconds: number): number {
    return Math.max(LEAST_REQUESTS, Math.round(this.#perSecond * seconds));
  }

  async run(seconds: number): Promise<Observed> {
    const observed = await benchmark(this.#server, this.#load, this.requests(seconds));
    this.#perSecond = observed.perSecond;
    return observed;
  }
}
