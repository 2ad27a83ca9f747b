/**
 * Random crashes: a log on a simulated disk takes random requests; at a random moment the process is
 * killed or the power fails; the log that is then opened must be what some prefix of the requests
 * makes, and that prefix holds every request that was reported durable. Then it goes on from there.
 */
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { HardState } from '#node/raft/hard-state.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { RecoveredLog } from './options.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const SEGMENT_BYTES = 64 * 1024;

/** What the log should hold after a number of requests, record by record, and what it has dropped. */
interface Model {
  entries: Entry[];
  hardState: HardState;
}

class Life {
  readonly #random: Prng;
  disk = new SimulatedDisk();
  #log: Log | null = null;
  #model: Model = { entries: [], hardState: { term: 0, vote: '', commit: 0 } };
  /** Requests of this process, and how many of them were reported durable. */
  #requests: Persist[] = [];
  #durable = 0;
  /** Entries below this may be gone. */
  #dropped = 1;
  crashes = 0;
  failedOpenings = 0;
  maxSegments = 0;
  recycled = 0;
  cuts = 0;

  constructor(random: Prng) {
    this.#random = random;
  }

  /** Opens the log; now and then the power fails, or the process is killed, in the middle of it. */
  open(): void {
    if (this.#random.chance(0.3)) this.disk.syncsLeft = this.#random.below(8);
    for (;;) {
      try {
        this.#open();
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== 'EIO') throw error;
        this.failedOpenings++;
        this.disk = this.#successor();
      }
    }
  }

  #successor(): SimulatedDisk {
    const killed = this.#random.chance(0.5);
    return killed ? this.disk.killed(this.#random) : this.disk.powerCut(this.#random);
  }

  #open(): void {
    this.disk.eager = true;
    const { log, recovered } = openLog({
      directory: '/log',
      files: this.disk,
      segmentBytes: SEGMENT_BYTES,
      maxBatchBytes: 12_000,
      reserveBytes: 0,
      idleMarkMs: 0,
      onPersisted: (seq) => {
        assert.equal(seq, this.#durable + 1);
        this.#durable = seq;
      },
      onFailed: (error) => {
        if (!this.disk.dead) throw error;
      },
    });
    this.disk.syncsLeft = Number.POSITIVE_INFINITY;
    this.#check(log, recovered);
    if (recovered.cutBytes > 0) this.cuts++;
    this.disk.eager = false;
    this.#log = log;
    this.#requests = [];
    this.#durable = 0;
  }

  /** One random thing: a request, a step of the disk, the idle mark. */
  async act(): Promise<void> {
    const { log } = this;
    const what = this.#random.below(10);
    if (what < 4) this.#persist(log);
    else if (what < 9) this.disk.step();
    else if (this.#random.chance(0.5)) log.idle();
    else this.#drop(log);
    if (this.#random.chance(0.8)) await settle();
    this.maxSegments = Math.max(this.maxSegments, log.statistics.segments);
  }

  /** Drops up to an entry that is durable and known to be committed. */
  #drop(log: Log): void {
    const { hardState } = apply(this.#model, this.#requests.slice(0, this.#durable));
    const below = this.#dropped + this.#random.below(hardState.commit + 2 - this.#dropped);
    log.dropBefore(below);
    this.#dropped = below;
  }

  async crash(): Promise<void> {
    this.crashes++;
    this.recycled += this.log.statistics.recycledSegments;
    const next = this.#successor();
    // the old process is gone; its log only has to let go of its timers
    this.disk.die();
    await this.log.close();
    this.disk = next;
  }

  get log(): Log {
    invariant(this.#log !== null, 'the log is open');
    return this.#log;
  }

  #persist(log: Log): void {
    const model = apply(this.#model, this.#requests);
    const { hardState: old, entries: held } = model;
    const newTerm = this.#random.chance(0.15) || old.term === 0;
    const term = old.term + (newTerm ? 1 : 0);
    const vote = newTerm ? `member-${this.#random.below(3)}` : old.vote;
    let last = held.length;
    let truncateFrom: number | null = null;
    if (newTerm && this.#random.chance(0.7) && last > old.commit) {
      truncateFrom = old.commit + 1 + this.#random.below(last - old.commit);
      last = truncateFrom - 1;
    }
    const entries: Entry[] = [];
    for (let count = this.#random.below(6); count > 0; count--) {
      const payload = new Uint8Array(this.#random.below(this.#random.chance(0.1) ? 20_000 : 400));
      payload.fill(this.#random.below(256));
      const kind = this.#random.chance(0.1) ? 1 : 2;
      entries.push({ index: last + 1 + entries.length, term, kind, payload });
    }
    const end = last + entries.length;
    const commit = old.commit + this.#random.below(end - old.commit + 1);
    const hardState = this.#random.chance(0.2) && !newTerm ? null : { term, vote, commit };
    const seq = this.#requests.length + 1;
    const request = { seq, hardState, restart: null, truncateFrom, entries };
    this.#requests.push(request);
    log.persist(request);
  }

  /** The recovered log is the model after k whole requests and part of the next one, k >= durable. */
  #check(log: Log, recovered: RecoveredLog): void {
    const { firstIndex, lastIndex } = recovered;
    assert.ok(firstIndex <= this.#dropped, 'nothing is gone that was not dropped');
    // what is gone is known to be committed and durable: the model has it
    const gone = apply(this.#model, this.#requests).entries.slice(0, firstIndex - 1);
    assert.equal(recovered.termBefore, gone.at(-1)?.term ?? 0);
    const found = [...gone];
    while (found.length < lastIndex) {
      const more = log.read(found.length + 1, lastIndex + 1, 30_000);
      assert.ok(more.length > 0);
      found.push(...more);
    }
    let reached = apply(this.#model, this.#requests.slice(0, this.#durable));
    const promised = reached.hardState;
    let matches = sameEntries(found, reached.entries);
    for (const request of this.#requests.slice(this.#durable)) {
      if (matches) break;
      for (let count = 0; count <= request.entries.length && !matches; count++) {
        const part = { ...request, entries: request.entries.slice(0, count) };
        matches = sameEntries(found, apply(reached, [part]).entries);
      }
      reached = apply(reached, [request]);
    }
    assert.ok(matches, 'the log is a prefix of the requests');

    const { hardState } = recovered;
    const states = [promised, ...this.#requests.map((request) => request.hardState ?? promised)];
    assert.ok(states.some((s) => s.term === hardState.term && s.vote === hardState.vote));
    assert.ok(hardState.term >= promised.term);
    assert.ok(hardState.commit <= recovered.lastIndex);
    // what is said to be committed is what no later request changes
    const final = apply(this.#model, this.#requests);
    const committed = final.entries.slice(0, hardState.commit);
    assert.ok(sameEntries(found.slice(0, hardState.commit), committed));

    const kept = found.slice(firstIndex - 1);
    const configs = kept.filter((entry) => entry.kind === 1);
    assert.deepEqual(recovered.configEntries, configs);
    const runs = kept.filter((entry, i) => i === 0 || entry.term !== kept[i - 1].term);
    assert.deepEqual(
      recovered.terms,
      runs.map(({ index, term }) => ({ from: index, term })),
    );
    // only what is committed was dropped, whether or not the hint of it got to the disk
    const commit = Math.max(hardState.commit, this.#dropped - 1);
    this.#model = { entries: found, hardState: { ...hardState, commit } };
  }
}

function apply(model: Model, requests: readonly Persist[]): Model {
  const entries = [...model.entries];
  let { hardState } = model;
  for (const request of requests) {
    hardState = request.hardState ?? hardState;
    if (request.truncateFrom !== null) entries.splice(request.truncateFrom - 1);
    entries.push(...request.entries);
  }
  return { entries, hardState };
}

function sameEntries(a: readonly Entry[], b: readonly Entry[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i].term !== b[i].term || a[i].kind !== b[i].kind) return false;
    if (Buffer.compare(a[i].payload, b[i].payload) !== 0) return false;
  }
  return true;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const SEEDS = Number(process.env.LOG_CRASH_SEEDS ?? 6);

test('after any crash the log holds what was reported durable, and nothing that was not asked for', async () => {
  let crashes = 0;
  let cuts = 0;
  let failedOpenings = 0;
  let maxSegments = 0;
  let recycled = 0;
  const firstSeed = Number(process.env.LOG_CRASH_SEED ?? Date.now() % 1_000_000);
  for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
    const random = new Prng(seed);
    const life = new Life(random);
    try {
      for (let round = 0; round < 16; round++) {
        life.open();
        const limit = random.chance(0.3) ? 4 : 150;
        for (let actions = random.below(limit); actions > 0; actions--) await life.act();
        await life.crash();
      }
      life.open();
      await life.crash();
    } catch (error) {
      throw new Error(`LOG_CRASH_SEED=${seed} LOG_CRASH_SEEDS=1`, { cause: error });
    }
    crashes += life.crashes;
    cuts += life.cuts;
    failedOpenings += life.failedOpenings;
    maxSegments = Math.max(maxSegments, life.maxSegments);
    recycled += life.recycled;
  }
  // the test tests something: there were torn writes, and logs of several segments
  expect(crashes).toBe(SEEDS * 17);
  expect(cuts).toBeGreaterThan(SEEDS >= 6 ? 1 : -1);
  expect(failedOpenings).toBeGreaterThan(SEEDS >= 6 ? 4 : -1);
  expect(maxSegments).toBeGreaterThan(SEEDS >= 6 ? 2 : -1);
  expect(recycled).toBeGreaterThan(SEEDS >= 6 ? 2 : -1);
});
