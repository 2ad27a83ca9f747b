/**
 * Test support: a disk that writes units in order, forgets what was not synced when its member crashes
 * (leaving any part of the unit it was at), and never lies otherwise.
 */
import { invariant } from '#base/invariant.ts';
import type { Prng } from '#base/prng.ts';
import { ENTRY_CONFIG, type Entry, entryBytes } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import type { Membership } from '#node/raft/membership.ts';
import type { LogReader, Recovered } from '#node/raft/options.ts';
import type { Persist } from '#node/raft/ready.ts';

export class SimulatedDisk implements LogReader {
  hardState: HardState = { term: 0, vote: '', commit: 0 };
  /** entries[i] has index i + 1. */
  readonly entries: Entry[] = [];
  readonly #writing: Persist[] = [];

  get lastIndex(): number {
    return this.entries.length;
  }

  /** The term at `index`, -1 when the disk has no such entry. */
  termAt(index: number): number {
    if (index === 0) return 0;
    return index <= this.entries.length ? this.entries[index - 1].term : -1;
  }

  write(unit: Persist): void {
    this.#writing.push(unit);
  }

  /** Finishes the oldest unit; returns its seq. */
  sync(): number {
    const unit = this.#writing.shift();
    invariant(unit !== undefined, 'there is a unit to sync');
    if (unit.hardState !== null) this.hardState = unit.hardState;
    this.#truncate(unit.truncateFrom);
    for (const entry of unit.entries) this.#append(entry);
    return unit.seq;
  }

  /** The process dies: of the unit under way some part is there (none without `random`), no later one. */
  crash(random: Prng | null): void {
    const unit = this.#writing[0];
    this.#writing.length = 0;
    if (unit === undefined || random === null) return;
    const step = random.below(4);
    if (step === 0) return;
    if (unit.hardState !== null) this.hardState = unit.hardState;
    if (step === 1) return;
    this.#truncate(unit.truncateFrom);
    if (step === 2) return;
    const count = random.below(unit.entries.length + 1);
    for (let i = 0; i < count; i++) this.#append(unit.entries[i]);
  }

  read(from: number, toExclusive: number, maxBytes: number): Entry[] {
    invariant(from >= 1 && toExclusive <= this.entries.length + 1, 'only what is on disk is read');
    const out: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < toExclusive; index++) {
      const entry = this.entries[index - 1];
      bytes += entryBytes(entry);
      if (out.length > 0 && bytes > maxBytes) break;
      out.push(entry);
    }
    return out;
  }

  recover(membership: Membership): Recovered {
    const terms: { from: number; term: number }[] = [];
    for (const { index, term } of this.entries) {
      if (terms.length === 0 || terms[terms.length - 1].term !== term) {
        terms.push({ from: index, term });
      }
    }
    return {
      hardState: this.hardState,
      firstIndex: 1,
      termBefore: 0,
      snapshot: null,
      lastIndex: this.entries.length,
      terms,
      membership,
      configEntries: this.entries.filter(({ kind }) => kind === ENTRY_CONFIG),
    };
  }

  #truncate(from: number | null): void {
    if (from === null) return;
    invariant(from >= 1 && from <= this.entries.length, 'only what is on disk is truncated');
    this.entries.length = from - 1;
  }

  #append(entry: Entry): void {
    invariant(entry.index === this.entries.length + 1, 'what is written follows what is there');
    this.entries.push({ ...entry, payload: entry.payload.slice() });
  }
}
