/**
 * A simulated transaction log that keeps the contract of `#node/log` (FORMAT.md), with its faults:
 *
 * - One step at a time: term and vote first, then one batch with the records of as many requests as fit; a request
 *   may take several batches. A crash leaves of the step under way nothing, its term and vote, or all of it.
 * - A batch is *marked* by the next one, by a later term or vote, or soon by an idle log. Damage of a marked record
 *   stops the next start; damage of the last batch before its mark looks like a torn write and is cut.
 * - After a failed sync nothing is reported any more. What was written reads back until the power fails; a start
 *   copies it, so from then on it is durable.
 * - Without room nothing is written, and nothing fails; a snapshot is not published then.
 * - The head goes by whole segments, so some of what might go stays.
 */
import { invariant } from '#base/invariant.ts';
import { ENTRY_CONFIG, type Entry, entryBytes } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import { decodeMembership, type Membership } from '#node/raft/membership.ts';
import type { Persist, Recovered } from '#node/raft/raft.ts';
import type { Disk } from '#node/shard/ports.ts';
import { newestSnapshot } from '#node/shard/restore.ts';
import { SimDiskError } from './disk-error.ts';
import { SimSnapshotFiles } from './snapshots.ts';
import type { World } from './world.ts';

/** How long a log is idle before it marks its last batch. */
const IDLE_MARK_MS = 50;
/** How often a disk that does not get on looks again. */
const RETRY_MS = 5;

interface Request {
  readonly persist: Persist;
  readonly sinceMs: number;
  /** Entries that earlier batches took. */
  done: number;
}

/** What one batch does to the log. */
interface Step {
  hardState: HardState | null;
  readonly restart: Persist['restart'];
  readonly truncateFrom: number | null;
  readonly entries: readonly Entry[];
  /** Requests that are complete with it. */
  readonly requests: number;
}

export class SimDisk implements Disk {
  /** What can be read: entries[i] has index base.index + i + 1. */
  entries: Entry[] = [];
  /** The last entry that was dropped from the head. */
  base = { index: 0, term: 0 };
  readonly snapshots: SimSnapshotFiles;
  hardState: HardState = { term: 0, vote: '', commit: 0 };
  readonly totalBytes = 1 << 30;
  freeBytes = 1 << 30;
  /** Bytes of entries in one batch. */
  maxBatchBytes = 1 << 20;
  /** Milliseconds that one sync takes, [low, high). */
  syncMs: readonly [number, number] = [0.2, 2];
  /** No sync ends while this holds. */
  stuck = false;
  /** The next sync fails. */
  failing = false;
  /** Sees each request that is made. */
  onPersist: (request: Persist) => void = () => {};
  /** Told of each request that became durable. */
  onPersisted: (seq: number) => void = () => {};
  /** Told once when a write or sync failed. */
  onFailed: () => void = () => {};
  readonly #world: World;
  #queue: Request[] = [];
  #step: Step | null = null;
  #failed = false;
  /** What a failed sync left in the page cache alone. */
  #clean: Step | null = null;
  #generation = 0;
  /** The entries of the last batch and those that it dropped, while nothing marks it. */
  #unmarked: { readonly from: number; readonly dropped: readonly Entry[] } | null = null;
  /** Damaged records that can be read, and damage of marked ones anywhere. */
  readonly #damaged = new Set<Entry>();
  #corrupt = false;

  constructor(world: World) {
    this.#world = world;
    this.snapshots = new SimSnapshotFiles(world, () => this.freeBytes <= 0);
  }

  get lastIndex(): number {
    return this.base.index + this.entries.length;
  }

  /** The term at `index`, -1 when the disk has no such entry, or no more. */
  termAt(index: number): number {
    if (index === this.base.index) return this.base.term;
    return index > this.base.index && index <= this.lastIndex ? this.#at(index).term : -1;
  }

  /** The newest membership that the log or a snapshot says; `voters` are the first ones. */
  membership(voters: readonly string[]): Membership {
    for (let at = this.entries.length - 1; at >= 0; at--) {
      const { kind, payload } = this.entries[at];
      if (kind === ENTRY_CONFIG) return decodeMembership(payload);
    }
    return newestSnapshot(this.snapshots.whole)?.membership ?? { voters, learners: [] };
  }

  /** Where the last batch begins if damage of it would be cut, else 0. */
  get unmarkedFrom(): number {
    return this.#unmarked?.from ?? 0;
  }

  /** How many entries would be there again if damage of the last batch cut it. */
  get unmarkedDropped(): number {
    return this.#unmarked?.dropped.length ?? 0;
  }

  persist(request: Persist): void {
    if (this.#failed) return;
    this.onPersist(request);
    this.#queue.push({ persist: request, sinceMs: this.#world.nowMs, done: 0 });
    this.#begin();
  }

  read(from: number, toExclusive: number, maxBytes: number): Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    invariant(from > this.base.index, 'what is read was not dropped');
    for (let index = from; index < toExclusive && index <= this.lastIndex; index++) {
      const entry = this.#at(index);
      bytes += entry.payload.length;
      if (found.length > 0 && bytes > maxBytes) break;
      if (this.#damaged.has(entry)) throw new SimDiskError('LOG_CORRUPT', `entry ${index}`);
      found.push(entry);
    }
    return found;
  }

  oldestUnsyncedMs(_nowMs: number): number {
    return this.#queue.length === 0 ? 0 : this.#world.nowMs - this.#queue[0].sinceMs;
  }

  dropBefore(index: number): void {
    const most = Math.min(index - 1 - this.base.index, this.entries.length);
    if (most <= 0) return;
    const count = most - this.#world.random.below(Math.min(most, 20) + 1);
    // what a fault has damaged is found at the next start, so it stays
    if (count === 0 || this.#damaged.size > 0) return;
    const { index: last, term } = this.entries[count - 1];
    this.base = { index: last, term };
    this.entries = this.entries.slice(count);
  }

  /** The process dies, or with `power` the machine: what was not synced never happened, or did so in part. */
  crash(power = true): void {
    this.#generation++;
    this.#queue = [];
    this.#failed = false;
    this.failing = false;
    this.stuck = false;
    this.snapshots.crash();
    if (power) this.#clean = null;
    const step = this.#step ?? this.#clean;
    this.#step = null;
    this.#clean = null;
    if (step === null) return;
    const outcome = this.#world.random.below(3);
    if (outcome >= 1) this.#vote(step);
    if (outcome === 2) this.#write(step);
    this.#generation++; // nobody marks it
  }

  /** Flips a bit of the entry at `index`. */
  damage(index: number): void {
    this.#damaged.add(this.#at(index));
    if (this.#unmarked === null || index < this.#unmarked.from) this.#corrupt = true;
  }

  /** What a start finds; throws {@link SimDiskError} when it must not go on. It is durable from then on. */
  recover(voters: readonly string[]): Recovered {
    if (this.#corrupt) throw new SimDiskError('LOG_CORRUPT', 'a record that was durable');
    const unmarked = this.#unmarked;
    if (unmarked !== null && this.entries.some((entry) => this.#damaged.has(entry))) {
      this.entries.length = unmarked.from - 1 - this.base.index;
      this.entries.push(...unmarked.dropped);
    }
    this.#damaged.clear();
    this.#unmarked = null;
    this.snapshots.setDamagedAside();
    const snapshot = newestSnapshot(this.snapshots);
    if (this.base.index > (snapshot?.index ?? 0)) {
      throw new SimDiskError('SNAPSHOT_DAMAGED', 'no file reaches the log');
    }
    if (snapshot !== null && this.termAt(snapshot.index) !== snapshot.term) {
      // the crash fell between publishing a fetched file and the new beginning of the log
      if (snapshot.index > this.base.index) this.#restart(snapshot);
    }
    const terms: { from: number; term: number }[] = [];
    for (const entry of this.entries) {
      if (terms.at(-1)?.term !== entry.term) terms.push({ from: entry.index, term: entry.term });
    }
    return {
      hardState: this.hardState,
      firstIndex: this.base.index + 1,
      termBefore: this.base.term,
      lastIndex: this.lastIndex,
      terms,
      snapshot,
      membership: { voters: [...voters], learners: [] },
      configEntries: this.entries.filter((entry) => entry.kind === ENTRY_CONFIG),
    };
  }

  #at(index: number): Entry {
    return this.entries[index - this.base.index - 1];
  }

  #restart({ index, term }: { readonly index: number; readonly term: number }): void {
    this.base = { index, term };
    this.entries = [];
    this.#unmarked = null;
    this.#damaged.clear();
    this.#corrupt = false;
  }

  #begin(): void {
    if (this.#step !== null || this.#queue.length === 0 || this.#failed) return;
    this.#step = this.#next();
    const generation = this.#generation;
    const finish = (): void => {
      if (generation !== this.#generation) return;
      if (this.stuck || this.freeBytes <= 0) this.#world.after(RETRY_MS, finish);
      else this.#finish();
    };
    this.#world.after(this.#world.between(...this.syncMs), finish);
  }

  /** What fits one batch; a request that cuts the log, or begins it anew, begins another one. */
  #next(): Step {
    let hardState: HardState | null = null;
    let restart: Persist['restart'] = null;
    let truncateFrom: number | null = null;
    const entries: Entry[] = [];
    let bytes = 0;
    let requests = 0;
    for (const request of this.#queue) {
      const { persist } = request;
      if ((persist.truncateFrom ?? persist.restart) !== null && request.done === 0) {
        if (requests > 0) break;
        ({ truncateFrom, restart } = persist);
      }
      hardState = persist.hardState ?? hardState;
      while (request.done < persist.entries.length) {
        const entry = persist.entries[request.done];
        bytes += entryBytes(entry);
        if (entries.length > 0 && bytes > this.maxBatchBytes) break;
        entries.push(entry);
        request.done++;
      }
      if (request.done < persist.entries.length) break;
      requests++;
    }
    return { hardState, restart, truncateFrom, entries, requests };
  }

  #finish(): void {
    const step = this.#step;
    invariant(step !== null, 'a busy disk has a step');
    this.#step = null;
    if (this.failing) {
      this.#failed = true;
      this.#clean = step;
      this.onFailed();
      return;
    }
    this.#vote(step);
    this.#write(step);
    const finished = this.#queue.splice(0, step.requests);
    // the disk gets the next batch first; the owner is told while that is being written
    this.#begin();
    for (const { persist } of finished) this.onPersisted(persist.seq);
  }

  #vote({ hardState }: Step): void {
    if (hardState === null) return;
    this.hardState = hardState;
    this.#mark();
  }

  /** The last batch was durable, and something on disk says so. */
  #mark(): void {
    this.#unmarked = null;
    if (this.#damaged.size > 0) this.#corrupt = true;
  }

  #write({ restart, truncateFrom, entries }: Step): void {
    if (restart !== null) this.#restart(restart);
    if (truncateFrom === null && entries.length === 0) return;
    this.#mark();
    const from = Math.min(truncateFrom ?? Infinity, this.lastIndex + 1);
    const dropped = this.entries.splice(from - 1 - this.base.index);
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, 'the log on disk has no gaps');
      this.entries.push({ ...entry, payload: entry.payload.slice() });
    }
    const unmarked = { from, dropped };
    this.#unmarked = unmarked;
    const generation = this.#generation;
    this.#world.after(IDLE_MARK_MS, () => {
      if (generation === this.#generation && this.#unmarked === unmarked) this.#mark();
    });
  }
}
