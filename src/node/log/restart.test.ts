import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { LogOptions, RecoveredLog } from './options.ts';
import { openSnapshots, type SnapshotDirectory } from './snapshot-files.ts';
import { frameAt, snapshotName } from './snapshot-format.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const SEGMENT_BYTES = 64 * 1024;

interface Opened {
  log: Log;
  recovered: RecoveredLog;
  persisted: number[];
  snapshots: SnapshotDirectory;
}

/** Opens snapshots and log, as a node does. */
function open(disk: SimulatedDisk, options: Partial<LogOptions> = {}): Opened {
  const persisted: number[] = [];
  const snapshots = openSnapshots({ directory: '/snapshots', files: disk });
  const opened = openLog({
    directory: '/log',
    files: disk,
    snapshots,
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    idleMarkMs: 0,
    onPersisted: (seq) => persisted.push(seq),
    onFailed: (error) => {
      throw error;
    },
    ...options,
  });
  return { ...opened, persisted, snapshots };
}

function entry(index: number, term = 1, payloadBytes = 10_000): Entry {
  return { index, term, kind: 2, payload: new Uint8Array(payloadBytes).fill(index) };
}

function request(seq: number, entries: Entry[], rest: Partial<Persist> = {}): Persist {
  return { seq, hardState: null, restart: null, truncateFrom: null, entries, ...rest };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Appends entries [from, to] of `term`; `commit` is known with each. */
async function append(log: Log, from: number, to: number, term = 1, commit = 0): Promise<void> {
  for (let index = from; index <= to; index++) {
    const hardState = { term, vote: 'v', commit };
    log.persist(request(index, [entry(index, term)], { hardState }));
    await settle();
  }
}

async function publish(snapshots: SnapshotDirectory, index: number, term: number): Promise<void> {
  const sink = snapshots.create(index, term);
  sink.write(new Uint8Array(1000).fill(index));
  const error = await new Promise((resolve) => sink.publish(resolve));
  expect(error).toBeNull();
}

test('a log that is begun anew holds nothing, follows the snapshot, and keeps term and vote', async () => {
  const disk = new SimulatedDisk();
  const { log, persisted, snapshots } = open(disk);
  await append(log, 1, 30);
  await publish(snapshots, 500, 3);
  const hardState = { term: 4, vote: 'w', commit: 500 };
  log.persist(request(31, [], { hardState, restart: { index: 500, term: 3 } }));
  log.persist(request(32, [entry(501, 3), entry(502, 4, 10)]));
  await settle();
  expect(persisted.at(-1)).toBe(32);
  expect(log.firstIndex).toBe(501);
  expect(log.read(1, 600, 1e6)).toEqual([]);
  expect(log.read(501, 600, 1e6)).toEqual([entry(501, 3), entry(502, 4, 10)]);
  expect(log.statistics.segments).toBeLessThan(3);
  await log.close();
  const again = open(disk);
  expect(again.recovered).toMatchObject({
    hardState,
    firstIndex: 501,
    lastIndex: 502,
    termBefore: 3,
    terms: [
      { from: 501, term: 3 },
      { from: 502, term: 4 },
    ],
    configEntries: [],
  });
  expect(again.log.read(501, 600, 1e6)).toEqual([entry(501, 3), entry(502, 4, 10)]);
});

test('a crash at any step of a restart finds the old log or the new one, never a mix', async () => {
  const prepared = new SimulatedDisk();
  const first = open(prepared);
  await append(first.log, 1, 20);
  await first.log.close();
  // without snapshots, so that opening itself decides nothing
  const disk = prepared;
  const { log } = open(disk, { snapshots: null });
  await settle();
  disk.eager = false;
  const hardState = { term: 2, vote: '', commit: 40 };
  const restart = { index: 40, term: 2 };
  log.persist(request(1, [entry(41, 2, 10)], { hardState, restart }));
  const outcomes = new Set<string>();
  for (let more = true; more; ) {
    for (let seed = 0; seed < 10; seed++) {
      const random = new Prng(seed);
      const copy = disk.clone();
      const after = seed % 2 === 0 ? copy.powerCut(random) : copy.killed(random);
      const { recovered, log: found } = open(after, { snapshots: null });
      const { firstIndex, lastIndex, termBefore, hardState: kept } = recovered;
      outcomes.add(`${lastIndex}: from ${firstIndex > 20 ? firstIndex : 'old'}, ${termBefore}`);
      expect(lastIndex === 20 || kept.term === 2).toBe(true);
      expect(found.read(firstIndex, 100, 1e6)).toHaveLength(lastIndex - firstIndex + 1);
    }
    more = disk.step();
    await settle();
  }
  expect([...outcomes].sort()).toEqual(['20: from old, 0', '41: from 41, 2']);
});

test('what waits behind a write when the log begins anew is reported, and is not in the log', async () => {
  const disk = new SimulatedDisk();
  const { log, persisted } = open(disk, { snapshots: null, maxBatchBytes: 20_000 });
  await append(log, 1, 5);
  disk.eager = false;
  // the first of these takes several batches, of which one is on its way
  const entries = Array.from({ length: 10 }, (_, i) => entry(6 + i));
  log.persist(request(6, entries));
  log.persist(request(7, [entry(12)], { truncateFrom: 12 }));
  log.persist(request(8, [], { hardState: { term: 3, vote: 'x', commit: 3 } }));
  log.persist(request(9, [], { restart: { index: 400, term: 2 } }));
  log.persist(request(10, [entry(401, 3)]));
  disk.eager = true;
  while (disk.step()) await settle();
  await settle();
  expect(persisted).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(log.read(401, 500, 1e6)).toEqual([entry(401, 3)]);
  await log.close();
  expect(open(disk, { snapshots: null }).recovered).toMatchObject({
    firstIndex: 401,
    lastIndex: 401,
    termBefore: 2,
    hardState: { term: 3, vote: 'x' },
  });
});

test('a log may begin anew below its end, when what it has there comes from a lost leader', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk, { snapshots: null });
  await append(log, 1, 20);
  const restart = { index: 12, term: 2 };
  const hardState = { term: 2, vote: '', commit: 12 };
  log.persist(request(21, [entry(13, 2)], { hardState, restart }));
  // the head of the old log may go at the same time
  log.dropBefore(10);
  log.persist(
    request(22, [entry(13, 3)], { truncateFrom: 13, hardState: { ...hardState, term: 3 } }),
  );
  await settle();
  expect(() => log.persist(request(23, [], { truncateFrom: 12 }))).toThrow('invariant');
  await log.close();
  const again = open(disk, { snapshots: null });
  expect(again.recovered).toMatchObject({ firstIndex: 13, lastIndex: 13, termBefore: 2 });
  expect(again.log.read(13, 20, 1e6)).toEqual([entry(13, 3)]);
});

/** A log on a small disk with this many entries, as far as there is room. */
async function onSmallDisk(entries: number, payloadBytes: number): Promise<Opened> {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 4 * SEGMENT_BYTES;
  const opened = open(disk, { snapshots: null });
  for (let index = 1; index <= entries; index++) {
    const hardState = { term: 1, vote: '', commit: 0 };
    opened.log.persist(request(index, [entry(index, 1, payloadBytes)], { hardState }));
    await settle();
  }
  return opened;
}

test('a restart needs no room on the disk, and makes some', async () => {
  for (const payloadBytes of [10, 500, 3000, 8300]) {
    const filled = await onSmallDisk(500, payloadBytes);
    const held = filled.persisted.length;
    expect(filled.log.full).toBe(true);
    await filled.log.close();
    // up to the last one there is room for, and with more that wait: those are not written any more
    for (const entries of [held - 1, held, held + 1, held + 7]) {
      const { log, persisted } = await onSmallDisk(entries, payloadBytes);
      expect(persisted).toHaveLength(Math.min(entries, held));
      expect(log.full).toBe(true);
      const hardState = { term: 2, vote: '', commit: 900 };
      const restart = { index: 900, term: 2 };
      log.persist(request(entries + 1, [entry(901, 2)], { hardState, restart }));
      for (let i = 0; i < 20; i++) await settle();
      expect(persisted).toEqual(Array.from({ length: entries + 1 }, (_, i) => i + 1));
      expect(log.full).toBe(false);
      expect(log.read(901, 1000, 1e6)).toEqual([entry(901, 2)]);
      await log.close();
    }
  }
});

test('opening begins the log anew after a snapshot that it has not reached', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk);
  await append(first.log, 1, 20, 1, 20);
  await publish(first.snapshots, 15, 1);
  await publish(first.snapshots, 700, 5);
  await first.log.close();
  const { log, recovered } = open(disk);
  expect(recovered).toMatchObject({
    firstIndex: 701,
    lastIndex: 700,
    termBefore: 5,
    terms: [],
    // a leader of term 5 there must have been: no vote was given in it
    hardState: { term: 5, vote: '', commit: 700 },
  });
  log.persist(request(1, [entry(701, 5)]));
  await log.close();
  const again = open(disk);
  await settle();
  expect(again.recovered).toMatchObject({ firstIndex: 701, lastIndex: 701, termBefore: 5 });
  expect(disk.list('/log').filter((name) => name.startsWith('segment'))).toHaveLength(2);
});

test('opening keeps a log that has the entry of the newest snapshot', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk);
  await append(first.log, 1, 20, 1, 20);
  await publish(first.snapshots, 20, 1);
  await first.log.close();
  expect(open(disk).recovered).toMatchObject({ firstIndex: 1, lastIndex: 20 });
});

test('opening gives up entries of a lost leader for a snapshot, but never committed ones', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk);
  await append(first.log, 1, 20, 1, 10);
  await first.log.close();
  const lost = disk.clone();
  await publish(openSnapshots({ directory: '/snapshots', files: lost }), 15, 2);
  expect(open(lost).recovered).toMatchObject({ firstIndex: 16, lastIndex: 15, termBefore: 2 });
  const wrong = disk.clone();
  await publish(openSnapshots({ directory: '/snapshots', files: wrong }), 10, 2);
  expect(() => open(wrong)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }));
});

test('a damaged snapshot costs no log: the next older one decides', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk);
  await append(first.log, 1, 20, 1, 20);
  await publish(first.snapshots, 15, 1);
  await publish(first.snapshots, 700, 5);
  await first.log.close();
  const newest = `/snapshots/${snapshotName(700, 5)}`;
  disk.bytes(newest)[frameAt(0) + 500] ^= 1;
  const { recovered, snapshots } = open(disk);
  expect(recovered).toMatchObject({ firstIndex: 1, lastIndex: 20, hardState: { term: 1 } });
  expect(snapshots.files.map(({ index }) => index)).toEqual([15]);
  expect(snapshots.damaged).toMatchObject([{ index: 700, error: { file: newest } }]);
});

test('a log that begins behind every snapshot is refused, and nothing is changed', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk);
  await append(first.log, 1, 30, 1, 30);
  await publish(first.snapshots, 20, 1);
  first.log.dropBefore(21);
  const { firstIndex } = first.log;
  expect(firstIndex).toBeGreaterThan(10);
  await first.log.close();
  const name = `/snapshots/${snapshotName(20, 1)}`;
  const without = disk.clone();
  without.remove(name);
  const header = disk.clone();
  header.bytes(name)[20] ^= 1;
  const older = without.clone();
  await publish(openSnapshots({ directory: '/snapshots', files: older }), 5, 1);
  for (const copy of [without, header, older]) {
    const before = copy.list('/log').sort();
    expect(() => open(copy)).toThrow(
      expect.objectContaining({ code: 'LOG_WITHOUT_SNAPSHOT', firstIndex }),
    );
    expect(copy.list('/log').sort()).toEqual(before);
  }
  expect(open(disk).recovered).toMatchObject({ firstIndex, lastIndex: 30 });
});

test('snapshots without a log are a log that was lost', async () => {
  const disk = new SimulatedDisk();
  await publish(openSnapshots({ directory: '/snapshots', files: disk }), 5, 1);
  expect(() => open(disk)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }));
});
