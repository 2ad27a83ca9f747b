/**
 * The log as it will be once everything handed to it is durable. Each request is checked against that:
 * a hole in the log, a falling term, would be our own bug, and has to be met before it is on disk.
 */
import { invariant } from '#base/invariant.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { LogIndex } from './log-index.ts';
import { TermRuns } from './term-runs.ts';

/** What a request drops from the end of the log. */
export interface Truncation {
  readonly from: number;
  /** Term of the entry before it. */
  readonly termBefore: number;
}

export class AcceptedLog {
  #term: number;
  #firstIndex: number;
  #lastIndex: number;
  #lastTerm: number;
  #terms: TermRuns;

  /** @param term the newest of the hard state, @param index what is on disk */
  constructor(term: number, index: LogIndex) {
    this.#term = term;
    this.#firstIndex = index.firstIndex;
    this.#lastIndex = index.lastIndex;
    this.#lastTerm = index.lastTerm;
    this.#terms = new TermRuns(index.terms.termBefore);
    for (const run of index.terms.runs) this.#terms.append(run.from, run.term);
  }

  /** Takes in a request; returns what it drops from the end of the log, or null when it drops nothing. */
  accept(request: Persist, maxPayloadBytes: number): Truncation | null {
    const { hardState, restart, truncateFrom, entries } = request;
    if (hardState !== null) {
      invariant(hardState.term >= this.#term, 'the term never falls');
      this.#term = hardState.term;
    }
    if (restart !== null) {
      invariant(restart.term <= this.#term, 'a snapshot is not newer than the hard state');
      this.#terms = new TermRuns(restart.term);
      this.#firstIndex = restart.index + 1;
      this.#lastIndex = restart.index;
      this.#lastTerm = restart.term;
    }
    let truncation: Truncation | null = null;
    if (truncateFrom !== null && truncateFrom <= this.#lastIndex) {
      invariant(truncateFrom >= this.#firstIndex, 'the dropped head is not truncated');
      truncation = { from: truncateFrom, termBefore: this.#terms.termAt(truncateFrom - 1) };
      this.#terms.truncate(truncation.from, truncation.termBefore);
      this.#lastIndex = truncateFrom - 1;
      this.#lastTerm = truncation.termBefore;
    }
    for (const entry of entries) {
      invariant(entry.index === this.#lastIndex + 1, 'entries follow the log without a gap');
      invariant(entry.term >= this.#lastTerm, 'terms never fall along the log');
      invariant(entry.term <= this.#term, 'an entry is not newer than the hard state');
      invariant(entry.payload.length <= maxPayloadBytes, 'an entry fits a segment');
      this.#terms.append(entry.index, entry.term);
      this.#lastIndex = entry.index;
      this.#lastTerm = entry.term;
    }
    return truncation;
  }

  /** Forgets entries below `firstIndex`. */
  dropBefore(firstIndex: number): void {
    // a restart that is not durable yet is ahead of what is on disk
    if (firstIndex <= this.#firstIndex) return;
    this.#firstIndex = firstIndex;
    this.#terms.dropBefore(firstIndex, this.#lastIndex);
  }
}
