/** Log and snapshots on a disk that fails, hangs or is full. */
import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { LogOptions, RecoveredLog } from './options.ts';
import { openSnapshots, type SnapshotDirectory } from './snapshot-files.ts';
import { SimulatedDisk, systemError } from './simulated-disk.ts';

const SEGMENT_BYTES = 64 * 1024;

interface Opened {
  log: Log;
  recovered: RecoveredLog;
  snapshots: SnapshotDirectory;
  persisted: number[];
  failures: Error[];
  full: boolean[];
}

function open(disk: SimulatedDisk, options: Partial<LogOptions> = {}): Opened {
  const persisted: number[] = [];
  const failures: Error[] = [];
  const full: boolean[] = [];
  const { reserveBytes = 0 } = options;
  const snapshots = openSnapshots({ directory: '/snapshots', files: disk, reserveBytes });
  const opened = openLog({
    directory: '/log',
    files: disk,
    snapshots,
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    idleMarkMs: 0,
    onPersisted: (seq) => persisted.push(seq),
    onFailed: (error) => failures.push(error),
    onFull: (value) => full.push(value),
    ...options,
  });
  return { ...opened, snapshots, persisted, failures, full };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function persist(log: Log, index: number, payloadBytes = 1000): void {
  const payload = new Uint8Array(payloadBytes).fill(index);
  const entries: Entry[] = [{ index, term: 1, kind: 2, payload }];
  const hardState = { term: 1, vote: '', commit: 0 };
  log.persist({ seq: index, hardState, restart: null, truncateFrom: null, entries });
}

function publish(
  snapshots: SnapshotDirectory,
  index: number,
  bytes: number,
): Promise<Error | null> {
  const sink = snapshots.create(index, 1);
  sink.write(new Uint8Array(bytes));
  return new Promise((resolve) => sink.publish(resolve));
}

test('after a failed sync nothing is reported, and what the next process sees it has made durable', async () => {
  let seen = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Prng(seed);
    const disk = new SimulatedDisk();
    const { log, persisted, failures } = open(disk);
    persist(log, 1);
    await settle();
    // the pages are clean from here on, and no later sync writes them
    disk.fault = (operation) => (operation === 'append' ? systemError('EIO', 'sync') : null);
    persist(log, 2);
    await settle();
    persist(log, 3);
    await settle();
    expect(failures).toMatchObject([{ code: 'EIO' }]);
    expect(persisted).toEqual([1]);
    disk.fault = null;
    const killed = disk.clone().killed(random);
    const next = open(killed);
    const { lastIndex } = next.recovered;
    expect(lastIndex).toBeGreaterThanOrEqual(1);
    seen = Math.max(seen, lastIndex);
    expect(open(killed.clone().powerCut(random)).recovered.lastIndex).toBe(lastIndex);
    expect(open(disk.clone().powerCut(random)).recovered.lastIndex).toBe(1);
    await log.close();
  }
  // the page cache showed what the disk never got
  expect(seen).toBe(2);
});

test('a failed sync of a new segment, of the directory or of a dropped one ends the log', async () => {
  for (const failing of ['sync', 'syncDirectory', 'rename']) {
    const disk = new SimulatedDisk();
    const { log, persisted, failures } = open(disk);
    for (let index = 1; index <= 60; index++) {
      persist(log, index, 4000);
      await settle();
    }
    disk.fault = (operation) => (operation === failing ? systemError('EIO', operation) : null);
    log.dropBefore(60);
    for (let index = 61; index <= 120; index++) {
      persist(log, index, 4000);
      await settle();
    }
    expect(failures).toMatchObject([{ code: 'EIO', message: `EIO: ${failing}` }]);
    const durable = persisted.length;
    disk.fault = null;
    const after = disk.clone().powerCut(new Prng(7));
    await log.close();
    const again = openLog({
      directory: '/log',
      files: after,
      segmentBytes: SEGMENT_BYTES,
      onPersisted: () => {},
      onFailed: () => {},
    });
    expect(again.recovered.lastIndex).toBeGreaterThanOrEqual(durable);
    await again.log.close();
  }
});

test('a disk that never answers holds up what waits for it and nothing else', async () => {
  let now = 0;
  const disk = new SimulatedDisk();
  const { log, snapshots, persisted } = open(disk, {
    clock: { monotonicMs: () => now, wallMs: () => 0 },
  });
  for (let index = 1; index <= 30; index++) {
    persist(log, index, 4000);
    await settle();
  }
  expect(await publish(snapshots, 20, 100_000)).toBeNull();
  disk.eager = false;
  for (let index = 31; index <= 200; index++) persist(log, index, 4000);
  log.dropBefore(21);
  log.idle();
  const sink = snapshots.create(30, 1);
  for (let i = 0; i < 50; i++) sink.write(new Uint8Array(100_000));
  let told = 0;
  sink.publish(() => told++);
  snapshots.remove(20);
  for (let i = 0; i < 20; i++) await settle();
  now = 5000;
  expect(log.oldestUnsyncedMs(now)).toBe(5000);
  expect(persisted).toHaveLength(30);
  expect(log.read(25, 31, 1e6)).toHaveLength(6);
  expect(told).toBe(0);
  // it comes back: everything goes on where it was
  disk.eager = true;
  while (disk.step()) await settle();
  for (let i = 0; i < 50; i++) await settle();
  expect(persisted).toHaveLength(200);
  expect(told).toBe(1);
  expect(snapshots.files.map(({ index }) => index)).toEqual([30]);
  await snapshots.close();
  await log.close();
});

test('free bytes reach zero before a request is held back', async () => {
  for (const payloadBytes of [100, 1500, 9000]) {
    const disk = new SimulatedDisk();
    disk.capacityBytes = 6 * SEGMENT_BYTES;
    const { log, persisted } = open(disk, { reserveBytes: 2 * SEGMENT_BYTES });
    await settle();
    let index = 0;
    const limit = payloadBytes + 1024;
    while (log.freeBytes > limit) {
      persist(log, ++index, payloadBytes);
      await settle();
      expect(persisted).toHaveLength(index);
    }
    expect(log.full).toBe(true);
    expect(log.diskFreeBytes).toBeGreaterThanOrEqual(2 * SEGMENT_BYTES);
    await log.close();
  }
});

test('snapshots that find the disk full stop no append, and what is dropped makes room for both', async () => {
  const reserveBytes = 3 * SEGMENT_BYTES;
  const disk = new SimulatedDisk();
  disk.capacityBytes = 24 * SEGMENT_BYTES;
  const { log, snapshots, failures, persisted } = open(disk, { reserveBytes });
  let index = 0;
  const append = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      persist(log, ++index, 4000);
      await settle();
    }
  };
  await append(40);
  expect(await publish(snapshots, 10, 5 * SEGMENT_BYTES)).toBeNull();
  expect(await publish(snapshots, 20, 5 * SEGMENT_BYTES)).toBeNull();
  const error = await publish(snapshots, 30, 1 << 20);
  expect(error).toMatchObject({ code: 'ENOSPC' });
  // the log goes on to the last byte of what it has, then waits
  await append(100);
  expect(log.full).toBe(true);
  expect(persisted.length).toBeGreaterThan(45);
  expect(persisted.length).toBeLessThan(index);
  // the older snapshot and the log before the newer one go: that needs no room
  snapshots.remove(10);
  log.dropBefore(21);
  for (let i = 0; i < 30 && log.full; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (let i = 0; i < 50; i++) await settle();
  expect(failures).toEqual([]);
  expect(persisted.length).toBeGreaterThan(60);
  // and it can be opened again, as full as it is
  await snapshots.close();
  await log.close();
  const again = open(disk);
  expect(again.recovered.lastIndex).toBe(persisted.length);
  await again.log.close();
});
