/** Runs seeds on threads. */
import { Worker } from 'node:worker_threads';
import type { RunResult } from './run.ts';
import type { Order, WorkerData } from './worker.ts';

/** Seeds that a thread gets at a time. */
const ORDER_SEEDS = 4;
/** A seed takes a fraction of a second; one that takes so long goes round in circles. */
const STUCK_MS = 120_000;

export interface PoolOptions {
  readonly first: number;
  readonly seeds: number;
  readonly jobs: number;
  /** '' for none. */
  readonly mutant: string;
  /** Told of each result; false ends the run. */
  readonly onResult: (result: RunResult) => boolean;
}

/** Runs all seeds; resolves when all are done, or `onResult` has had enough. Rejects when a thread fails. */
export async function runSeeds(options: PoolOptions): Promise<void> {
  const { first, seeds, jobs, mutant, onResult } = options;
  let next = first;
  const end = first + seeds;
  let over = false;
  const take = (): Order | null => {
    if (over || next >= end) return null;
    const order = { first: next, count: Math.min(ORDER_SEEDS, end - next) };
    next += order.count;
    return order;
  };
  const onWorkerResult = (result: RunResult): void => {
    if (!over && !onResult(result)) over = true;
  };
  const threads = Array.from({ length: Math.min(jobs, seeds) }, () =>
    runThread(mutant, take, onWorkerResult, () => over),
  );
  await Promise.all(threads);
}

/** One thread, from its start to its end. */
function runThread(
  mutant: string,
  take: () => Order | null,
  onResult: (result: RunResult) => void,
  isOver: () => boolean,
): Promise<void> {
  const workerData: WorkerData = { mutant };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
  let left = 0;
  let running = '';
  let failure: Error | null = null;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    void worker.terminate();
  };
  const watch = (seed: number): void => {
    clearTimeout(timer);
    running = `seed ${seed}`;
    timer = setTimeout(() => {
      failure = new Error(`${running} does not end`);
      stop();
    }, STUCK_MS);
  };
  const goOn = (): void => {
    const order = take();
    if (order === null) {
      stop();
      return;
    }
    left = order.count;
    watch(order.first);
    worker.postMessage(order);
  };
  return new Promise((resolve, reject) => {
    worker.on('message', (result: RunResult) => {
      onResult(result);
      left--;
      if (left === 0 || isOver()) goOn();
      else watch(result.seed + 1);
    });
    worker.on('error', (cause) => {
      failure = new Error(`a thread fails at ${running}: ${String(cause)}`, { cause });
    });
    worker.on('exit', () => {
      clearTimeout(timer);
      if (failure === null) resolve();
      else reject(failure);
    });
    goOn();
  });
}
