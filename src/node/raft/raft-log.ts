/**
 * RaftLog: the member's log as the core sees it: terms of all entries, the newest entries themselves,
 * and how far they are committed and handed out. Whether they are on disk is durability.ts's business.
 *
 * It begins after the snapshot, or some entry before the snapshot's: of what it lacks it knows the last term.
 *
 * Invariants: firstIndex - 1 <= handedOut <= commitIndex <= lastIndex; an index at or below commitIndex is never cut;
 * the cache is the suffix [cacheFrom, lastIndex]; what it lacks is on disk for good. Payloads in the cache are
 * the log's own copies, and their memory is used again: nobody looks at one that has been trimmed.
 */
import { invariant } from '#base/invariant.ts';
import { type Entry, entryBytes } from './entry.ts';
import type { LogReader, Recovered } from './options.ts';
import { PayloadRing } from './payload-ring.ts';

/** How much of the limit is filled with entries that nobody may ask for any more. */
const KEPT_PART = 0.75;

/** Stands for a trimmed entry until the array is cut, so that nothing of it is kept. */
const FORGOTTEN: Entry = { index: 0, term: 0, kind: 0, payload: new Uint8Array(0) };

export class RaftLog {
  readonly #reader: LogReader;
  readonly #maxCachedBytes: number;
  #firstIndex: number;
  /** The term of entry firstIndex - 1 and of what follows it up to the first run. */
  #termBefore: number;
  /** Runs of equal terms, ascending; a run ends where the next begins. */
  readonly #runs: { readonly from: number; readonly term: number }[];
  #lastIndex: number;
  #commitIndex: number;
  #handedOut: number;
  /** #cache[#cacheHead] has the index #cacheFrom. */
  readonly #cache: Entry[] = [];
  #cacheHead = 0;
  #cacheFrom: number;
  #cachedBytes = 0;
  #payloads: PayloadRing;
  /** The last slice of the cache: followers in step with each other share it. */
  #slice: readonly Entry[] = [];
  #sliceTo = 0;
  #sliceMaxBytes = 0;

  constructor(recovered: Recovered, reader: LogReader, maxCachedBytes: number) {
    const { firstIndex, lastIndex, terms, snapshot } = recovered;
    const covered = snapshot?.index ?? 0;
    this.#firstIndex = firstIndex;
    this.#termBefore = recovered.termBefore;
    this.#reader = reader;
    this.#maxCachedBytes = maxCachedBytes;
    this.#payloads = new PayloadRing(maxCachedBytes);
    this.#runs = [...terms];
    this.#lastIndex = lastIndex;
    this.#commitIndex = Math.max(covered, Math.min(recovered.hardState.commit, lastIndex));
    this.#handedOut = covered;
    this.#cacheFrom = lastIndex + 1;
  }

  /** The oldest entry that is kept, or the next one when none is. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  get lastTerm(): number {
    const runs = this.#runs;
    return runs.length === 0 ? this.#termBefore : runs[runs.length - 1].term;
  }

  get commitIndex(): number {
    return this.#commitIndex;
  }

  /** Bytes of the entries in memory. */
  get cachedBytes(): number {
    return this.#cachedBytes;
  }

  /** The term of the entry at `index`, in [firstIndex - 1, lastIndex]; 0 at index 0. */
  termAt(index: number): number {
    invariant(index >= this.#firstIndex - 1 && index <= this.#lastIndex, 'the log has that index');
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      if (this.#runs[i].from <= index) return this.#runs[i].term;
    }
    return this.#termBefore;
  }

  /**
   * The highest index, at most `index`, whose term is at most `term`. Of terms before firstIndex - 1 nothing is known:
   * the answer is the highest index that they do not rule out.
   */
  lastAtOrBelowTerm(index: number, term: number): number {
    let at = Math.min(index, this.#lastIndex);
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      if (this.#runs[i].from > at) continue;
      if (this.#runs[i].term <= term) return at;
      at = this.#runs[i].from - 1;
    }
    return this.#termBefore <= term ? at : Math.min(at, this.#firstIndex - 2);
  }

  /**
   * True when this log has the leader's entry (index, term), and so the leader's log up to there (§3.5). What
   * comes before the log is committed, so every leader of the present term has the same.
   */
  matches(index: number, term: number): boolean {
    if (index < this.#firstIndex - 1) return true;
    return index <= this.#lastIndex && this.termAt(index) === term;
  }

  /** True when a log that ends in (lastIndex, lastTerm) is not behind this one (§3.6.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.#lastIndex);
  }

  /** Returns the entry as it is kept: `entry.payload` itself may be changed afterwards. */
  append({ index, term, kind, payload }: Entry): Entry {
    const entry = { index, term, kind, payload: this.#payloads.put(payload) };
    invariant(entry.index === this.#lastIndex + 1, 'entries follow each other');
    invariant(entry.term >= this.lastTerm, 'terms do not fall along the log');
    if (entry.term > this.lastTerm) this.#runs.push({ from: entry.index, term: entry.term });
    this.#lastIndex = entry.index;
    this.#cache.push(entry);
    this.#cachedBytes += entryBytes(entry);
    return entry;
  }

  /** Drops the entries `from` and above: a leader's log has others there. */
  truncate(from: number): void {
    invariant(from > this.#commitIndex, 'a committed entry is never dropped');
    while (this.#runs.length > 0 && this.#runs[this.#runs.length - 1].from >= from) {
      this.#runs.pop();
    }
    this.#lastIndex = from - 1;
    if (from <= this.#cacheFrom) {
      this.#forgetCache(from);
      return;
    }
    this.#slice = [];
    this.#payloads = new PayloadRing(this.#maxCachedBytes);
    const keep = this.#cacheHead + (from - this.#cacheFrom);
    for (let i = keep; i < this.#cache.length; i++) this.#cachedBytes -= entryBytes(this.#cache[i]);
    this.#cache.length = keep;
  }

  /**
   * Forgets where the log came from: entries up to `index`, all handed out, are kept no more. The cache is left to
   * `trim`: what is in it may be on its way to the disk.
   */
  compact(index: number): void {
    if (index < this.#firstIndex) return;
    invariant(index <= this.#handedOut, 'only what was handed out is dropped');
    this.#termBefore = this.termAt(index);
    this.#firstIndex = index + 1;
    let past = 0;
    while (past < this.#runs.length && this.#runs[past].from <= index) past++;
    this.#runs.splice(0, past);
  }

  /** A snapshot that ends in (index, term) takes the place of everything: the log begins after it (§5.3). */
  restart(index: number, term: number): void {
    invariant(index > this.#commitIndex, 'a committed entry is never dropped');
    this.#runs.length = 0;
    this.#termBefore = term;
    this.#firstIndex = index + 1;
    this.#lastIndex = index;
    this.#forgetCache(index + 1);
    this.coverTo(index);
  }

  /** What is committed up to `index` comes from a snapshot: entries after it are handed out next. */
  coverTo(index: number): void {
    invariant(index >= this.#commitIndex && index <= this.#lastIndex, 'a snapshot covers news');
    this.#commitIndex = index;
    this.#handedOut = index;
  }

  /** Everything up to `index` is committed; an older index is no news. */
  commitTo(index: number): void {
    if (index <= this.#commitIndex) return;
    invariant(index <= this.#lastIndex, 'what is committed is in the log');
    this.#commitIndex = index;
  }

  /** The committed entries that were not handed out yet, up to about `maxBytes`; maybe more remain. */
  takeCommitted(maxBytes: number): readonly Entry[] {
    if (this.#handedOut === this.#commitIndex) return [];
    const entries = this.slice(this.#handedOut + 1, this.#commitIndex + 1, maxBytes);
    this.#handedOut += entries.length;
    return entries;
  }

  /**
   * Entries from `from` on, below `toExclusive`, as many as fit `maxBytes` but at least one. Fewer come
   * back where memory and disk meet. The array is shared: do not change it.
   */
  slice(from: number, toExclusive: number, maxBytes: number): readonly Entry[] {
    invariant(
      from >= this.#firstIndex && from < toExclusive && toExclusive <= this.#lastIndex + 1,
      'a slice is in the log',
    );
    if (from < this.#cacheFrom) {
      const read = this.#reader.read(from, Math.min(toExclusive, this.#cacheFrom), maxBytes);
      invariant(read.length > 0 && read[0].index === from, 'the disk has what memory has not');
      return read;
    }
    const same = this.#slice;
    if (
      same.length > 0 &&
      same[0].index === from &&
      this.#sliceTo === toExclusive &&
      this.#sliceMaxBytes === maxBytes
    ) {
      return same;
    }
    const start = this.#cacheHead + (from - this.#cacheFrom);
    const stop = start + (toExclusive - from);
    let end = start + 1;
    let bytes = entryBytes(this.#cache[start]);
    for (; end < stop; end++) {
      bytes += entryBytes(this.#cache[end]);
      if (bytes > maxBytes) break;
    }
    this.#slice = this.#cache.slice(start, end);
    this.#sliceTo = toExclusive;
    this.#sliceMaxBytes = maxBytes;
    return this.#slice;
  }

  /**
   * Forgets the oldest entries in memory, down to a part of the limit so that new ones find room, among those
   * on disk and applied.
   */
  trim(durableIndex: number, appliedIndex: number): void {
    const last = Math.min(durableIndex, appliedIndex, this.#handedOut);
    const wanted = this.#maxCachedBytes * KEPT_PART;
    const cache = this.#cache;
    while (this.#cachedBytes > wanted && this.#cacheFrom <= last) {
      const entry = cache[this.#cacheHead];
      this.#cachedBytes -= entryBytes(entry);
      this.#payloads.free(entry.payload);
      cache[this.#cacheHead] = FORGOTTEN;
      this.#cacheHead++;
      this.#cacheFrom++;
    }
    if (this.#cacheHead >= 1024 && this.#cacheHead * 2 >= cache.length) {
      cache.splice(0, this.#cacheHead);
      this.#cacheHead = 0;
    }
  }

  /** Empties the cache, which begins anew with `from`. */
  #forgetCache(from: number): void {
    this.#slice = [];
    // What is dropped may still be on its way to the disk: its memory is left alone.
    this.#payloads = new PayloadRing(this.#maxCachedBytes);
    this.#cache.length = 0;
    this.#cacheHead = 0;
    this.#cacheFrom = from;
    this.#cachedBytes = 0;
  }
}
