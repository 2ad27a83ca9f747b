/**
 * How long the command thread of a running node was held up, measured inside it: a timer of 1 ms is put
 * into the process by its inspector. Time on the wall also counts what other processes took of the
 * processor; the thread's own processor time between two turns of the timer does not.
 */
import type { Inspector } from '#bench/measure/inspector.ts';

export interface Stalls {
  /** Longest time between two turns of the timer. */
  readonly wallMs: number;
  /** Most processor time of the thread between two turns. */
  readonly cpuMs: number;
  /** 99.9 % of turns took no longer, by the wall. */
  readonly p999Ms: number;
  /** Longest garbage collection. */
  readonly collectionMs: number;
}

/** Runs in the node: plain JavaScript, and nothing of ours. */
const WATCH = `(() => {
  const { PerformanceObserver, createHistogram } = process.getBuiltinModule('node:perf_hooks');
  const watch = { wallMs: 0, cpuMs: 0, collectionMs: 0, turns: createHistogram() };
  let wallMs = performance.now();
  let cpu = process.threadCpuUsage();
  watch.timer = setInterval(() => {
    const nowMs = performance.now();
    const nowCpu = process.threadCpuUsage();
    const cpuMs = (nowCpu.user - cpu.user + nowCpu.system - cpu.system) / 1000;
    watch.wallMs = Math.max(watch.wallMs, nowMs - wallMs);
    watch.cpuMs = Math.max(watch.cpuMs, cpuMs);
    watch.turns.record(Math.max(1, Math.round((nowMs - wallMs) * 1000)));
    wallMs = nowMs;
    cpu = nowCpu;
  }, 1);
  watch.observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      watch.collectionMs = Math.max(watch.collectionMs, duration);
    }
  });
  watch.observer.observe({ entryTypes: ['gc'] });
  globalThis.benchStallWatch = watch;
})()`;

const READ = `(() => {
  const { timer, observer, wallMs, cpuMs, collectionMs, turns } = globalThis.benchStallWatch;
  clearInterval(timer);
  observer.disconnect();
  delete globalThis.benchStallWatch;
  return { wallMs, cpuMs, collectionMs, p999Ms: turns.percentile(99.9) / 1000 };
})()`;

export async function watchStalls(inspector: Inspector): Promise<void> {
  await inspector.evaluate(WATCH);
}

/** What was seen since {@link watchStalls}; the watch is over. */
export async function readStalls(inspector: Inspector): Promise<Stalls> {
  return (await inspector.evaluate(READ)) as Stalls;
}
