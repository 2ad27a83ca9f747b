/**
 * Random crashes: log and snapshot files on a simulated disk take random requests; the head of the log is
 * dropped behind snapshots, fetched snapshots replace the log, the disk is full now and then; at a random
 * moment the process is killed or the power fails. The log that is then opened must be what some
 * prefix of the requests makes, and that prefix holds every request that was reported durable. Then it goes on from
 * there.
 */
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Persist } from '#node/raft/raft.ts';
import {
  apply,
  assertDescribed,
  type Base,
  EMPTY,
  isSame,
  lastIndexOf,
  type Model,
  opened,
  prefixes,
  termAt,
} from './crash-model.ts';
import { KeyRing, NO_KEYS } from './cipher.ts';
import { parseKeys } from './key-file.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { RecoveredLog } from './options.ts';
import { openSnapshots, type SnapshotDirectory } from './snapshot-files.ts';
import { SimulatedDisk, systemError } from './simulated-disk.ts';

const SEGMENT_BYTES = 64 * 1024;
const LARGE_BYTES = 1 << 30;

/** How often things happened that the test is about. */
const counts = {
  crashes: 0,
  failedOpenings: 0,
  cuts: 0,
  recycled: 0,
  drops: 0,
  restarts: 0,
  restartsAtOpening: 0,
  full: 0,
  keys: 0,
  faults: 0,
};

class Life {
  readonly #random: Prng;
  disk = new SimulatedDisk();
  #log: Log | null = null;
  #snapshots: SnapshotDirectory | null = null;
  #model: Model = EMPTY;
  /** Requests of this process, and how many of them were reported durable. */
  #requests: Persist[] = [];
  #durable = 0;
  /** Entries below this may be gone. */
  #dropped = 1;
  /** A snapshot of another member is on its way: the log takes nothing until it is there. */
  #fetching = false;
  /** The disk has failed once, or is about to; the log has noticed. */
  #faulty = false;
  #failed = false;
  readonly #keyLines: string[] = [];
  maxSegments = 0;

  constructor(random: Prng) {
    this.#random = random;
  }

  /** Opens the log; now and then the power fails, the process is killed, or the disk is full, in the middle of it. */
  open(): void {
    if (this.#random.chance(0.3)) this.disk.syncsLeft = this.#random.below(12);
    if (this.#random.chance(0.1)) this.#fill();
    for (;;) {
      try {
        this.#open();
        return;
      } catch (error) {
        const { code } = error as { code?: string };
        if (code !== 'EIO' && code !== 'ENOSPC') throw error;
        counts.failedOpenings++;
        if (code === 'EIO') this.disk = this.#successor();
        else this.disk.capacityBytes = LARGE_BYTES;
      }
    }
  }

  /** Encryption is turned on one day, and then the key changes now and then. */
  #keys(): KeyRing {
    if (this.#random.chance(0.2)) {
      const digits = this.#random.uint32().toString(16).padStart(8, '0');
      this.#keyLines.unshift(`key-${this.#keyLines.length} ${digits.repeat(8)}`);
      counts.keys++;
    }
    if (this.#keyLines.length === 0) return NO_KEYS;
    return new KeyRing(parseKeys(this.#keyLines.join('\n'), 'keys'));
  }

  #successor(): SimulatedDisk {
    const killed = this.#random.chance(0.5);
    return killed ? this.disk.killed(this.#random) : this.disk.powerCut(this.#random);
  }

  #open(): void {
    const { disk } = this;
    disk.eager = true;
    const keys = this.#keys();
    const snapshots = openSnapshots({ directory: '/snapshots', files: disk, keys });
    const { log, recovered } = openLog({
      directory: '/log',
      files: disk,
      keys,
      snapshots,
      segmentBytes: SEGMENT_BYTES,
      maxBatchBytes: 12_000,
      reserveBytes: 0,
      idleMarkMs: 0,
      onPersisted: (seq) => {
        assert.equal(seq, this.#durable + 1);
        this.#durable = seq;
      },
      onFailed: (error) => {
        if (!disk.dead && !this.#faulty) throw error;
        this.#failed = true;
      },
    });
    disk.syncsLeft = Number.POSITIVE_INFINITY;
    this.#check(log, recovered, snapshots);
    if (recovered.cutBytes > 0) counts.cuts++;
    disk.eager = false;
    this.#log = log;
    this.#snapshots = snapshots;
    this.#requests = [];
    this.#durable = 0;
    this.#fetching = false;
    this.#faulty = false;
    this.#failed = false;
  }

  /** One random thing: a request, a step of the disk, the idle mark, a snapshot. */
  async act(): Promise<void> {
    const { log } = this;
    const what = this.#random.below(100);
    if (this.#random.chance(0.002)) this.#fail();
    if (this.#failed) return;
    if (what < 40 && !this.#fetching) this.#persist(log);
    else if (what < 90) this.disk.step();
    else if (what < 94) log.idle();
    else if (what < 96) this.#snapshot();
    else if (what < 98) this.#fetch();
    else if (what < 99) this.#fill();
    else this.disk.capacityBytes = LARGE_BYTES;
    if (this.#random.chance(0.8)) await settle();
    this.maxSegments = Math.max(this.maxSegments, log.statistics.segments);
  }

  /** One of the next operations of the disk fails, once. */
  #fail(): void {
    this.#faulty = true;
    let count = this.#random.below(10);
    this.disk.fault = (operation) => {
      if (count-- !== 0) return null;
      counts.faults++;
      return systemError('EIO', operation);
    };
  }

  /** From now on the disk has little room. */
  #fill(): void {
    counts.full++;
    const { disk } = this;
    disk.capacityBytes = LARGE_BYTES - disk.space().freeBytes + this.#random.below(200_000);
  }

  async crash(): Promise<void> {
    counts.crashes++;
    counts.recycled += this.log.statistics.recycledSegments;
    const next = this.#successor();
    // the old process is gone; its log only has to let go of its timers
    this.disk.die();
    await this.log.close();
    await this.#snapshots?.close();
    this.disk = next;
    this.disk.capacityBytes = LARGE_BYTES;
  }

  get log(): Log {
    invariant(this.#log !== null, 'the log is open');
    return this.#log;
  }

  get #accepted(): Model {
    return apply(this.#model, this.#requests);
  }

  #request(rest: Partial<Persist>): void {
    const seq = this.#requests.length + 1;
    const request = {
      seq,
      hardState: null,
      restart: null,
      truncateFrom: null,
      entries: [],
      ...rest,
    };
    this.#requests.push(request);
    this.log.persist(request);
  }

  #persist(log: Log): void {
    const model = this.#accepted;
    const { hardState: old } = model;
    const newTerm = this.#random.chance(0.15) || old.term === 0;
    const term = old.term + (newTerm ? 1 : 0);
    const vote = newTerm ? `member-${this.#random.below(3)}` : old.vote;
    let last = lastIndexOf(model);
    let truncateFrom: number | null = null;
    if (newTerm && this.#random.chance(0.7) && last > old.commit) {
      truncateFrom = old.commit + 1 + this.#random.below(last - old.commit);
      last = truncateFrom - 1;
    }
    const entries = this.#entries(last, term);
    const end = last + entries.length;
    const commit = old.commit + this.#random.below(end - old.commit + 1);
    const hardState = this.#random.chance(0.2) && !newTerm ? null : { term, vote, commit };
    if (log.full && this.#requests.length - this.#durable > 20) return;
    this.#request({ hardState, truncateFrom, entries });
  }

  #entries(last: number, term: number): Entry[] {
    const entries: Entry[] = [];
    for (let count = this.#random.below(6); count > 0; count--) {
      const payload = new Uint8Array(this.#random.below(this.#random.chance(0.1) ? 20_000 : 400));
      payload.fill(this.#random.below(256));
      const kind = this.#random.chance(0.1) ? 1 : 2;
      entries.push({ index: last + 1 + entries.length, term, kind, payload });
    }
    return entries;
  }

  /** A snapshot of this member: of a committed entry, which need not be durable here. */
  #snapshot(): void {
    const model = this.#accepted;
    const newest = this.#snapshots?.files.at(-1)?.index ?? 0;
    const { commit } = model.hardState;
    if (commit <= newest || this.#fetching) return;
    const index = newest + 1 + this.#random.below(commit - newest);
    this.#publish({ index, term: termAt(model, index) }, () => {});
  }

  /** A snapshot of another member: beyond the log, or of an entry that the log has from a lost leader. */
  #fetch(): void {
    if (this.#fetching) return;
    this.#fetching = true;
    const { hardState } = this.#accepted;
    const term = hardState.term + 1;
    const index = hardState.commit + 1 + this.#random.below(60);
    this.#publish({ index, term }, (error) => {
      this.#fetching = false;
      if (error !== null) return;
      counts.restarts++;
      const entries = this.#entries(index, term);
      this.#request({
        restart: { index, term },
        hardState: { term, vote: '', commit: index },
        entries,
      });
    });
  }

  #publish(base: Base, done: (error: Error | null) => void): void {
    const snapshots = this.#snapshots;
    invariant(snapshots !== null, 'the snapshots are open');
    const sink = snapshots.create(base.index, base.term);
    sink.write(new Uint8Array(this.#random.below(this.#random.chance(0.2) ? 150_000 : 500)));
    sink.publish((error) => {
      if (snapshots !== this.#snapshots) return;
      done(error);
      if (error !== null) return;
      const older = snapshots.files.at(-2);
      for (const file of snapshots.files.slice(0, -2)) snapshots.remove(file.index);
      if (older === undefined) return;
      counts.drops++;
      this.log.dropBefore(older.index + 1);
      this.#dropped = Math.max(this.#dropped, older.index + 1);
    });
  }

  /** The recovered log is the model after k whole requests and part of the next one, k >= durable. */
  #check(log: Log, recovered: RecoveredLog, snapshots: SnapshotDirectory): void {
    const { firstIndex, lastIndex, hardState } = recovered;
    const found: Entry[] = [];
    while (firstIndex + found.length <= lastIndex) {
      const more = log.read(firstIndex + found.length, lastIndex + 1, 30_000);
      assert.ok(more.length > 0);
      found.push(...more);
    }
    assertDescribed(recovered, found);
    const newest = snapshots.files.at(-1);
    let match: Model | null = null;
    for (const prefix of prefixes(this.#model, this.#requests, this.#durable)) {
      const candidate = opened(prefix, newest);
      if (!isSame(recovered, found, candidate)) continue;
      if (candidate !== prefix) counts.restartsAtOpening++;
      match = candidate;
      break;
    }
    assert.ok(match !== null, 'the log is a prefix of the requests');
    assert.ok(firstIndex <= Math.max(this.#dropped, match.base.index + 1), 'nothing else is gone');

    const promised = apply(this.#model, this.#requests.slice(0, this.#durable)).hardState;
    const states = [promised, ...this.#requests.map((request) => request.hardState ?? promised)];
    if (newest !== undefined) states.push({ term: newest.term, vote: '', commit: 0 });
    assert.ok(states.some((s) => s.term === hardState.term && s.vote === hardState.vote));
    assert.ok(hardState.term >= promised.term);
    assert.ok(hardState.commit <= lastIndex);
    // what is said to be committed is what no later request changes
    const final = opened(this.#accepted, newest);
    for (const { index, term } of found) {
      if (index <= hardState.commit)
        assert.ok(index <= final.base.index || termAt(final, index) === term);
    }
    // only what is committed is in a snapshot, whether or not the hint of it got to the disk
    const commit = Math.max(hardState.commit, newest?.index ?? 0);
    this.#model = { ...match, hardState: { ...hardState, commit } };
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const SEEDS = Number(process.env.LOG_CRASH_SEEDS ?? 6);

test('after any crash the log holds what was reported durable, and nothing that was not asked for', async () => {
  let maxSegments = 0;
  const firstSeed = Number(process.env.LOG_CRASH_SEED ?? Date.now() % 1_000_000);
  for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
    const random = new Prng(seed);
    const life = new Life(random);
    try {
      for (let round = 0; round < 16; round++) {
        life.open();
        const limit = random.chance(0.3) ? 4 : 200;
        for (let actions = random.below(limit); actions > 0; actions--) await life.act();
        await life.crash();
      }
      life.open();
      await life.crash();
    } catch (error) {
      throw new Error(`LOG_CRASH_SEED=${seed} LOG_CRASH_SEEDS=1`, { cause: error });
    }
    maxSegments = Math.max(maxSegments, life.maxSegments);
  }
  expect(counts.crashes).toBe(SEEDS * 17);
  // the test tests something: there were torn writes, logs of several segments, and all the rest
  const seen = { ...counts, maxSegments: maxSegments - 1 };
  const missing = Object.entries(seen).filter(([, count]) => count === 0 && SEEDS >= 6);
  expect(missing).toEqual([]);
});
