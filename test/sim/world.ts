/**
 * Simulated time, network and disks: the ports of a member with faults from a seed. Nothing here reads a
 * real clock; a world with the same seed and the same calls does the same again.
 */
import type { Clock } from '#base/clock.ts';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { ENTRY_CONFIG, type Entry } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import type { Persist, Recovered } from '#node/raft/raft.ts';
import type { Disk } from '#node/shard/ports.ts';
import { newestSnapshot } from '#node/shard/restore.ts';
import { SimSnapshotFiles } from './snapshots.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** True time, events in order of it, and one source of chance. */
export class World {
  readonly random: Prng;
  nowMs = 1000;
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

/** A member's clocks: they drift, the wall clock may be set, and a suspended machine's monotonic clock stands. */
export class SimClock implements Clock {
  readonly #world: World;
  readonly #rate: number;
  readonly #startMs: number;
  wallOffsetMs = 1_700_000_000_000;
  suspendedMs = 0;

  /** @param rate speed against true time, about 1. */
  constructor(world: World, rate: number) {
    this.#world = world;
    this.#rate = rate;
    this.#startMs = world.nowMs;
  }

  monotonicMs(): number {
    return 10_000 + (this.#world.nowMs - this.#startMs) * this.#rate - this.suspendedMs;
  }

  wallMs(): number {
    return this.wallOffsetMs + (this.#world.nowMs - this.#startMs) * this.#rate;
  }
}

/** What survives a crash: only what was synced. */
export class SimDisk implements Disk {
  /** Entries after {@link base}. */
  entries: Entry[] = [];
  /** The last entry that was dropped from the head. */
  base = { index: 0, term: 0 };
  readonly snapshots: SimSnapshotFiles;
  hardState: HardState = { term: 0, vote: '', commit: 0 };
  freeBytes = 1 << 30;
  readonly totalBytes = 1 << 30;
  /** Milliseconds that one sync takes, [low, high). */
  syncMs: readonly [number, number] = [0.2, 2];
  /** No sync ends while this holds. */
  stuck = false;
  /** Told of each request that became durable. */
  onPersisted: (seq: number) => void = () => {};
  readonly #world: World;
  #queue: { request: Persist; sinceMs: number }[] = [];
  #busy = false;
  #generation = 0;

  constructor(world: World) {
    this.#world = world;
    this.snapshots = new SimSnapshotFiles(world);
  }

  persist(request: Persist): void {
    this.#queue.push({ request, sinceMs: this.#world.nowMs });
    this.#next();
  }

  get lastIndex(): number {
    return this.base.index + this.entries.length;
  }

  read(from: number, toExclusive: number, maxBytes: number): Entry[] {
    invariant(from > this.base.index, 'what is read was not dropped');
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < toExclusive && index <= this.lastIndex; index++) {
      const entry = this.entries[index - this.base.index - 1];
      bytes += entry.payload.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  oldestUnsyncedMs(_nowMs: number): number {
    return this.#queue.length === 0 ? 0 : this.#world.nowMs - this.#queue[0].sinceMs;
  }

  /** Whole segments go, so some of what might go stays. */
  dropBefore(index: number): void {
    const most = Math.min(index - 1 - this.base.index, this.entries.length);
    if (most <= 0) return;
    const count = most - this.#world.random.below(Math.min(most, 20) + 1);
    if (count === 0) return;
    const last = this.entries[count - 1];
    this.base = { index: last.index, term: last.term };
    this.entries = this.entries.slice(count);
  }

  /** The machine is gone: requests that were not synced never happened, or did so in part. */
  crash(): void {
    this.#generation++;
    this.#busy = false;
    const queue = this.#queue;
    this.#queue = [];
    // a sync that was under way may have reached the disk although nobody was told
    const survived = this.#world.random.below(queue.length + 1);
    for (let i = 0; i < survived; i++) this.#write(queue[i].request);
    this.stuck = false;
    this.snapshots.crash();
  }

  recover(voters: readonly string[]): Recovered {
    const newest = this.snapshots.files.at(-1) ?? null;
    if (newest !== null && newest.index > this.lastIndex) {
      // the crash fell between publishing a fetched file and the new beginning of the log
      this.#restart(newest);
    }
    const terms: { from: number; term: number }[] = [];
    for (const entry of this.entries) {
      if (terms.at(-1)?.term !== entry.term) terms.push({ from: entry.index, term: entry.term });
    }
    return {
      hardState: this.hardState,
      firstIndex: this.base.index + 1,
      lastIndex: this.lastIndex,
      termBefore: this.base.term,
      terms,
      membership: { voters: [...voters], learners: [] },
      snapshot: newestSnapshot(this.snapshots),
      configEntries: this.entries.filter((entry) => entry.kind === ENTRY_CONFIG),
    };
  }

  #restart({ index, term }: { readonly index: number; readonly term: number }): void {
    this.base = { index, term };
    this.entries = [];
  }

  #next(): void {
    if (this.#busy || this.#queue.length === 0) return;
    this.#busy = true;
    const generation = this.#generation;
    const finish = (): void => {
      if (generation !== this.#generation) return;
      if (this.stuck) {
        this.#world.after(5, finish);
        return;
      }
      const done = this.#queue.shift();
      invariant(done !== undefined, 'a busy disk has a request');
      this.#write(done.request);
      this.#busy = false;
      this.onPersisted(done.request.seq);
      this.#next();
    };
    this.#world.after(this.#world.between(...this.syncMs), finish);
  }

  #write(request: Persist): void {
    if (request.hardState !== null) this.hardState = request.hardState;
    if (request.restart !== null) this.#restart(request.restart);
    if (request.truncateFrom !== null) {
      this.entries.length = request.truncateFrom - 1 - this.base.index;
    }
    for (const entry of request.entries) {
      invariant(entry.index === this.lastIndex + 1, 'the log on disk has no gaps');
      this.entries.push({ ...entry, payload: entry.payload.slice() });
    }
  }
}

/** Links between members: delay, loss, duplication and cuts in either direction. */
export class SimNetwork {
  readonly #world: World;
  readonly #cut = new Set<string>();
  readonly #receivers = new Map<string, (from: string, type: number, bytes: Uint8Array) => void>();
  delayMs: readonly [number, number] = [0.1, 1];
  lossChance = 0;
  duplicateChance = 0;

  constructor(world: World) {
    this.#world = world;
  }

  attach(id: string, receive: (from: string, type: number, bytes: Uint8Array) => void): void {
    this.#receivers.set(id, receive);
  }

  detach(id: string): void {
    this.#receivers.delete(id);
  }

  /** Nothing goes from `from` to `to` any more. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** Cuts `id` off from all of `others`, both ways. */
  isolate(id: string, others: readonly string[]): void {
    for (const other of others) {
      if (other === id) continue;
      this.cut(id, other);
      this.cut(other, id);
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  send(from: string, to: string, type: number, bytes: Uint8Array): void {
    if (this.#world.random.chance(this.lossChance)) return;
    const copies = this.#world.random.chance(this.duplicateChance) ? 2 : 1;
    const sent = bytes.slice();
    for (let i = 0; i < copies; i++) {
      this.#world.after(this.#world.between(...this.delayMs), () => {
        if (this.#cut.has(`${from}>${to}`)) return;
        this.#receivers.get(to)?.(from, type, sent);
      });
    }
  }
}
