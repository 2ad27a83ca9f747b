/**
 * Simulated time: events in the order of true time, and one source of chance. Nothing here reads a real clock;
 * a world with the same seed and the same calls does the same again.
 */
import { Prng } from '#base/prng.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** True time, events in order of it, and one source of chance. */
export class World {
  readonly random: Prng;
  nowMs = 1000;
  /** Events that have run. */
  events = 0;
  #order = 0;
  #events: Event[] = [];

  constructor(seed: number) {
    this.random = new Prng(seed);
  }

  /** Runs `run` after `delayMs` of true time. */
  after(delayMs: number, run: () => void): void {
    this.#order++;
    this.#push({ atMs: this.nowMs + delayMs, order: this.#order, run });
  }

  /** Runs events until `untilMs` of true time has come. */
  runUntil(untilMs: number): void {
    for (let head = this.#events[0]; head !== undefined && head.atMs <= untilMs; ) {
      this.#pop();
      this.nowMs = Math.max(this.nowMs, head.atMs);
      this.events++;
      head.run();
      head = this.#events[0];
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Runs until `done()` holds; false when it does not within `limitMs`. */
  runWhile(done: () => boolean, limitMs: number): boolean {
    const endMs = this.nowMs + limitMs;
    while (!done()) {
      if (this.nowMs >= endMs) return false;
      this.runUntil(Math.min(this.nowMs + 1, endMs));
    }
    return true;
  }

  /** A uniform number of milliseconds in [low, high). */
  between(low: number, high: number): number {
    return low + (this.random.uint32() / 0x1_0000_0000) * (high - low);
  }

  // a binary heap by time, then order
  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent], event)) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (before(last, heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
