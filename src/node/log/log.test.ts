import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { LogOptions } from './options.ts';
import { SimulatedDisk, systemError } from './simulated-disk.ts';

const DIRECTORY = '/log';
const SEGMENT_BYTES = 64 * 1024;

interface Opened {
  log: Log;
  recovered: ReturnType<typeof openLog>['recovered'];
  persisted: number[];
  failures: Error[];
  full: boolean[];
}

function open(disk: SimulatedDisk, options: Partial<LogOptions> = {}): Opened {
  const persisted: number[] = [];
  const failures: Error[] = [];
  const full: boolean[] = [];
  const opened = openLog({
    directory: DIRECTORY,
    files: disk,
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    idleMarkMs: 0,
    onPersisted: (seq) => persisted.push(seq),
    onFailed: (error) => failures.push(error),
    onFull: (value) => full.push(value),
    ...options,
  });
  return { ...opened, persisted, failures, full };
}

function entry(index: number, term = 1, payloadBytes = 10, kind = 2): Entry {
  return { index, term, kind, payload: new Uint8Array(payloadBytes).fill(index) };
}

function request(seq: number, entries: Entry[], rest: Partial<Persist> = {}): Persist {
  return { seq, hardState: null, restart: null, truncateFrom: null, entries, ...rest };
}

function hardState(term: number, commit = 0, vote = ''): { hardState: Persist['hardState'] } {
  return { hardState: { term, vote, commit } };
}

/** Lets every promise go on that can. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('an empty directory becomes an empty log', async () => {
  const { log, recovered } = open(new SimulatedDisk());
  expect(recovered).toEqual({
    hardState: { term: 0, vote: '', commit: 0 },
    firstIndex: 1,
    lastIndex: 0,
    termBefore: 0,
    terms: [],
    configEntries: [],
    cutBytes: 0,
  });
  expect(log.read(1, 2, 100)).toEqual([]);
  await log.close();
});

test('what was persisted is read back, and is there after opening again', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk);
  first.log.persist(request(1, [entry(1), entry(2, 1, 0, 1)], hardState(1, 0, 'abc')));
  first.log.persist(request(2, [entry(3, 2, 3000)], hardState(2, 2, 'def')));
  await first.log.close();
  expect(first.persisted).toEqual([1, 2]);

  const second = open(disk);
  expect(second.recovered).toMatchObject({
    hardState: { term: 2, vote: 'def', commit: 2 },
    firstIndex: 1,
    lastIndex: 3,
    terms: [
      { from: 1, term: 1 },
      { from: 3, term: 2 },
    ],
    configEntries: [entry(2, 1, 0, 1)],
  });
  expect(second.log.read(1, 4, 1e6)).toEqual([entry(1), entry(2, 1, 0, 1), entry(3, 2, 3000)]);
  await second.log.close();
});

test('requests that arrive during a write become one batch, completed in order', async () => {
  const disk = new SimulatedDisk();
  const { log, persisted } = open(disk);
  await settle();
  disk.eager = false;
  log.persist(request(1, [entry(1)], hardState(1)));
  // term and vote go to both slots first, then the batch
  for (let i = 0; i < 3; i++) {
    expect(disk.pending).toBe(1);
    for (let seq = 2 + i * 3; seq < 5 + i * 3; seq++) log.persist(request(seq, [entry(seq)]));
    expect(persisted).toEqual([]);
    disk.step();
    await settle();
  }
  expect(persisted).toEqual([1]);
  expect(log.statistics.syncs).toBe(1);
  disk.step();
  await settle();
  expect(persisted).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(log.statistics).toMatchObject({ syncs: 2, appendedEntries: 10 });
  disk.eager = true;
  await log.close();
});

test('the next batch is on its way to the disk before the owner hears of the last', async () => {
  const disk = new SimulatedDisk();
  const pendingAtCallback: number[] = [];
  const { log } = open(disk, { onPersisted: () => pendingAtCallback.push(disk.pending) });
  log.persist(request(1, [], hardState(1)));
  await settle();
  pendingAtCallback.length = 0;
  disk.eager = false;
  log.persist(request(2, [entry(1)]));
  log.persist(request(3, [entry(2)]));
  disk.step();
  await settle();
  expect(pendingAtCallback).toEqual([1]);
  disk.eager = true;
  disk.step();
  await log.close();
});

test('a change of the commit hint alone costs no write', async () => {
  const disk = new SimulatedDisk();
  const { log, persisted } = open(disk);
  log.persist(request(1, [entry(1)], hardState(1)));
  await settle();
  disk.eager = false;
  log.persist(request(2, [], hardState(1, 1)));
  expect(persisted).toEqual([1]);
  await settle();
  expect(disk.pending).toBe(0);
  expect(persisted).toEqual([1, 2]);
  disk.eager = true;
  await log.close();
  expect(open(disk).recovered.hardState.commit).toBe(1);
});

test('a commit hint is not on disk before the entries of its request', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk, { maxBatchBytes: 1024 });
  log.persist(request(1, [entry(1), entry(2), entry(3)], hardState(1)));
  await settle();
  disk.eager = false;
  // entry 2 of the old term is replaced, by a request that takes two batches, and then committed
  const replaced = [entry(2, 2, 800), entry(3, 2, 800)];
  log.persist(request(2, replaced, { truncateFrom: 2, ...hardState(2, 3) }));
  for (const commit of [0, 0, 0, 3]) {
    const recovered = open(disk.clone()).recovered;
    expect(recovered.hardState.commit).toBe(commit);
    disk.step();
    await settle();
  }
  expect(open(disk.clone()).recovered).toMatchObject({ lastIndex: 3, hardState: { commit: 3 } });
});

test('a truncation drops entries, also in older segments, and the log goes on from there', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  const big = 20_000;
  let seq = 1;
  log.persist(request(seq++, [entry(1, 1, big)], hardState(1)));
  for (let index = 2; index <= 8; index++) log.persist(request(seq++, [entry(index, 1, big)]));
  await settle();
  expect(log.statistics.segments).toBeGreaterThan(2);
  log.persist(request(seq++, [entry(3, 2)], { truncateFrom: 3, ...hardState(2) }));
  log.persist(request(seq++, [entry(4, 2), entry(5, 2)]));
  log.persist(request(seq++, [], { truncateFrom: 5 }));
  log.persist(request(seq++, [], { truncateFrom: 9 }));
  await settle();
  const expected = [entry(1, 1, big), entry(2, 1, big), entry(3, 2), entry(4, 2)];
  expect(log.lastIndex).toBe(4);
  expect(log.read(1, 100, 1e6)).toEqual(expected);
  await log.close();
  const again = open(disk);
  expect(again.recovered).toMatchObject({
    lastIndex: 4,
    terms: [
      { from: 1, term: 1 },
      { from: 3, term: 2 },
    ],
  });
  expect(again.log.read(1, 100, 1e6)).toEqual(expected);
  await again.log.close();
});

test('a truncated configuration entry is not recovered', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  log.persist(request(1, [entry(1, 1, 5, 1), entry(2), entry(3, 1, 5, 1)], hardState(1)));
  log.persist(request(2, [entry(3)], { truncateFrom: 3 }));
  await log.close();
  expect(open(disk).recovered.configEntries).toEqual([entry(1, 1, 5, 1)]);
});

test('a read gives at least one entry, then as many as fit', async () => {
  const { log } = open(new SimulatedDisk());
  const entries = [1, 2, 3, 4, 5].map((index) => entry(index, 1, 1000));
  log.persist(request(1, entries, hardState(1)));
  await settle();
  expect(log.read(2, 6, 1)).toEqual(entries.slice(1, 2));
  expect(log.read(2, 6, 2 * 1032)).toEqual(entries.slice(1, 3));
  expect(log.read(2, 4, 1e6)).toEqual(entries.slice(1, 3));
  expect(log.read(6, 7, 1e6)).toEqual([]);
  expect(log.read(0, 7, 1e6)).toEqual([]);
  await log.close();
});

test('an entry that is not durable yet cannot be read', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  log.persist(request(1, [entry(1)], hardState(1)));
  await settle();
  disk.eager = false;
  log.persist(request(2, [entry(2)]));
  expect(log.lastIndex).toBe(1);
  expect(log.read(1, 3, 1e6)).toEqual([entry(1)]);
});

test('any range can be read from a log of many segments', async () => {
  const seed = 20_241;
  const random = new Prng(seed);
  const disk = new SimulatedDisk();
  const { log } = open(disk, { maxBatchBytes: 8192 });
  const entries: Entry[] = [];
  let term = 1;
  for (let seq = 1; seq <= 400; seq++) {
    if (random.chance(0.02)) term++;
    const count = random.below(5);
    const batch: Entry[] = [];
    for (let i = 0; i < count; i++) {
      batch.push(
        entry(entries.length + 1 + i, term, random.below(random.chance(0.1) ? 9000 : 300)),
      );
    }
    entries.push(...batch);
    log.persist(request(seq, batch, hardState(term)));
    if (random.chance(0.3)) await settle();
    if (random.chance(0.1)) log.idle();
  }
  await settle();
  expect(log.statistics.segments).toBeGreaterThan(4);
  for (let round = 0; round < 300; round++) {
    const from = 1 + random.below(entries.length);
    const to = from + random.below(60);
    const found = log.read(from, to, random.below(20_000));
    expect(found, `seed ${seed}`).toEqual(entries.slice(from - 1, from - 1 + found.length));
    expect(found.length > 0 || from === to, `seed ${seed}`).toBe(true);
  }
  await log.close();
});

test('a failed write is told once, and nothing is taken or completed any more', async () => {
  const disk = new SimulatedDisk();
  const { log, persisted, failures } = open(disk);
  log.persist(request(1, [entry(1)], hardState(1)));
  await settle();
  disk.eager = false;
  log.persist(request(2, [entry(2)]));
  log.persist(request(3, [entry(3)]));
  disk.fault = () => systemError('EIO', 'write');
  disk.step();
  await settle();
  disk.fault = null;
  log.persist(request(4, [entry(4)]));
  log.idle();
  await settle();
  expect(disk.pending).toBe(0);
  expect(persisted).toEqual([1]);
  expect(failures).toMatchObject([{ code: 'EIO' }]);
  await log.close();
});

test('a failed write of term and vote is a failed write', async () => {
  const disk = new SimulatedDisk();
  const { log, persisted, failures } = open(disk);
  disk.fault = () => systemError('EIO', 'write');
  log.persist(request(1, [entry(1)], hardState(1)));
  await settle();
  expect(persisted).toEqual([]);
  expect(failures).toHaveLength(1);
  expect(log.statistics.syncs).toBe(0);
  await log.close();
});

test('a full disk is told while there is room, then holds requests back, then goes on', async () => {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 4 * SEGMENT_BYTES;
  const { log, persisted, failures, full } = open(disk);
  log.persist(request(1, [], hardState(1)));
  let index = 0;
  let completedWhileFull = false;
  for (let seq = 2; seq <= 30; seq++) {
    log.persist(request(seq, [entry(++index, 1, 10_000)]));
    await settle();
    if (full.length === 1) completedWhileFull ||= persisted.length === seq;
  }
  expect(completedWhileFull).toBe(true);
  expect(log.full).toBe(true);
  expect(full).toEqual([true]);
  const held = persisted.length;
  expect(held).toBeGreaterThan(10);
  expect(held).toBeLessThan(30);
  expect(log.lastIndex).toBe(held - 1);
  expect(log.oldestUnsyncedMs(performance.now() + 1000)).toBeGreaterThan(900);

  disk.capacityBytes = 20 * SEGMENT_BYTES;
  while (log.full) await new Promise((resolve) => setTimeout(resolve, 50));
  await settle();
  expect(persisted).toHaveLength(30);
  expect(full).toEqual([true, false]);
  expect(failures).toEqual([]);
  await log.close();
  expect(open(disk).recovered.lastIndex).toBe(29);
});

test('a log on a full disk can be closed, and opened again', async () => {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 5 * SEGMENT_BYTES;
  // the tail, and as much room again as opening adds
  const { log, persisted } = open(disk, { reserveBytes: 2 * SEGMENT_BYTES });
  log.persist(request(1, [], hardState(1)));
  for (let seq = 2; seq <= 30; seq++) log.persist(request(seq, [entry(seq - 1, 1, 10_000)]));
  await settle();
  await log.close();
  expect(persisted.length).toBeGreaterThan(10);
  const again = open(disk);
  expect(again.recovered.lastIndex).toBe(persisted.length - 1);
  await again.log.close();
});

test('opening again and again on a full disk adds no more than a page each time', async () => {
  const disk = new SimulatedDisk();
  let index = 0;
  for (let round = 0; round < 12; round++) {
    const { log } = open(disk, { reserveBytes: 1 << 30 });
    for (let i = 0; i < 20; i++) {
      log.persist(request(i + 1, [entry(++index, 1, 500)], hardState(1)));
      await settle();
    }
    index = log.lastIndex;
    await log.close();
  }
  const { length } = disk.bytes(`${DIRECTORY}/segment-000000000001`);
  expect(length).toBeLessThanOrEqual(2 * SEGMENT_BYTES + 12 * 4096);
});

test('making a segment leaves the reserve free', async () => {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 8 * SEGMENT_BYTES;
  const { log } = open(disk, { reserveBytes: 7 * SEGMENT_BYTES });
  await settle();
  expect(log.full).toBe(true);
  expect(log.diskFreeBytes).toBeGreaterThan(6 * SEGMENT_BYTES);
  await log.close();
});

test('an idle log appends one empty batch, and only after one with records', async () => {
  const { log } = open(new SimulatedDisk(), { idleMarkMs: 1 });
  log.persist(request(1, [entry(1)], hardState(1)));
  while (log.statistics.syncs < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  log.idle();
  await settle();
  expect(log.statistics.syncs).toBe(2);
  await log.close();
});

test('the age of the oldest request that is not durable is told by the clock of the owner', async () => {
  const disk = new SimulatedDisk();
  let now = 100;
  const { log } = open(disk, { clock: { monotonicMs: () => now, wallMs: () => 0 } });
  await settle();
  disk.eager = false;
  expect(log.oldestUnsyncedMs(500)).toBe(0);
  log.persist(request(1, [], hardState(1)));
  now = 120;
  log.persist(request(2, [entry(1)]));
  expect(log.oldestUnsyncedMs(150)).toBe(50);
  disk.step();
  await settle();
  disk.step();
  await settle();
  expect(log.oldestUnsyncedMs(150)).toBe(30);
  disk.step();
  await settle();
  expect(log.oldestUnsyncedMs(150)).toBe(0);
});

test('a hole, a falling term or an entry newer than the hard state is refused as our own bug', () => {
  const { log } = open(new SimulatedDisk());
  log.persist(request(1, [entry(1, 2)], hardState(2)));
  const bad = [[entry(3, 2)], [entry(2, 1)], [entry(2, 3)], [entry(2, 2, SEGMENT_BYTES)]];
  for (const entries of bad) expect(() => log.persist(request(2, entries))).toThrow('invariant');
  expect(() => log.persist(request(2, [], hardState(1)))).toThrow('invariant');
});

test('the longest allowed entry fits a segment of its own', async () => {
  const { log, persisted } = open(new SimulatedDisk());
  const longest = entry(2, 1, log.maxPayloadBytes);
  log.persist(request(1, [entry(1)], hardState(1)));
  log.persist(request(2, [longest, entry(3)]));
  await settle();
  expect(persisted).toEqual([1, 2]);
  expect(log.read(2, 3, 1)).toEqual([longest]);
  await log.close();
});

test('each synced write is reported with its duration and bytes', async () => {
  const writes: number[] = [];
  const { log } = open(new SimulatedDisk(), {
    onSync: (durationMs, bytes) => {
      expect(durationMs).toBeGreaterThanOrEqual(0);
      writes.push(bytes);
    },
  });
  log.persist(request(1, [entry(1, 1, 600)], hardState(1)));
  await settle();
  expect(writes).toEqual([1024]);
  expect(log.statistics.appendedBytes).toBe(1024);
  await log.close();
});

test('a large request that is being written, part by part, is no stuck disk', async () => {
  const disk = new SimulatedDisk();
  let now = 100;
  const clock = { monotonicMs: () => now, wallMs: () => 0 };
  const { log, persisted } = open(disk, { clock, maxBatchBytes: 8 * 1024 });
  await settle();
  disk.eager = false;
  const entries = Array.from({ length: 20 }, (_, at) => entry(at + 1, 1, 8000));
  log.persist(request(1, entries, hardState(1)));
  let oldest = 0;
  while (persisted.length === 0) {
    now += 100;
    oldest = Math.max(oldest, log.oldestUnsyncedMs(now));
    disk.step();
    await settle();
  }
  expect(now).toBeGreaterThan(2000);
  // the making of a segment has steps that put no part of it on disk
  expect(oldest).toBeLessThan(1000);
  expect(log.oldestUnsyncedMs(now)).toBe(0);
});
