/**
 * Our own load generator, for what redis-benchmark cannot do: a command at the end of every pipeline
 * (WAITAOF), several commands in turn, keys that count up, keys of one slot. Like redis-benchmark a
 * connection sends its next pipeline when all replies to the last one are complete.
 */
import { dial } from '#bench/servers/dial.ts';
import { Latencies } from './latencies.ts';
import { ReplyScanner } from './reply-scanner.ts';
import { Batch, compile, Numbers } from './template.ts';

export interface Load {
  readonly port: number;
  /** What the server's certificate is checked by; without it plaintext. */
  readonly caFile?: string | null | undefined;
  /** Templates (see template.ts); one of them is chosen at random for each command. */
  readonly commands: readonly string[];
  /** Sent once at the end of each pipeline, and not counted. */
  readonly trailer?: string;
  readonly connections: number;
  readonly pipeline: number;
  /** Random numbers are below it. */
  readonly keys: number;
  /** Ends after so many commands… */
  readonly count?: number;
  /** …or after so much time, which is measured after a warm-up. */
  readonly seconds?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Of whole pipelines. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** All commands, those of the warm-up included. */
  readonly commands: number;
  /** The part of a processor that the generator itself took. */
  readonly generatorCpu: number;
}

const WARM_UP_MS = 300;
const READ_BUFFER_BYTES = 1 << 20;

/** Rejects when a connection fails or a reply is an error. */
export async function generate(load: Load): Promise<LoadResult> {
  const generator = new Generator(load);
  return await generator.run();
}

class Generator {
  readonly #load: Load;
  readonly #numbers: Numbers;
  #latencies = new Latencies();
  #left: number;
  #commands = 0;
  #stopping = false;
  #open = 0;
  readonly #done = Promise.withResolvers<void>();

  constructor(load: Load) {
    this.#load = load;
    this.#numbers = new Numbers(load.keys, (Math.random() * 2 ** 31) | 0);
    this.#left = load.count ?? Number.POSITIVE_INFINITY;
  }

  async run(): Promise<LoadResult> {
    const { connections, seconds } = this.#load;
    const buffer = new Uint8Array(READ_BUFFER_BYTES);
    this.#open = connections;
    const links = Array.from({ length: connections }, () => this.#connect(buffer));
    await Promise.race([Promise.all(links.map(({ ready }) => ready)), this.#done.promise]);
    for (const { start } of links) start();
    let from = this.#mark();
    if (seconds !== undefined) {
      const warm = [delay(WARM_UP_MS), ...links.map(({ answered }) => answered)];
      await Promise.race([Promise.all(warm), this.#done.promise]);
      this.#latencies = new Latencies();
      from = this.#mark();
      await Promise.race([delay(seconds * 1000), this.#done.promise]);
    } else {
      await this.#done.promise;
    }
    const to = this.#mark();
    this.#stopping = true;
    await this.#done.promise;
    return {
      perSecond: ((to.commands - from.commands) * 1000) / (to.atMs - from.atMs),
      p50Ms: this.#latencies.percentile(0.5),
      p99Ms: this.#latencies.percentile(0.99),
      longestMs: this.#latencies.longestMs,
      commands: this.#commands,
      generatorCpu: (to.cpuMs - from.cpuMs) / (to.atMs - from.atMs),
    };
  }

  #mark(): { atMs: number; cpuMs: number; commands: number } {
    const { user, system } = process.cpuUsage();
    return {
      atMs: performance.now(),
      cpuMs: (user + system) / 1000,
      commands: this.#commands,
    };
  }

  /** `ready`: the kernel has connected; `answered`: so has the server, which may have many to accept. */
  #connect(buffer: Uint8Array): {
    readonly ready: Promise<void>;
    readonly answered: Promise<void>;
    readonly start: () => void;
  } {
    const { commands, trailer, pipeline } = this.#load;
    const scanner = new ReplyScanner();
    const last = trailer === undefined ? null : compile(trailer);
    const batch = new Batch(commands.map(compile), last, pipeline, this.#numbers);
    const ready = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    let repliesLeft = 0;
    let sentCommands = 0;
    let sentAtMs = 0;
    const send = (): void => {
      sentCommands = Math.min(pipeline, this.#left);
      if (this.#stopping || sentCommands === 0) {
        socket.end();
        if (--this.#open === 0) this.#done.resolve();
        return;
      }
      this.#left -= sentCommands;
      batch.refresh(sentCommands);
      repliesLeft = sentCommands + (last === null ? 0 : 1);
      sentAtMs = performance.now();
      // all of it was sent once all replies are there: the buffer can be used again
      socket.write(batch.whole);
    };
    const received = (bytes: Uint8Array, length: number): void => {
      repliesLeft -= scanner.scan(bytes, 0, length);
      if (scanner.error !== '') {
        this.#fail(new Error(`the server answered: ${scanner.error}`));
        socket.destroy();
      } else if (repliesLeft === 0) {
        answered.resolve();
        this.#latencies.add(performance.now() - sentAtMs);
        this.#commands += sentCommands;
        send();
      }
    };
    const socket = dial(this.#load, { buffer, received, ready: () => ready.resolve() });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => {
      if (repliesLeft > 0) this.#fail(new Error('the server closed a connection'));
    });
    return { ready: ready.promise, answered: answered.promise, start: send };
  }

  #fail(error: Error): void {
    this.#stopping = true;
    this.#done.reject(error);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
