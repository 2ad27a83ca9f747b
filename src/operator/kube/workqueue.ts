/**
 * Keys to look at. A key is in the queue once however often it is added; one key is never worked on
 * twice at a time (an add meanwhile brings it back afterwards); a failure brings it back later, each time
 * later still. `requeueAfterMs` of a success brings it back then, unless something adds it before.
 */
import { Backoff } from './backoff.ts';
import type { Random } from './backoff.ts';

/** Works on a key; resolves to when to look again (null: only when something changes). */
export type Handler = (key: string) => Promise<number | null>;

/** What the metrics want to know. */
export interface WorkQueueObserver {
  depth(name: string, depth: number): void;
  retried(name: string): void;
  done(name: string, seconds: number, result: 'success' | 'error'): void;
}

export interface WorkQueueOptions {
  readonly name: string;
  readonly handler: Handler;
  readonly concurrency: number;
  readonly observer: WorkQueueObserver;
  readonly onError: (key: string, error: unknown, retryMs: number) => void;
  readonly firstBackoffMs?: number;
  readonly mostBackoffMs?: number;
  readonly random?: Random;
}

interface Timer {
  readonly dueMs: number;
  readonly handle: ReturnType<typeof setTimeout>;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  /** Keys added while they were being worked on. */
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, Timer>();
  readonly #backoffs = new Map<string, Backoff>();
  #running = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait, not counting those for later. */
  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  /** Puts the key into the queue now; a plan for later is dropped. */
  add(key: string): void {
    this.#cancelTimer(key);
    if (this.#active.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#report();
    this.#pump();
  }

  /** Puts the key into the queue in `delayMs`, or earlier if it is already due earlier. */
  addAfter(key: string, delayMs: number): void {
    if (this.#waiting.has(key) || this.#again.has(key)) return;
    const dueMs = performance.now() + delayMs;
    const timer = this.#timers.get(key);
    if (timer !== undefined && timer.dueMs <= dueMs) return;
    this.#cancelTimer(key);
    const handle = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, delayMs);
    this.#timers.set(key, { dueMs, handle });
  }

  /** Begins to work on keys; until then they only collect. */
  start(): void {
    this.#running = true;
    this.#pump();
  }

  /** Takes no more keys; resolves when those being worked on are done. */
  async stop(): Promise<void> {
    this.#running = false;
    for (const key of this.#timers.keys()) this.#cancelTimer(key);
    if (this.#active.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #cancelTimer(key: string): void {
    const timer = this.#timers.get(key);
    if (timer === undefined) return;
    clearTimeout(timer.handle);
    this.#timers.delete(key);
  }

  #report(): void {
    this.#options.observer.depth(this.#options.name, this.depth);
  }

  #pump(): void {
    while (this.#running && this.#active.size < this.#options.concurrency) {
      const next = this.#waiting.values().next();
      if (next.done === true) return;
      this.#waiting.delete(next.value);
      this.#active.add(next.value);
      void this.#work(next.value);
    }
  }

  async #work(key: string): Promise<void> {
    const { name, handler, observer, onError } = this.#options;
    const startedMs = performance.now();
    let laterMs: number | null = null;
    let result: 'success' | 'error' = 'success';
    try {
      laterMs = await handler(key);
      this.#backoffs.delete(key);
    } catch (error) {
      result = 'error';
      const backoff =
        this.#backoffs.get(key) ??
        new Backoff(
          this.#options.firstBackoffMs ?? 1000,
          this.#options.mostBackoffMs ?? 300_000,
          this.#options.random,
        );
      this.#backoffs.set(key, backoff);
      laterMs = backoff.nextMs();
      observer.retried(name);
      onError(key, error, laterMs);
    }
    observer.done(name, (performance.now() - startedMs) / 1000, result);
    this.#active.delete(key);
    if (this.#again.delete(key)) this.#waiting.add(key);
    else if (laterMs !== null && this.#running) this.addAfter(key, laterMs);
    this.#report();
    if (this.#active.size === 0) {
      for (const resolve of this.#whenIdle) resolve();
      this.#whenIdle = [];
    }
    this.#pump();
  }
}
