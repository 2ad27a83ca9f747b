/**
 * Test support: a disk that writes units in order, forgets what was not synced when its member crashes
 * (leaving any part of the unit it was at), and never lies otherwise. Beside the log it has the member's
 * snapshot files, which get their names at once and for good, in no order with the log.
 */
import { invariant } from '#base/invariant.ts';
import type { Prng } from '#base/prng.ts';
import { ENTRY_CONFIG, type Entry, entryBytes } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import type { Membership } from '#node/raft/membership.ts';
import type { LogReader, Recovered } from '#node/raft/options.ts';
import type { Persist } from '#node/raft/ready.ts';
import { logGoesOn, type SnapshotMeta } from '#node/raft/snapshot.ts';

export class SimulatedDisk implements LogReader {
  hardState: HardState = { term: 0, vote: '', commit: 0 };
  /** The entry before the log's first one. */
  base = { index: 0, term: 0 };
  /** entries[i] has index base.index + 1 + i. */
  readonly entries: Entry[] = [];
  /** The two newest snapshot files, ascending. */
  readonly files: SnapshotMeta[] = [];
  readonly #writing: Persist[] = [];

  get lastIndex(): number {
    return this.base.index + this.entries.length;
  }

  /** The newest snapshot file. */
  get newest(): SnapshotMeta | null {
    return this.files.at(-1) ?? null;
  }

  /** The term at `index`, -1 when the log on disk does not have that entry. */
  termAt(index: number): number {
    if (index === this.base.index) return this.base.term;
    return this.entries[index - this.base.index - 1]?.term ?? -1;
  }

  /** True when the committed entry (index, term) is in the log or in what a file covers. */
  holds(index: number, term: number): boolean {
    return index <= (this.newest?.index ?? 0) || this.termAt(index) === term;
  }

  write(unit: Persist): void {
    this.#writing.push(unit);
  }

  /** Finishes the oldest unit; returns its seq. */
  sync(): number {
    const unit = this.#writing.shift();
    invariant(unit !== undefined, 'there is a unit to sync');
    if (unit.hardState !== null) this.hardState = unit.hardState;
    this.#restart(unit.restart);
    this.#truncate(unit.truncateFrom);
    for (const entry of unit.entries) this.#append(entry);
    return unit.seq;
  }

  /** The process dies: of the unit under way some part is there (none without `random`), no later one. */
  crash(random: Prng | null): void {
    const unit = this.#writing[0];
    this.#writing.length = 0;
    if (unit === undefined || random === null) return;
    const step = random.below(5);
    if (step === 0) return;
    if (unit.hardState !== null) this.hardState = unit.hardState;
    if (step === 1) return;
    this.#restart(unit.restart);
    if (step === 2) return;
    this.#truncate(unit.truncateFrom);
    if (step === 3) return;
    const count = random.below(unit.entries.length + 1);
    for (let i = 0; i < count; i++) this.#append(unit.entries[i]);
  }

  read(from: number, toExclusive: number, maxBytes: number): Entry[] {
    invariant(
      from > this.base.index && toExclusive <= this.lastIndex + 1,
      'only what is on disk is read',
    );
    const out: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < toExclusive; index++) {
      const entry = this.entries[index - this.base.index - 1];
      bytes += entryBytes(entry);
      if (out.length > 0 && bytes > maxBytes) break;
      out.push(entry);
    }
    return out;
  }

  /** The file is durable under its name. */
  publish(meta: SnapshotMeta): void {
    invariant(meta.index > (this.newest?.index ?? 0), 'a file is newer than the last');
    this.files.push(meta);
    if (this.files.length > 2) this.files.shift();
  }

  /** Entries up to `index` go, as far as they are here. */
  drop(index: number): void {
    const last = Math.min(index, this.lastIndex);
    if (last <= this.base.index) return;
    const term = this.termAt(last);
    this.entries.splice(0, last - this.base.index);
    this.base = { index: last, term };
  }

  /** What a process finds; a log that does not go on from the newest file restarts after it. */
  recover(membership: Membership): Recovered {
    const snapshot = this.newest;
    if (snapshot !== null && !logGoesOn(this.#outline(), snapshot)) this.#restart(snapshot);
    return {
      hardState: this.hardState,
      ...this.#outline(),
      snapshot,
      membership,
      configEntries: this.entries.filter(({ kind }) => kind === ENTRY_CONFIG),
    };
  }

  #outline(): Pick<Recovered, 'firstIndex' | 'lastIndex' | 'terms' | 'termBefore'> {
    const terms: { from: number; term: number }[] = [];
    for (const { index, term } of this.entries) {
      if (terms.at(-1)?.term !== term) terms.push({ from: index, term });
    }
    const { index, term: termBefore } = this.base;
    return { firstIndex: index + 1, lastIndex: this.lastIndex, terms, termBefore };
  }

  #restart(after: { readonly index: number; readonly term: number } | null): void {
    if (after === null) return;
    invariant(after.index <= (this.newest?.index ?? 0), 'a log restarts after what a file covers');
    this.base = { index: after.index, term: after.term };
    this.entries.length = 0;
  }

  #truncate(from: number | null): void {
    if (from === null) return;
    invariant(from > this.base.index && from <= this.lastIndex, 'only what is on disk is cut off');
    this.entries.length = from - this.base.index - 1;
  }

  #append(entry: Entry): void {
    invariant(entry.index === this.lastIndex + 1, 'what is written follows what is there');
    this.entries.push({ ...entry, payload: entry.payload.slice() });
  }
}
