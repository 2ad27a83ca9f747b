/** The terms of the log's entries as runs of equal terms: small, because terms change seldom. */
import type { TermRun } from './options.ts';

export class TermRuns {
  #runs: TermRun[] = [];
  #termBefore: number;

  /** @param termBefore term of the entry before the first one kept; 0 when there is none */
  constructor(termBefore: number) {
    this.#termBefore = termBefore;
  }

  get runs(): readonly TermRun[] {
    return this.#runs;
  }

  /** Term of the entry before the first one kept. */
  get termBefore(): number {
    return this.#termBefore;
  }

  append(index: number, term: number): void {
    const last = this.#runs.at(-1);
    if (last === undefined || last.term !== term) this.#runs.push({ from: index, term });
  }

  /** Drops the terms of entries with index >= from; `termBefore` is that of the entry before it. */
  truncate(from: number, termBefore: number): void {
    let last = this.#runs.at(-1);
    while (last !== undefined && last.from >= from) {
      this.#runs.pop();
      last = this.#runs.at(-1);
    }
    if (last === undefined) this.#termBefore = termBefore;
  }

  /** Drops the terms of entries below `firstIndex`; `lastIndex` is the last one in the log. */
  dropBefore(firstIndex: number, lastIndex: number): void {
    this.#termBefore = this.termAt(firstIndex - 1);
    if (firstIndex > lastIndex) {
      this.#runs = [];
      return;
    }
    const first = this.#runs.findLastIndex(({ from }) => from <= firstIndex);
    if (first === -1) return;
    const { term } = this.#runs[first];
    this.#runs.splice(0, first + 1, { from: firstIndex, term });
  }

  /** The term of the entry at `index`, which is in the log or the one before its first. */
  termAt(index: number): number {
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      if (this.#runs[i].from <= index) return this.#runs[i].term;
    }
    return this.#termBefore;
  }
}
