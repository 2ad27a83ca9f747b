import path from 'node:path';
import { expect, test } from 'vitest';
import type { Entry } from '#node/raft/entry.ts';
import { LogCorruptionError } from './errors.ts';
import { BATCH_ALIGNMENT, BATCH_HEADER_BYTES, SEGMENT_HEADER_BYTES, alignUp } from './format.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { RecoveredLog } from './options.ts';
import { segmentPath } from './segment.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const DIRECTORY = '/log';
const SEGMENT_BYTES = 64 * 1024;
const FIRST = segmentPath(DIRECTORY, 1);
/** The first segment starts with the empty batch that every opening writes. */
const FIRST_BATCH = SEGMENT_HEADER_BYTES + BATCH_ALIGNMENT;

function open(disk: SimulatedDisk): { log: Log; recovered: RecoveredLog } {
  return openLog({
    directory: DIRECTORY,
    files: disk,
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    idleMarkMs: 0,
    onPersisted: () => {},
    onFailed: (error) => {
      throw error;
    },
  });
}

function entry(index: number, payloadBytes = 10): Entry {
  return { index, term: 1, kind: 2, payload: new Uint8Array(payloadBytes).fill(255) };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A disk with a log of one batch per array of entries, as a killed process leaves it. */
async function logOf(batches: Entry[][], mark: boolean): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  let seq = 1;
  for (const entries of batches) {
    const hardState = { term: 1, vote: 'a', commit: 0 };
    log.persist({ seq: seq++, hardState, restart: null, truncateFrom: null, entries });
    await settle();
  }
  if (mark) log.idle();
  await settle();
  return disk.clone();
}

/** Opens a copy of `disk` after `damage`; the recovered log, or the error. */
async function openDamaged(
  disk: SimulatedDisk,
  file: string,
  damage: (bytes: Uint8Array) => void,
): Promise<RecoveredLog | LogCorruptionError> {
  const copy = disk.clone();
  damage(copy.bytes(file));
  try {
    const { log, recovered } = open(copy);
    await log.close();
    return recovered;
  } catch (error) {
    if (!(error instanceof LogCorruptionError)) throw error;
    return error;
  }
}

test('a batch torn at any byte is cut whole, and what was durable before it stays', async () => {
  const disk = await logOf([[entry(1)], [entry(2)], [entry(3), entry(4, 204)]], false);
  const start = FIRST_BATCH + 2 * BATCH_ALIGNMENT;
  const length = BATCH_HEADER_BYTES + 48 + 240;
  const end = alignUp(start + length, BATCH_ALIGNMENT);
  // the payload of 204 bytes ends 4 bytes before its record does: that is padding
  const whole = start + length - 4;
  for (let at = start; at <= end; at++) {
    const found = await openDamaged(disk, FIRST, (bytes) => bytes.fill(0, at, end));
    expect(found, `torn at ${at}`).toMatchObject({ lastIndex: at < whole ? 2 : 4 });
  }
});

test('a log goes on after a torn batch was cut, and the torn bytes never come back', async () => {
  const disk = await logOf([[entry(1)], [entry(2, 2000)]], false);
  disk.bytes(FIRST)[FIRST_BATCH + BATCH_ALIGNMENT + 90] ^= 1;
  const { log, recovered } = open(disk);
  expect(recovered).toMatchObject({ lastIndex: 1, cutBytes: BATCH_HEADER_BYTES + 32 + 2000 });
  log.persist({
    seq: 1,
    hardState: null,
    restart: null,
    truncateFrom: null,
    entries: [entry(2, 5)],
  });
  await log.close();
  const again = open(disk);
  expect(again.recovered).toMatchObject({ lastIndex: 2, cutBytes: 0 });
  expect(again.log.read(2, 3, 100)).toEqual([entry(2, 5)]);
});

test('any changed bit of a batch under a mark is corruption, told with file and offset', async () => {
  const disk = await logOf([[entry(1)], [entry(2), entry(3, 16)]], true);
  const start = FIRST_BATCH + BATCH_ALIGNMENT;
  const end = start + BATCH_HEADER_BYTES + 48 + 48;
  for (let at = start; at < end; at++) {
    // the first payload has 10 bytes; up to the next record nothing is checked
    if (at >= start + BATCH_HEADER_BYTES + 42 && at < start + BATCH_HEADER_BYTES + 48) continue;
    const bit = 1 << (at % 8);
    const found = await openDamaged(disk, FIRST, (bytes) => {
      bytes[at] ^= bit;
    });
    expect(found, `byte ${at}`).toMatchObject({ code: 'LOG_CORRUPT', file: FIRST });
    const { offset } = found as LogCorruptionError;
    expect(offset >= start && offset <= at, `byte ${at}, reported ${offset}`).toBe(true);
  }
});

test('a changed bit of the last batch without a mark over it is a torn write', async () => {
  const disk = await logOf([[entry(1)], [entry(2), entry(3, 16)]], false);
  const start = FIRST_BATCH + BATCH_ALIGNMENT;
  for (let at = start; at < start + BATCH_HEADER_BYTES + 42; at++) {
    const found = await openDamaged(disk, FIRST, (bytes) => {
      bytes[at] ^= 1 << (at % 8);
    });
    expect(found, `byte ${at}`).toMatchObject({ lastIndex: 1 });
  }
});

test('the mark itself may be damaged: it holds nothing', async () => {
  const disk = await logOf([[entry(1)], [entry(2)]], true);
  const found = await openDamaged(disk, FIRST, (bytes) => {
    bytes[FIRST_BATCH + 2 * BATCH_ALIGNMENT + 20] ^= 1;
  });
  expect(found).toMatchObject({ lastIndex: 2 });
});

test('a mark is found behind any number of damaged batches', async () => {
  const disk = await logOf([[entry(1)], [entry(2)], [entry(3)], [entry(4, 3000)]], true);
  const from = FIRST_BATCH + BATCH_ALIGNMENT;
  const found = await openDamaged(disk, FIRST, (bytes) => bytes.fill(0x55, from, from + 4400));
  expect(found).toMatchObject({ code: 'LOG_CORRUPT', offset: from });
});

test('after opening, everything in the log is under a mark', async () => {
  const disk = await logOf([[entry(1)], [entry(2)]], false);
  await open(disk).log.close();
  for (const at of [FIRST_BATCH, FIRST_BATCH + BATCH_ALIGNMENT]) {
    const found = await openDamaged(disk, FIRST, (bytes) => {
      bytes[at + 90] ^= 1;
    });
    expect(found).toMatchObject({ code: 'LOG_CORRUPT' });
  }
});

test('bytes of a client that look like a batch with a mark do not count as one', async () => {
  const marked = await logOf([[entry(1)], [entry(2)]], true);
  const copied = marked.bytes(FIRST).slice(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + 8192);
  // the same generation, the same places: only the salt differs
  const disk = await logOf([[entry(1)], [{ ...entry(2), payload: copied }]], false);
  const found = await openDamaged(disk, FIRST, (bytes) => {
    bytes[FIRST_BATCH + BATCH_ALIGNMENT + BATCH_HEADER_BYTES + 3] ^= 1;
  });
  expect(found).toMatchObject({ lastIndex: 1 });
});

async function threeSegments(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  for (let index = 1; index <= 14; index++) {
    const hardState = { term: 1, vote: '', commit: 0 };
    const entries = [entry(index, 10_000)];
    log.persist({ seq: index, hardState, restart: null, truncateFrom: null, entries });
    await settle();
  }
  expect(log.statistics.segments).toBe(3);
  return disk.clone();
}

test('damage in a sealed segment is corruption, also in its last batch', async () => {
  const disk = await threeSegments();
  const first = disk.bytes(FIRST);
  let end = first.length;
  while (first[end - 1] === 0) end--;
  for (const at of [FIRST_BATCH + 5, FIRST_BATCH + 9000, end - 9000, end - 10_090]) {
    const found = await openDamaged(disk, FIRST, (bytes) => {
      bytes[at] ^= 4;
    });
    expect(found, `byte ${at}`).toMatchObject({ code: 'LOG_CORRUPT', file: FIRST });
  }
});

test('the first batch of the last segment is torn: the log ends with the segment before it', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  let index = 0;
  while (log.statistics.segments < 2) {
    index++;
    const hardState = { term: 1, vote: '', commit: 0 };
    const entries = [entry(index, 10_000)];
    log.persist({ seq: index, hardState, restart: null, truncateFrom: null, entries });
    await settle();
  }
  const second = segmentPath(DIRECTORY, 2);
  const record = await openDamaged(disk, second, (bytes) =>
    bytes.fill(0, SEGMENT_HEADER_BYTES + 600),
  );
  expect(record).toMatchObject({ lastIndex: index - 1 });
  const header = await openDamaged(disk, second, (bytes) => bytes.fill(0, SEGMENT_HEADER_BYTES));
  expect(header).toMatchObject({ lastIndex: index - 1, cutBytes: 0 });
  // and the segment before it is sealed only if the header of the torn batch says so
  const damageFirst = (disk: SimulatedDisk): SimulatedDisk => {
    const bytes = disk.bytes(FIRST);
    let end = bytes.length;
    while (bytes[end - 1] === 0) end--;
    bytes[end - 1] ^= 1;
    return disk;
  };
  const sealed = await openDamaged(damageFirst(disk.clone()), second, (bytes) =>
    bytes.fill(0, SEGMENT_HEADER_BYTES + 600),
  );
  expect(sealed).toMatchObject({ code: 'LOG_CORRUPT', file: FIRST });
  const unsealed = await openDamaged(damageFirst(disk.clone()), second, (bytes) =>
    bytes.fill(0, SEGMENT_HEADER_BYTES),
  );
  expect(unsealed).toMatchObject({ lastIndex: index - 2 });
});

test('a segment that is missing, renamed, cut short or with a damaged header is corruption', async () => {
  const disk = await threeSegments();
  const second = segmentPath(DIRECTORY, 2);
  const expectCorrupt = (change: (copy: SimulatedDisk) => void, file: string): void => {
    const copy = disk.clone();
    change(copy);
    expect(() => open(copy)).toThrow(LogCorruptionError);
    expect(() => open(copy)).toThrow(file);
  };
  expectCorrupt((copy) => copy.remove(second), second);
  expectCorrupt((copy) => {
    copy.bytes(second).set(copy.bytes(segmentPath(DIRECTORY, 3)));
  }, second);
  expectCorrupt((copy) => copy.remove(path.join(DIRECTORY, 'state')), 'state');
  expectCorrupt((copy) => {
    for (const name of copy.list(DIRECTORY)) {
      if (name.startsWith('segment')) copy.remove(path.join(DIRECTORY, name));
    }
  }, 'segment');
  for (const at of [0, 5, 12, 17, 21, 25, 33, 100, 4095]) {
    expectCorrupt((copy) => (copy.bytes(second)[at] ^= 1), second);
  }
  const shorter = disk.clone();
  const bytes = shorter.bytes(second).slice(0, -4096);
  shorter.write(shorter.create(second), bytes, bytes.length, 0);
  expect(() => open(shorter)).toThrow('should have');
});

test('another format version is refused by name, in a segment and in the hard state', async () => {
  for (const file of [FIRST, path.join(DIRECTORY, 'state')]) {
    for (const found of [1, 3]) {
      const disk = await logOf([[entry(1)]], true);
      disk.bytes(file)[8] = found;
      expect(() => open(disk)).toThrow(
        expect.objectContaining({ code: 'LOG_VERSION', found, supported: 2, file }),
      );
    }
  }
});

test('term and vote survive damage of either slot; without both the log is not opened', async () => {
  const disk = await logOf([[entry(1)]], true);
  const state = path.join(DIRECTORY, 'state');
  for (let at = 0; at < 512; at += at < 64 ? 1 : 37) {
    for (const slot of [0, 4096]) {
      // the version has a meaning of its own, and the padding after it none
      if (at >= 8 && at < 12) continue;
      const found = await openDamaged(disk, state, (bytes) => {
        bytes[slot + at] ^= 1;
      });
      expect(found).toMatchObject({ hardState: { term: 1, vote: 'a' } });
    }
    if (at >= 8 && at < 12) continue;
    const both = await openDamaged(disk, state, (bytes) => {
      bytes[at] ^= 1;
      bytes[4096 + at] ^= 1;
    });
    expect(both, `byte ${at}`).toMatchObject({ code: 'LOG_CORRUPT', file: state });
  }
});

test('hard state older than the log is corruption', async () => {
  const disk = await logOf([[entry(1)]], true);
  const fresh = new SimulatedDisk();
  open(fresh);
  const state = path.join(DIRECTORY, 'state');
  disk.bytes(state).set(fresh.bytes(state));
  expect(() => open(disk)).toThrow('older than the log');
});

test('F13: damage of the last batch is no torn write once a later term or vote is on disk', async () => {
  const disk = await logOf([[entry(1)], [entry(2)]], false);
  const damage = (bytes: Uint8Array): void => {
    bytes[FIRST_BATCH + BATCH_ALIGNMENT + 90] ^= 1;
  };
  expect(await openDamaged(disk, FIRST, damage)).toMatchObject({ lastIndex: 1 });
  const { log } = open(disk);
  const entries = [entry(3)];
  log.persist({ seq: 1, hardState: null, restart: null, truncateFrom: null, entries });
  await settle();
  const hardState = { term: 2, vote: 'b', commit: 3 };
  log.persist({ seq: 2, hardState, restart: null, truncateFrom: null, entries: [] });
  await settle();
  const at = FIRST_BATCH + 3 * BATCH_ALIGNMENT;
  const found = await openDamaged(disk, FIRST, (bytes) => {
    bytes[at + 90] ^= 1;
  });
  expect(found).toMatchObject({ code: 'LOG_CORRUPT' });
});

test('a read of a record that rotted since it was written throws instead of giving it out', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  const hardState = { term: 1, vote: '', commit: 0 };
  const entries = [entry(1), entry(2, 100)];
  log.persist({ seq: 1, hardState, restart: null, truncateFrom: null, entries });
  await settle();
  disk.bytes(FIRST)[FIRST_BATCH + BATCH_HEADER_BYTES + 48 + 40] ^= 1;
  expect(log.read(1, 2, 1000)).toEqual([entry(1)]);
  expect(() => log.read(1, 3, 1000)).toThrow(LogCorruptionError);
});

test('segments that were dropped from the head leave a log that starts later', async () => {
  const disk = await threeSegments();
  disk.remove(FIRST);
  const { log, recovered } = open(disk);
  expect(recovered.firstIndex).toBeGreaterThan(4);
  expect(recovered).toMatchObject({
    lastIndex: 14,
    terms: [{ from: recovered.firstIndex, term: 1 }],
  });
  expect(log.read(recovered.firstIndex, 15, 1e6)).toHaveLength(15 - recovered.firstIndex);
  expect(log.read(1, 15, 1e6)).toEqual([]);
});

test('a temporary file is removed', async () => {
  const disk = await logOf([[entry(1)]], true);
  disk.create(`${segmentPath(DIRECTORY, 3)}.tmp`);
  open(disk);
  expect(disk.list(DIRECTORY)).not.toContain('segment-000000000003.tmp');
});
