import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import type { Entry } from '#node/raft/entry.ts';
import { type FileCipher, KeyRing, NO_KEYS } from './cipher.ts';
import { BATCH_ALIGNMENT, BATCH_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './format.ts';
import { parseKeys } from './key-file.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { RecoveredLog } from './options.ts';
import { openSegment, SegmentReader, segmentPath } from './segment.ts';
import { openSnapshots, type SnapshotDirectory } from './snapshot-files.ts';
import {
  FRAME_CONTENT_BYTES,
  frameAt,
  snapshotFileBytes,
  snapshotName,
} from './snapshot-format.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const SEGMENT_BYTES = 64 * 1024;
const FIRST = segmentPath('/log', 1);
const FIRST_BATCH = SEGMENT_HEADER_BYTES + BATCH_ALIGNMENT;
const SECRET = 'a customer would mind';
const LINE_A = `key-a ${'0a'.repeat(32)}`;
const LINE_B = `key-b ${'0b'.repeat(32)}`;

function ring(...lines: string[]): KeyRing {
  return new KeyRing(parseKeys(lines.join('\n'), 'keys'));
}

const A = ring(LINE_A);
const B_THEN_A = ring(LINE_B, LINE_A);

interface Opened {
  log: Log;
  recovered: RecoveredLog;
  snapshots: SnapshotDirectory;
}

function open(disk: SimulatedDisk, keys: KeyRing): Opened {
  const snapshots = openSnapshots({ directory: '/snapshots', files: disk, keys });
  const opened = openLog({
    directory: '/log',
    files: disk,
    keys,
    snapshots,
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    idleMarkMs: 0,
    onPersisted: () => {},
    onFailed: (error) => {
      throw error;
    },
  });
  return { ...opened, snapshots };
}

function entry(index: number, payloadBytes = 100): Entry {
  const payload = new Uint8Array(payloadBytes).fill(index);
  payload.set(Buffer.from(SECRET));
  return { index, term: 1, kind: 2, payload };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function append(log: Log, from: number, to: number, payloadBytes = 100): Promise<void> {
  for (let index = from; index <= to; index++) {
    log.persist({
      seq: index,
      hardState: { term: 1, vote: '', commit: 0 },
      restart: null,
      truncateFrom: null,
      entries: [entry(index, payloadBytes)],
    });
    await settle();
  }
}

async function publish(
  snapshots: SnapshotDirectory,
  index: number,
  content: Uint8Array,
): Promise<void> {
  const sink = snapshots.create(index, 1);
  sink.write(content);
  expect(await new Promise((resolve) => sink.publish(resolve))).toBeNull();
}

/** Names of the files with the secret in plaintext. */
function leaks(disk: SimulatedDisk): string[] {
  const found: string[] = [];
  for (const directory of ['/log', '/snapshots']) {
    for (const name of disk.list(directory)) {
      const bytes = disk.clone().bytes(`${directory}/${name}`);
      if (Buffer.from(bytes).includes(SECRET)) found.push(name);
    }
  }
  return found.sort();
}

test('log and snapshots are not readable on disk, and are read back with the key', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk, A);
  await append(first.log, 1, 40, 4000);
  const content = entry(9, 3 * FRAME_CONTENT_BYTES + 77).payload;
  await publish(first.snapshots, 9, content);
  expect(first.log.read(7, 30, 1e6)).toEqual(
    Array.from({ length: 23 }, (_, i) => entry(7 + i, 4000)),
  );
  expect(first.snapshots.read(9, 0, 1e9)).toEqual(content);
  expect(leaks(disk)).toEqual([]);
  await first.log.close();
  for (const keys of [A, B_THEN_A]) {
    const { log, recovered, snapshots } = open(disk, keys);
    expect(recovered).toMatchObject({ firstIndex: 1, lastIndex: 40 });
    for (let from = 1; from <= 40; from += 3) {
      expect(log.read(from, from + 2, 1e6)).toEqual(
        [entry(from, 4000), entry(from + 1, 4000)].slice(0, 41 - from),
      );
    }
    expect(snapshots.read(9, 100_000, 50_000)).toEqual(content.slice(100_000, 150_000));
    snapshots.check(9);
    await snapshots.verify(9);
    await log.close();
  }
});

test('without a key everything is plaintext, and stays readable when encryption is turned on', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk, NO_KEYS);
  await append(first.log, 1, 30, 4000);
  await publish(first.snapshots, 5, entry(5).payload);
  await first.log.close();
  expect(leaks(disk)).toContain('segment-000000000001');
  const second = open(disk, A);
  await append(second.log, 31, 50, 4000);
  await publish(second.snapshots, 40, entry(40).payload);
  expect(second.log.read(1, 100, 1e9)).toEqual(
    Array.from({ length: 50 }, (_, i) => entry(i + 1, 4000)),
  );
  expect(second.snapshots.read(5, 0, 1000)).toEqual(entry(5).payload);
  const plain = leaks(disk);
  expect(plain).toContain(snapshotName(5, 1));
  expect(plain).not.toContain(snapshotName(40, 1));
  await second.log.close();
  const third = open(disk, A);
  expect(third.recovered.lastIndex).toBe(50);
  // with what is old dropped there is no plaintext left, also not in segments that wait to be used again
  third.snapshots.remove(5);
  third.log.dropBefore(40);
  await append(third.log, 51, 70, 4000);
  await third.snapshots.close();
  await third.log.close();
  expect(leaks(disk)).toEqual([]);
});

test('a plaintext segment that waited to be used again is not, once there is a key', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk, NO_KEYS);
  await append(first.log, 1, 60, 4000);
  await publish(first.snapshots, 55, entry(1).payload);
  first.log.dropBefore(56);
  await first.snapshots.close();
  await first.log.close();
  const spares = (): string[] => disk.list('/log').filter((name) => name.startsWith('spare'));
  expect(spares()).toHaveLength(2);
  const second = open(disk, A);
  expect(spares()).toEqual([]);
  await append(second.log, 61, 120, 4000);
  second.log.dropBefore(56);
  await settle();
  await second.log.close();
});

test('a key is rotated by a new first line: new files have it, old ones keep theirs', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk, A);
  await append(first.log, 1, 30, 4000);
  await first.log.close();
  const second = open(disk, B_THEN_A);
  await append(second.log, 31, 60, 4000);
  await publish(second.snapshots, 50, entry(50).payload);
  await second.log.close();
  expect(() => open(disk, ring(LINE_B))).toThrow(
    expect.objectContaining({ code: 'KEY_MISSING', keyId: 'key-a', file: FIRST }),
  );
  const third = open(disk, B_THEN_A);
  expect(third.log.read(1, 100, 1e9)).toHaveLength(60);
  third.log.dropBefore(51);
  await third.log.close();
  await settle();
  // nothing names the old key any more
  const last = open(disk, ring(LINE_B));
  expect(last.recovered.lastIndex).toBe(60);
  await last.log.close();
});

test('a missing key and a wrong one under the same id are told, and change nothing', async () => {
  const disk = new SimulatedDisk();
  const first = open(disk, A);
  await append(first.log, 1, 3);
  await first.log.close();
  const wrong = ring(`key-a ${'ff'.repeat(32)}`);
  const withSnapshot = new SimulatedDisk();
  const other = open(withSnapshot, A);
  await publish(other.snapshots, 0, entry(1).payload);
  await other.log.close();
  for (const [keys, code] of [
    [NO_KEYS, 'KEY_MISSING'],
    [ring(LINE_B), 'KEY_MISSING'],
    [wrong, 'KEY_WRONG'],
  ] as const) {
    const before = disk.bytes(FIRST).slice();
    expect(() => open(disk, keys)).toThrow(expect.objectContaining({ code, keyId: 'key-a' }));
    expect(disk.bytes(FIRST)).toEqual(before);
    expect(() => openSnapshots({ directory: '/snapshots', files: withSnapshot, keys })).toThrow(
      expect.objectContaining({ code, keyId: 'key-a' }),
    );
  }
  expect(open(disk, A).recovered.lastIndex).toBe(3);
});

/** A log of two batches in encrypted segments, as a killed process leaves it. */
async function twoBatches(mark: boolean): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const { log } = open(disk, A);
  await append(log, 1, 2, 64);
  if (mark) log.idle();
  await settle();
  return disk.clone();
}

test('any changed bit of an encrypted batch under a mark is corruption, above every mark a torn write', async () => {
  const start = FIRST_BATCH + BATCH_ALIGNMENT;
  const end = start + BATCH_HEADER_BYTES + 32 + 64;
  for (const mark of [true, false]) {
    const disk = await twoBatches(mark);
    for (let at = start; at < end; at++) {
      const copy = disk.clone();
      copy.bytes(FIRST)[at] ^= 1 << (at % 8);
      let outcome: unknown;
      try {
        outcome = open(copy, A).recovered;
      } catch (error) {
        outcome = error;
      }
      const expected = mark ? { code: 'LOG_CORRUPT', file: FIRST } : { lastIndex: 1 };
      expect(outcome, `byte ${at}`).toMatchObject(expected);
    }
  }
});

test('a batch that rotted since it was written is not given out in parts', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk, A);
  await append(log, 1, 3);
  disk.bytes(FIRST)[FIRST_BATCH + BATCH_ALIGNMENT + BATCH_HEADER_BYTES + 60] ^= 1;
  expect(log.read(1, 2, 1000)).toEqual([entry(1)]);
  expect(() => log.read(2, 3, 1000)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }));
});

test('batches of a window are decrypted in any order', async () => {
  const disk = await twoBatches(true);
  const place = { files: disk, directory: '/log', segmentBytes: SEGMENT_BYTES, keys: A };
  const reader = new SegmentReader(disk, openSegment(place, 1), SEGMENT_BYTES);
  const places = [FIRST_BATCH, FIRST_BATCH + BATCH_ALIGNMENT, FIRST_BATCH + 2 * BATCH_ALIGNMENT];
  for (const i of [0, 2, 0, 1, 2, 2, 0, 2, 1, 1, 0]) {
    const header = reader.header(places[i]);
    if (header === null) throw new Error('there is a batch');
    expect(reader.firstBadRecord(places[i], header)).toBe(-1);
  }
});

test('any changed byte of an encrypted snapshot is found, and a frame moved is', async () => {
  const disk = new SimulatedDisk();
  const content = entry(1, FRAME_CONTENT_BYTES + 100).payload;
  await publish(open(disk, A).snapshots, 0, content);
  const name = `/snapshots/${snapshotName(0, 1)}`;
  const length = snapshotFileBytes(content.length);
  const damages = [0, 3, 15, 16, 17, 40_000].map((at) => frameAt(0) + at);
  damages.push(frameAt(1), frameAt(1) + 16, length - 1);
  for (const at of damages) {
    const copy = disk.clone();
    copy.bytes(name)[at] ^= 0x20;
    const snapshots = openSnapshots({ directory: '/snapshots', files: copy, keys: A });
    const offset = at < frameAt(1) ? frameAt(0) : frameAt(1);
    const expected = expect.objectContaining({ code: 'SNAPSHOT_DAMAGED', file: name, offset });
    expect(() => snapshots.read(0, 0, 1e9)).toThrow(expected);
    expect(() => snapshots.check(0)).toThrow(expected);
    await expect(snapshots.verify(0)).rejects.toMatchObject({ code: 'SNAPSHOT_DAMAGED', offset });
  }
  const missed: number[] = [];
  for (let at = 0; at < SEGMENT_HEADER_BYTES; at += at < 200 || at > 4070 ? 1 : 97) {
    // the version has an error of its own
    if (at >= 8 && at < 12) continue;
    const copy = disk.clone();
    copy.bytes(name)[at] ^= 1;
    const { damaged } = openSnapshots({ directory: '/snapshots', files: copy, keys: A });
    if (damaged.length !== 1) missed.push(at);
  }
  expect(missed).toEqual([]);
});

/** Notes under which key and offset each part of a file is encrypted. */
class WatchedRing extends KeyRing {
  readonly used: string[] = [];
  #files = 0;

  override newCipher(): FileCipher | null {
    const cipher = super.newCipher();
    if (cipher === null) return null;
    const file = ++this.#files;
    const seal = cipher.seal.bind(cipher);
    cipher.seal = (offset, known, plain, sealed, tag) => {
      this.used.push(`${file} ${offset}`);
      seal(offset, known, plain, sealed, tag);
    };
    return cipher;
  }
}

test('no offset of a file is encrypted twice, and files that look alike have other bytes', async () => {
  const watched = new WatchedRing(parseKeys(LINE_A, 'keys'));
  let disk = new SimulatedDisk();
  let last = 0;
  let recycled = 0;
  for (let round = 0; round < 6; round++) {
    const { log, snapshots } = open(disk, watched);
    await append(log, last + 1, last + 30, 4000);
    last += 30;
    await publish(snapshots, last - 5, entry(1, 200_000).payload);
    log.dropBefore(last - 5);
    await append(log, last + 1, last + 30, 4000);
    last += 30;
    recycled += log.statistics.recycledSegments;
    await snapshots.close();
    if (round % 2 === 0) await log.close();
    else disk = disk.clone();
  }
  expect(recycled).toBeGreaterThan(3);
  expect(watched.used.length).toBeGreaterThan(300);
  expect(new Set(watched.used).size).toBe(watched.used.length);

  const twins = [new SimulatedDisk(), new SimulatedDisk()];
  const bytes = [];
  for (const twin of twins) {
    const { log } = open(twin, A);
    await append(log, 1, 1, 400);
    bytes.push(Buffer.from(twin.clone().bytes(FIRST)));
    await log.close();
  }
  const at = FIRST_BATCH + BATCH_HEADER_BYTES + 32;
  const pieces = bytes.map((all) => all.subarray(at, at + 400).toString('hex'));
  expect(pieces[0]).not.toBe(pieces[1]);
});
