/** The terms of the log's entries as runs of equal terms: small, because terms change seldom. */
import type { TermRun } from './options.ts';

export class TermRuns {
  readonly #runs: TermRun[] = [];

  get runs(): readonly TermRun[] {
    return this.#runs;
  }

  append(index: number, term: number): void {
    const last = this.#runs.at(-1);
    if (last === undefined || last.term !== term) this.#runs.push({ from: index, term });
  }

  /** Drops the terms of entries with index >= from. */
  truncate(from: number): void {
    let last = this.#runs.at(-1);
    while (last !== undefined && last.from >= from) {
      this.#runs.pop();
      last = this.#runs.at(-1);
    }
  }

  /** The term of the entry at `index`, which exists, or 0 when it lies before the first run. */
  termAt(index: number): number {
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      if (this.#runs[i].from <= index) return this.#runs[i].term;
    }
    return 0;
  }
}
