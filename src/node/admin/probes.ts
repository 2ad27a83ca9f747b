/**
 * The plain port: /livez, /readyz and /metrics, served by a thread of its own (`probe-worker.ts`), so
 * that a command thread that is busy for seconds does not look dead, and one that hangs does.
 *
 * This half runs on the command thread: it beats in shared memory, and answers what the thread asks.
 */
import { Worker } from 'node:worker_threads';
import { InvariantError } from '#base/invariant.ts';

export interface ProbeOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Silence of the command thread at which /livez fails. */
  readonly livenessSilenceMs: number;
  /** How long /readyz and /metrics wait for the command thread. Default 5000. */
  readonly answerTimeoutMs?: number;
  /** How often the command thread beats. Default 500. */
  readonly beatMs?: number;
  /** The thread has died; the process should not outlive its probes for long. */
  readonly onError: (error: Error) => void;
}

export interface ProbeSource {
  /** `reason` says in words why not. */
  ready(): { readonly ready: boolean; readonly reason: string };
  metrics(): Promise<string>;
}

/** What the thread is started with. */
export interface ProbeWorkerData {
  readonly host: string;
  readonly port: number;
  readonly livenessSilenceMs: number;
  readonly answerTimeoutMs: number;
  /** One Int32 that changes while the command thread runs. */
  readonly beat: SharedArrayBuffer;
}

/** From the thread to the command thread. */
export type ProbeQuestion =
  | { readonly listening: number }
  | { readonly failed: string; readonly code: string }
  | { readonly id: number; readonly ask: 'ready' | 'metrics' };

/** From the command thread to the thread. */
export interface ProbeAnswer {
  readonly id: number;
  readonly status: number;
  readonly body: string;
}

export class ProbeServer {
  readonly #options: ProbeOptions;
  readonly #source: ProbeSource;
  readonly #beat = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #expectedMs = 0;
  #lagMs = 0;

  constructor(options: ProbeOptions, source: ProbeSource) {
    this.#options = options;
    this.#source = source;
  }

  /** Starts the thread; resolves with the port. Rejects with the system's error (`EADDRINUSE`…). */
  start(): Promise<number> {
    const { host, port, livenessSilenceMs, answerTimeoutMs = 5000, beatMs = 500 } = this.#options;
    const workerData: ProbeWorkerData = {
      host,
      port,
      livenessSilenceMs,
      answerTimeoutMs,
      beat: this.#beat.buffer,
    };
    const url = new URL('./probe-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData, execArgv: [] });
    this.#worker = worker;
    this.#expectedMs = performance.now() + beatMs;
    this.#timer = setInterval(() => this.#beatOnce(beatMs), beatMs);
    return new Promise((resolve, reject) => {
      worker.on('error', (error) => {
        reject(error);
        this.#options.onError(error as Error);
      });
      worker.on('message', (question: ProbeQuestion) => {
        if ('listening' in question) resolve(question.listening);
        else if ('failed' in question) {
          reject(Object.assign(new Error(question.failed), { code: question.code }));
          void this.close();
        } else void this.#answer(question.id, question.ask);
      });
    });
  }

  /** The longest that a timer of the command thread was late since the last call, in seconds. */
  takeLoopLagSeconds(): number {
    const lagSeconds = this.#lagMs / 1000;
    this.#lagMs = 0;
    return lagSeconds;
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #beatOnce(beatMs: number): void {
    Atomics.add(this.#beat, 0, 1);
    const nowMs = performance.now();
    this.#lagMs = Math.max(this.#lagMs, nowMs - this.#expectedMs);
    this.#expectedMs = nowMs + beatMs;
  }

  async #answer(id: number, ask: 'ready' | 'metrics'): Promise<void> {
    const answer = ask === 'ready' ? this.#ready() : await this.#metrics();
    this.#worker?.postMessage({ id, ...answer } satisfies ProbeAnswer);
  }

  #ready(): { status: number; body: string } {
    const { ready, reason } = this.#source.ready();
    return ready ? { status: 200, body: 'ok\n' } : { status: 503, body: `${reason}\n` };
  }

  async #metrics(): Promise<{ status: number; body: string }> {
    try {
      return { status: 200, body: await this.#source.metrics() };
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      return { status: 500, body: `${(error as Error).message}\n` };
    }
  }
}
