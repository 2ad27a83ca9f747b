/**
 * The pulse as the command thread has it: starts the thread (`pulse-worker.ts`), tells it where the others are, and
 * is the member's port to what both share (`command-side.ts`).
 *
 * A thread that dies takes no promise with it, since promises lie in the cell: the member goes on with the
 * heartbeats of its core alone, says so, and starts another one.
 */
import { Worker } from 'node:worker_threads';
import type { PeerIdentity } from '#node/net/hello.ts';
import { CELL_BYTES, SharedWords } from './cell.ts';
import { CommandSide } from './command-side.ts';
import { findEpochNs } from './epoch.ts';
import type { PulseTiming } from './pulse-side.ts';

export interface PulseThreadOptions {
  readonly self: PeerIdentity;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** '': plaintext, for tests. */
  readonly tlsDir: string;
  readonly tlsReloadMs: number;
  /** A link on which nothing arrived for this long is closed. */
  readonly silenceMs: number;
  readonly timing: PulseTiming;
  readonly onNews: (news: PulseNews) => void;
}

/** Where the pulse of a member of the shard is. */
export interface PulseTarget {
  readonly memberId: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** What the thread is started with. */
export interface PulseWorkerData extends Omit<PulseThreadOptions, 'onNews'> {
  readonly cell: SharedArrayBuffer;
  /** Zero of the command thread's monotonic clock, by `process.hrtime`. */
  readonly epochNs: bigint;
}

/** From the command thread to the thread: all others of the shard. */
export type PulseMembers = readonly (PulseTarget & { readonly slot: number })[];

/** From the thread. */
export type WorkerNews =
  | { readonly what: 'failed'; readonly reason: string; readonly code: string }
  | PulseNews;

/** For the log. */
export type PulseNews =
  | { readonly what: 'listening'; readonly port: number }
  | { readonly what: 'up'; readonly memberId: string; readonly name: string }
  | { readonly what: 'down'; readonly memberId: string; readonly reason: string }
  | { readonly what: 'refused'; readonly address: string; readonly reason: string }
  | { readonly what: 'certificates'; readonly reason: string }
  /** There is no pulse until the next `listening`. */
  | { readonly what: 'died'; readonly reason: string }
  /** More memberIds than the cell has room for came in the life of this process. */
  | { readonly what: 'left out'; readonly memberId: string };

/** Between the end of a thread and the start of the next. */
const RESTART_MS = 1000;

export class PulseThread {
  /** The member's port. */
  readonly command: CommandSide;
  readonly #options: PulseThreadOptions;
  readonly #cell = new SharedArrayBuffer(CELL_BYTES);
  readonly #epochNs = findEpochNs();
  #members: PulseMembers = [];
  /** memberIds to which the thread has a link. */
  readonly #linked = new Set<string>();
  #worker: Worker | null = null;
  #restart: NodeJS.Timeout | null = null;
  #port: number;
  #closed = false;

  constructor(options: PulseThreadOptions) {
    this.#options = options;
    this.#port = options.port;
    this.command = new CommandSide(new SharedWords(this.#cell));
  }

  /** Starts the thread; resolves with its port. Rejects with the system's error (`EADDRINUSE`…). */
  async start(): Promise<number> {
    try {
      this.#port = await this.#run();
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.#port;
  }

  /** Replaces the members that have a pulse; this member is not among them. */
  setMembers(targets: readonly PulseTarget[]): void {
    const members = targets.map((target) => ({
      ...target,
      slot: this.command.slotOf(target.memberId),
    }));
    for (const { slot, memberId } of members) {
      if (slot < 0) this.#tell({ what: 'left out', memberId });
    }
    this.#members = members.filter(({ slot }) => slot >= 0);
    this.#worker?.postMessage(this.#members);
  }

  /** Names of the members that have a pulse, and whether it is connected: for metrics. */
  linkStates(): Record<string, number> {
    const states: Record<string, number> = {};
    for (const { name, memberId } of this.#members)
      states[name] = this.#linked.has(memberId) ? 1 : 0;
    return states;
  }

  /** Ends the thread; no news follows. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#worker?.terminate();
  }

  #run(): Promise<number> {
    const { onNews: _, ...options } = this.#options;
    const workerData: PulseWorkerData = {
      ...options,
      self: { ...options.self, link: 'pulse' },
      port: this.#port,
      cell: this.#cell,
      epochNs: this.#epochNs,
    };
    const url = new URL('./pulse-worker.ts', import.meta.url);
    const worker = new Worker(url, { workerData, execArgv: [] });
    this.#worker = worker;
    worker.postMessage(this.#members);
    return new Promise((resolve, reject) => {
      let reason = 'it has ended';
      worker.on('message', (news: WorkerNews) => {
        if (this.#closed) return;
        if (news.what === 'listening') resolve(news.port);
        if (news.what === 'failed') {
          ({ reason } = news);
          reject(Object.assign(new Error(reason), { code: news.code }));
          void worker.terminate();
        } else this.#tell(news);
      });
      worker.on('error', (error) => {
        reason = (error as Error).message;
        reject(error as Error);
      });
      worker.on('exit', () => {
        reject(new Error(reason));
        this.#ended(reason);
      });
    });
  }

  #tell(news: PulseNews): void {
    if (news.what === 'up') this.#linked.add(news.memberId);
    if (news.what === 'down') this.#linked.delete(news.memberId);
    if (news.what === 'died') this.#linked.clear();
    this.#options.onNews(news);
  }

  #ended(reason: string): void {
    this.#worker = null;
    if (this.#closed) return;
    this.#tell({ what: 'died', reason });
    this.#restart = setTimeout(() => {
      // what is wrong with it is told when it ends again
      this.#run().catch(() => undefined);
    }, RESTART_MS);
  }
}
