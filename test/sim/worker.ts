/**
 * A thread that runs seeds: gets ranges of them, answers with their results. With a mutant its bug is planted before
 * anything of the program is loaded.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { RunResult } from './run.ts';
import { plant } from './plant.ts';

/** Seeds [first, first + count). */
export interface Order {
  readonly first: number;
  readonly count: number;
}

export interface WorkerData {
  /** The name of a mutant, '' for none. */
  readonly mutant: string;
}

const { mutant } = workerData as WorkerData;
if (mutant !== '') plant(mutant);
const { runSeed } = await import('./run.ts');

parentPort?.on('message', ({ first, count }: Order) => {
  for (let seed = first; seed < first + count; seed++) {
    const result: RunResult = runSeed(seed);
    parentPort?.postMessage(result);
  }
});
