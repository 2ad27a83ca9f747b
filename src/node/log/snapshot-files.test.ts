import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import type { SnapshotSink } from '#node/shard/ports.ts';
import { openSnapshots, type SnapshotDirectory } from './snapshot-files.ts';
import {
  FRAME_BYTES,
  FRAME_CONTENT_BYTES,
  frameAt,
  snapshotFileBytes,
  snapshotName,
} from './snapshot-format.ts';
import { SimulatedDisk, systemError } from './simulated-disk.ts';

const DIRECTORY = '/snapshots';

function open(disk: SimulatedDisk): SnapshotDirectory {
  return openSnapshots({ directory: DIRECTORY, files: disk });
}

function pathOf(index: number, term = 1): string {
  return `${DIRECTORY}/${snapshotName(index, term)}`;
}

/** Bytes that differ at every place and from one seed to the next. */
function content(seed: number, length: number): Uint8Array {
  const random = new Prng(seed);
  return Uint8Array.from({ length }, () => random.below(256));
}

function published(sink: SnapshotSink): Promise<Error | null> {
  return new Promise((resolve) => sink.publish(resolve));
}

async function put(snapshots: SnapshotDirectory, index: number, bytes: Uint8Array): Promise<void> {
  const sink = snapshots.create(index, 1);
  sink.write(bytes);
  expect(await published(sink)).toBeNull();
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a published file is listed and read back at any offset, also after opening again', async () => {
  const disk = new SimulatedDisk();
  const bytes = content(1, 3 * FRAME_CONTENT_BYTES + 1234);
  const first = open(disk);
  const sink = first.create(70, 3);
  for (let at = 0; at < bytes.length; at += 50_001) sink.write(bytes.subarray(at, at + 50_001));
  expect(first.files).toEqual([]);
  expect(await published(sink)).toBeNull();
  const random = new Prng(2);
  for (const snapshots of [first, open(disk)]) {
    expect(snapshots.files).toEqual([{ index: 70, term: 3, sizeBytes: bytes.length }]);
    expect(snapshots.read(70, 0, 1e9)).toEqual(bytes);
    for (let round = 0; round < 200; round++) {
      const offset = random.below(bytes.length + 10);
      const count = random.below(2 * FRAME_BYTES);
      expect(snapshots.read(70, offset, count)).toEqual(bytes.slice(offset, offset + count));
    }
    await snapshots.verify(70);
    await snapshots.close();
  }
});

test('lengths around the edge of a frame are kept, and none at all', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  const lengths = [0, 1, FRAME_CONTENT_BYTES - 1, FRAME_CONTENT_BYTES, FRAME_CONTENT_BYTES + 1];
  for (const [i, length] of lengths.entries()) await put(snapshots, i + 1, content(i, length));
  const again = open(disk);
  expect(again.files.map(({ sizeBytes }) => sizeBytes)).toEqual(lengths);
  for (const [i, length] of lengths.entries()) {
    expect(again.read(i + 1, 0, 1e9)).toEqual(content(i, length));
    await again.verify(i + 1);
    again.check(i + 1);
  }
});

test('files are listed ascending by index, removed ones are gone and their space is free', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  for (const index of [30, 10, 20]) await put(snapshots, index, content(index, 1000));
  expect(snapshots.files.map(({ index }) => index)).toEqual([10, 20, 30]);
  expect(snapshots.read(20, 0, 10)).toHaveLength(10);
  snapshots.remove(20);
  expect(snapshots.files.map(({ index }) => index)).toEqual([10, 30]);
  expect(() => snapshots.read(20, 0, 10)).toThrow(
    expect.objectContaining({ code: 'SNAPSHOT_GONE' }),
  );
  await expect(snapshots.verify(20)).rejects.toMatchObject({ code: 'SNAPSHOT_GONE' });
  await snapshots.close();
  expect(disk.list(DIRECTORY).sort()).toEqual([snapshotName(10, 1), snapshotName(30, 1)]);
  expect(open(disk).files).toHaveLength(2);
});

test('bytes wait in memory while the disk is slow, and are counted', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  disk.eager = false;
  const sink = snapshots.create(1, 1);
  const bytes = content(3, FRAME_CONTENT_BYTES);
  for (let i = 1; i <= 5; i++) {
    sink.write(bytes);
    expect(sink.pendingBytes).toBe(i * FRAME_CONTENT_BYTES);
  }
  // what does not fill a frame waits for more: nobody may wait for that to be written
  sink.write(bytes.subarray(0, 1000));
  for (let left = 5; left > 0; left--) {
    expect(sink.pendingBytes).toBe(left * FRAME_CONTENT_BYTES);
    // space and file come before the first frame
    for (let steps = left === 5 ? 3 : 1; steps > 0; steps--) {
      disk.step();
      await settle();
    }
  }
  expect(sink.pendingBytes).toBe(0);
  disk.eager = true;
  expect(await published(sink)).toBeNull();
  expect(snapshots.read(1, 5 * FRAME_CONTENT_BYTES, 2000)).toEqual(bytes.slice(0, 1000));
});

test('an error at any step costs the file in the making and nothing else', async () => {
  const bytes = content(4, 66 * FRAME_CONTENT_BYTES);
  let steps = 0;
  for (let failing = 0; failing <= steps; failing++) {
    const disk = new SimulatedDisk();
    const snapshots = open(disk);
    await put(snapshots, 5, content(5, 100));
    let count = 0;
    disk.fault = (operation) => {
      if (operation === 'remove' || count++ !== failing) return null;
      return systemError('EIO', operation);
    };
    const sink = snapshots.create(6, 1);
    sink.write(bytes);
    const error = await published(sink);
    steps = count;
    const code = (error as { code?: string } | null)?.code;
    expect(code, `step ${failing}`).toBe(failing === count ? undefined : 'EIO');
    expect(sink.pendingBytes).toBe(0);
    const listed = error === null ? [5, 6] : [5];
    expect(snapshots.files.map(({ index }) => index)).toEqual(listed);
    await snapshots.close();
    expect(disk.list(DIRECTORY)).toHaveLength(listed.length);
    expect(open(disk).files.map(({ index }) => index)).toEqual(listed);
  }
  // space, create, the frames, sync and space on the way, the header, sync, rename, directory
  expect(steps).toBe(2 + 66 + 2 + 4);
});

test('a disk that fills up costs the snapshot, tells when it is published, and gives the space back', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  await put(snapshots, 1, content(1, 1000));
  disk.capacityBytes = 5 * FRAME_BYTES;
  const free = disk.space().freeBytes;
  const sink = snapshots.create(2, 1);
  sink.write(content(2, 10 * FRAME_CONTENT_BYTES));
  while (sink.pendingBytes > 0) await settle();
  await settle();
  expect(disk.space().freeBytes).toBe(free);
  sink.write(content(2, 100));
  expect(sink.pendingBytes).toBe(0);
  let inside = true;
  const told = new Promise((resolve) =>
    sink.publish((error) => {
      expect(inside).toBe(false);
      resolve(error);
    }),
  );
  inside = false;
  expect(await told).toMatchObject({ code: 'ENOSPC' });
  expect(snapshots.files.map(({ index }) => index)).toEqual([1]);
  expect(snapshots.read(1, 0, 1000)).toEqual(content(1, 1000));
  // there is room for a smaller one
  await put(snapshots, 2, content(2, FRAME_CONTENT_BYTES));
});

test('the reserve of the disk is left alone', async () => {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 10 << 20;
  const reserveBytes = 4 << 20;
  const snapshots = openSnapshots({ directory: DIRECTORY, files: disk, reserveBytes });
  let least = disk.capacityBytes;
  disk.fault = () => {
    least = Math.min(least, disk.space().freeBytes);
    return null;
  };
  const sink = snapshots.create(1, 1);
  for (let i = 0; i < 10; i++) sink.write(new Uint8Array(1 << 20));
  expect(await published(sink)).toMatchObject({ code: 'ENOSPC' });
  expect(least).toBeGreaterThan(reserveBytes - (4 << 20) - FRAME_BYTES);
  expect(disk.space().freeBytes).toBe(disk.capacityBytes);
  await put(snapshots, 2, new Uint8Array(1 << 20));
  disk.capacityBytes = 5 << 20;
  const next = snapshots.create(3, 1);
  next.write(new Uint8Array(FRAME_BYTES));
  expect(await published(next)).toMatchObject({ code: 'ENOSPC' });
});

test('an abandoned file leaves nothing, and does not harm the next one of the same entry', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  disk.eager = false;
  const first = snapshots.create(9, 1);
  first.write(content(1, 2 * FRAME_CONTENT_BYTES));
  first.abandon();
  first.write(content(1, 100));
  const second = snapshots.create(9, 1);
  second.write(content(2, 300));
  disk.eager = true;
  while (disk.step()) await settle();
  expect(await published(second)).toBeNull();
  await snapshots.close();
  expect(disk.list(DIRECTORY)).toEqual([snapshotName(9, 1)]);
  expect(open(disk).read(9, 0, 1000)).toEqual(content(2, 300));
});

test('close drops what is not published and waits for what is', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  const open1 = snapshots.create(1, 1);
  open1.write(content(1, 100_000));
  const done = put(snapshots, 2, content(2, 100_000));
  await snapshots.close();
  await done;
  expect(disk.list(DIRECTORY)).toEqual([snapshotName(2, 1)]);
});

test('any changed bit is found before its content is given out, told with file and offset', async () => {
  const disk = new SimulatedDisk();
  const bytes = content(6, FRAME_CONTENT_BYTES + 500);
  await put(open(disk), 8, bytes);
  const length = snapshotFileBytes(bytes.length);
  const random = new Prng(7);
  for (let round = 0; round < 120; round++) {
    const at = frameAt(0) + random.below(length - frameAt(0));
    const damaged = disk.clone();
    damaged.bytes(pathOf(8))[at] ^= 1 << random.below(8);
    const snapshots = open(damaged);
    expect(snapshots.files).toHaveLength(1);
    const offset = at < frameAt(1) ? frameAt(0) : frameAt(1);
    const error = { code: 'SNAPSHOT_DAMAGED', file: pathOf(8), offset };
    const whole = (): Uint8Array => snapshots.read(8, 0, 1e9);
    expect(whole, `byte ${at}`).toThrow(expect.objectContaining(error));
    expect(() => snapshots.check(8)).toThrow(expect.objectContaining(error));
    await expect(snapshots.verify(8)).rejects.toMatchObject(error);
    // the other frame is as it was, before and after the damage was met
    const [from, to] = offset === frameAt(0) ? [FRAME_CONTENT_BYTES, bytes.length] : [0, 1000];
    expect(snapshots.read(8, from, to - from)).toEqual(bytes.slice(from, to));
    expect(whole).toThrow('damaged');
  }
});

test('a frame of another place or of another file is not taken for the right one', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  const bytes = new Uint8Array(2 * FRAME_CONTENT_BYTES);
  await put(snapshots, 1, bytes);
  await put(snapshots, 2, bytes);
  const other = disk.clone().bytes(pathOf(2));
  const swapped = disk.clone();
  const target = swapped.bytes(pathOf(1));
  target.copyWithin(frameAt(1), frameAt(0), frameAt(1));
  expect(() => open(swapped).check(1)).toThrow('damaged');
  const mixed = disk.clone();
  mixed.bytes(pathOf(1)).set(other.subarray(frameAt(1)), frameAt(1));
  expect(() => open(mixed).check(1)).toThrow('damaged');
});

test('a file with a damaged header, another name or another length is not listed, and goes with the next one', async () => {
  const disk = new SimulatedDisk();
  await put(open(disk), 1, content(1, 5000));
  await put(open(disk), 2, content(2, 5000));
  const damages: ((copy: SimulatedDisk) => void)[] = [0, 7, 12, 21, 25, 33, 41, 200, 4095].map(
    (at) => (copy) => (copy.bytes(pathOf(2))[at] ^= 1),
  );
  damages.push((copy) => {
    const shorter = copy.bytes(pathOf(2)).slice(0, -1);
    copy.write(copy.create(pathOf(2)), shorter, shorter.length, 0);
  });
  damages.push((copy) => copy.bytes(pathOf(2)).set(copy.bytes(pathOf(1))));
  damages.push((copy) => void copy.create(pathOf(2)));
  for (const damage of damages) {
    const copy = disk.clone();
    damage(copy);
    const snapshots = open(copy);
    expect(snapshots.files.map(({ index }) => index)).toEqual([1]);
    expect(snapshots.damaged).toMatchObject([
      { index: 2, error: { code: 'SNAPSHOT_DAMAGED', file: pathOf(2) } },
    ]);
    expect(copy.list(DIRECTORY)).toContain(snapshotName(2, 1));
    await put(snapshots, 3, content(3, 10));
    await snapshots.close();
    expect(copy.list(DIRECTORY).sort()).toEqual([snapshotName(1, 1), snapshotName(3, 1)]);
  }
});

test('a newer format version is refused by name and left alone', async () => {
  const disk = new SimulatedDisk();
  await put(open(disk), 1, content(1, 10));
  disk.bytes(pathOf(1))[8]++;
  expect(() => open(disk)).toThrow(
    expect.objectContaining({ code: 'LOG_VERSION', file: pathOf(1) }),
  );
});

test('a file that shrank since it was opened is damaged, not shorter', async () => {
  const disk = new SimulatedDisk();
  const snapshots = open(disk);
  await put(snapshots, 1, content(1, FRAME_CONTENT_BYTES + 10));
  snapshots.read(1, 0, 1);
  disk.truncate(pathOf(1), frameAt(1) + 3);
  expect(() => snapshots.read(1, FRAME_CONTENT_BYTES, 10)).toThrow('damaged');
  await expect(snapshots.verify(1)).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED' });
});
