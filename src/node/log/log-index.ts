/**
 * What the log on disk holds, in memory: first and last index, terms, and where entries are. It is
 * brought up to date from the records of each batch once that is durable, at recovery and while
 * appending alike.
 */
import { PositionIndex } from './position-index.ts';
import type { RecordVisitor } from './format.ts';
import { TermRuns } from './term-runs.ts';

export class LogIndex implements RecordVisitor {
  /** Of the oldest entry kept; lastIndex + 1 when there is none. */
  firstIndex: number;
  lastIndex: number;
  lastTerm: number;
  terms: TermRuns;
  readonly positions = new PositionIndex();
  #ordinal = 0;
  #shift = 0;
  #batchAt = 0;
  #batchEnd = 0;

  /** @param baseIndex index of the last entry dropped from the head (0: none), @param baseTerm its term */
  constructor(baseIndex: number, baseTerm: number) {
    this.firstIndex = baseIndex + 1;
    this.lastIndex = baseIndex;
    this.lastTerm = baseTerm;
    this.terms = new TermRuns(baseTerm);
  }

  /**
   * Says where the records shown next are: segment `ordinal`, file offset = array offset + `shift`,
   * in the batch of `length` bytes at file offset `batchAt`.
   */
  startBatch(ordinal: number, shift: number, batchAt: number, length: number): void {
    this.#ordinal = ordinal;
    this.#shift = shift;
    this.#batchAt = batchAt;
    this.#batchEnd = batchAt + length;
  }

  entry(index: number, term: number, _kind: number, recordAt: number): void {
    const at = recordAt + this.#shift;
    this.positions.append(index, this.#ordinal, at, this.#batchAt, this.#batchEnd);
    this.terms.append(index, term);
    this.lastIndex = index;
    this.lastTerm = term;
  }

  truncate(from: number, termBefore: number): void {
    if (from > this.lastIndex) return;
    this.positions.truncate(from);
    this.terms.truncate(from, termBefore);
    this.lastIndex = from - 1;
    this.lastTerm = termBefore;
    // what was dropped from the head reached beyond `from`: the entries that remain start here
    if (from < this.firstIndex) this.firstIndex = from;
  }

  restart(index: number, term: number): void {
    this.positions.clear();
    this.terms = new TermRuns(term);
    this.firstIndex = index + 1;
    this.lastIndex = index;
    this.lastTerm = term;
  }

  /** Ordinal of the oldest segment with an entry >= index; `tail` when there is none. */
  segmentOf(index: number, tail: number): number {
    if (index > this.lastIndex) return tail;
    return this.positions.ordinalOf(Math.max(index, this.firstIndex));
  }

  /** Forgets the entries in segments before `ordinal`. */
  dropSegments(ordinal: number): void {
    this.positions.dropSegments(ordinal);
    // the first entry in a segment has a point of its own
    this.firstIndex = this.positions.point(0)?.index ?? this.lastIndex + 1;
    this.terms.dropBefore(this.firstIndex, this.lastIndex);
  }
}
