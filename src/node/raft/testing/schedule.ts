/** Test support: things to do in the order of their time; equal times in the order they were planned. */
interface Plan {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Schedule {
  readonly #heap: Plan[] = [];
  #order = 0;
  nowMs = 0;

  /** Plans `run` for `delayMs` from now. */
  after(delayMs: number, run: () => void): void {
    const heap = this.#heap;
    const plan = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run };
    let at = heap.push(plan) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(plan, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = plan;
  }

  /** Does everything that is due within the next `durationMs`. */
  run(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    while (this.#heap.length > 0 && this.#heap[0].atMs <= endMs) {
      const plan = this.#take();
      this.nowMs = plan.atMs;
      plan.run();
    }
    this.nowMs = endMs;
  }

  #take(): Plan {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Plan, b: Plan): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
