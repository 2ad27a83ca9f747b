import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { Log } from './log.ts';
import { openLog } from './open.ts';
import type { LogOptions, RecoveredLog } from './options.ts';
import { SimulatedDisk, systemError } from './simulated-disk.ts';

const DIRECTORY = '/log';
const SEGMENT_BYTES = 64 * 1024;
const PAYLOAD_BYTES = 10_000;

interface Opened {
  log: Log;
  recovered: RecoveredLog;
  persisted: number[];
  failures: Error[];
}

function open(disk: SimulatedDisk, options: Partial<LogOptions> = {}): Opened {
  const persisted: number[] = [];
  const failures: Error[] = [];
  const opened = openLog({
    directory: DIRECTORY,
    files: disk,
    segmentBytes: SEGMENT_BYTES,
    reserveBytes: 0,
    idleMarkMs: 0,
    onPersisted: (seq) => persisted.push(seq),
    onFailed: (error) => failures.push(error),
    ...options,
  });
  return { ...opened, persisted, failures };
}

function entry(index: number, term = 1, payloadBytes = PAYLOAD_BYTES): Entry {
  return { index, term, kind: 2, payload: new Uint8Array(payloadBytes).fill(index) };
}

function request(seq: number, entries: Entry[], rest: Partial<Persist> = {}): Persist {
  return { seq, hardState: null, restart: null, truncateFrom: null, entries, ...rest };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Appends entries [from, to] of `term`, a request and a batch each. */
async function append(log: Log, from: number, to: number, term = 1): Promise<void> {
  for (let index = from; index <= to; index++) {
    const hardState = { term, vote: '', commit: 0 };
    log.persist(request(index, [entry(index, term)], { hardState }));
    await settle();
  }
}

function segmentsOf(disk: SimulatedDisk): string[] {
  return disk
    .list(DIRECTORY)
    .filter((name) => name.startsWith('segment') || name.startsWith('spare'))
    .sort();
}

test('whole segments below the index go, what is left is read back, also after opening again', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  await append(log, 1, 14, 1);
  await append(log, 15, 30, 2);
  const segments = log.statistics.segments;
  log.dropBefore(1);
  expect(log.statistics.segments).toBe(segments);
  log.dropBefore(20);
  const { firstIndex } = log;
  expect(firstIndex).toBeGreaterThan(14);
  expect(firstIndex).toBeLessThanOrEqual(20);
  expect(log.statistics.segments).toBeLessThan(segments);
  const rest = Array.from({ length: 31 - firstIndex }, (_, i) => entry(firstIndex + i, 2));
  expect(log.read(firstIndex, 100, 1e6)).toEqual(rest);
  expect(log.read(firstIndex - 1, 100, 1e6)).toEqual([]);
  await append(log, 31, 33, 2);
  await log.close();
  const again = open(disk);
  expect(again.recovered).toMatchObject({
    firstIndex,
    lastIndex: 33,
    termBefore: firstIndex === 15 ? 1 : 2,
    terms: [{ from: firstIndex, term: 2 }],
  });
  expect(again.log.read(firstIndex, 31, 1e6)).toEqual(rest);
});

test('the segment that is appended to stays, also when no entry in it is needed', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  await append(log, 1, 14, 3);
  log.dropBefore(1000);
  expect(log.statistics.segments).toBe(1);
  expect(log.lastIndex).toBe(14);
  const { firstIndex } = log;
  await log.close();
  expect(open(disk).recovered).toMatchObject({
    firstIndex,
    lastIndex: 14,
    termBefore: 3,
    terms: firstIndex === 15 ? [] : [{ from: firstIndex, term: 3 }],
  });
});

test('first index and terms are the same after opening again, whatever was truncated and dropped', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Prng(seed);
    const disk = new SimulatedDisk();
    const { log } = open(disk);
    let term = 1;
    let last = 0;
    let kept = 1;
    for (let seq = 1; seq <= 40; seq++) {
      let truncateFrom: number | null = null;
      if (random.chance(0.3)) {
        term++;
        truncateFrom = kept + random.below(last - kept + 2);
        last = Math.min(last, truncateFrom - 1);
      }
      const entries: Entry[] = [];
      for (let count = random.below(4); count > 0; count--) {
        entries.push(entry(++last, term, random.below(15_000)));
      }
      log.persist(
        request(seq, entries, { truncateFrom, hardState: { term, vote: '', commit: 0 } }),
      );
      await settle();
      if (random.chance(0.2)) {
        kept += random.below(last - kept + 2);
        log.dropBefore(kept);
      }
      expect(log.firstIndex, `seed ${seed}`).toBeLessThanOrEqual(kept);
    }
    await settle();
    const { firstIndex, lastIndex } = log;
    const entries = log.read(firstIndex, lastIndex + 1, 1e9);
    await log.close();
    const { log: second, recovered } = open(disk);
    expect(recovered, `seed ${seed}`).toMatchObject({ firstIndex, lastIndex: last });
    expect(second.read(firstIndex, last + 1, 1e9), `seed ${seed}`).toEqual(entries);
    // and a third opening reads what the second has copied
    await second.close();
    const third = open(disk).recovered;
    expect(third, `seed ${seed}`).toEqual(recovered);
  }
});

test('a truncation below the first batch that is left tells the term before it', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  await append(log, 1, 4, 1);
  await append(log, 5, 14, 2);
  const hardState = { term: 3, vote: '', commit: 0 };
  // entries 5 and above are of no use in any segment; 4 is the last of those that stay
  log.persist(request(15, [], { truncateFrom: 5, hardState }));
  await settle();
  log.dropBefore(5);
  await append(log, 5, 5, 3);
  expect(log.statistics.segments).toBe(1);
  await log.close();
  expect(open(disk).recovered).toMatchObject({
    firstIndex: 5,
    lastIndex: 5,
    termBefore: 1,
    terms: [{ from: 5, term: 3 }],
  });
});

test('segments leave one by one, oldest first, so that a power cut at any step leaves no gap', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  await append(log, 1, 30);
  const { segments } = log.statistics;
  disk.eager = false;
  log.dropBefore(31);
  const { firstIndex } = log;
  const found = new Set<number>();
  for (let more = true; more; ) {
    for (let seed = 0; seed < 20; seed++) {
      const after = disk.clone().powerCut(new Prng(seed));
      const { recovered } = open(after);
      expect(recovered.lastIndex).toBe(30);
      found.add(recovered.firstIndex);
    }
    more = disk.step();
    await settle();
  }
  const last = open(disk.clone()).recovered;
  expect(last.firstIndex).toBe(firstIndex);
  expect(found.size).toBe(segments);
});

test('a dropped segment becomes the next one without being filled, and its old batches never count', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  await append(log, 1, 12);
  await settle();
  const operations: string[] = [];
  disk.fault = (operation) => {
    operations.push(operation);
    return null;
  };
  let last = 12;
  for (let round = 0; round < 12; round++) {
    await append(log, last + 1, last + 6);
    last += 6;
    log.dropBefore(last - 6);
    await settle();
    const expected = [];
    for (let index = log.firstIndex; index <= last; index++) expected.push(entry(index));
    // what a crash at this moment leaves: a tail full of old batches behind the end of the log
    const { recovered, log: other } = open(disk.clone());
    expect(recovered).toMatchObject({ firstIndex: log.firstIndex, lastIndex: last, cutBytes: 0 });
    expect(other.read(log.firstIndex, last + 1, 1e9)).toEqual(expected);
  }
  expect(log.statistics.recycledSegments).toBeGreaterThan(8);
  // a header for each segment that was used again, and a filled one at the start
  expect(operations.filter((name) => name === 'write').length).toBeLessThan(20);
  expect(segmentsOf(disk).length).toBeLessThanOrEqual(6);
  await log.close();
});

test('a torn batch in a recycled segment is cut, and a damaged one below a mark is corruption', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  await append(log, 1, 24);
  log.dropBefore(20);
  await append(log, 25, 44);
  expect(log.statistics.recycledSegments).toBeGreaterThan(1);
  const payload = Buffer.alloc(PAYLOAD_BYTES, 44);
  const placeIn = (name: string): number =>
    Buffer.from(disk.clone().bytes(`${DIRECTORY}/${name}`)).indexOf(payload);
  const name = segmentsOf(disk).find((candidate) => placeIn(candidate) !== -1) ?? '';
  const file = `${DIRECTORY}/${name}`;
  const at = placeIn(name) + 5000;
  const torn = disk.clone();
  torn.bytes(file)[at] ^= 1;
  expect(open(torn).recovered).toMatchObject({ lastIndex: 43 });
  log.idle();
  await settle();
  const damaged = disk.clone();
  damaged.bytes(file)[at] ^= 1;
  expect(() => open(damaged)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT', file }));
});

test('at most two dropped segments wait, also after opening again; one of another length is removed', async () => {
  const disk = new SimulatedDisk();
  const { log } = open(disk);
  await append(log, 1, 60);
  log.dropBefore(60);
  await settle();
  const spares = (from: SimulatedDisk): string[] =>
    segmentsOf(from).filter((name) => name.startsWith('spare'));
  expect(spares(disk)).toHaveLength(2);
  await log.close();
  const again = open(disk.clone());
  await append(again.log, 61, 66);
  expect(again.log.statistics.recycledSegments).toBeGreaterThan(0);
  const other = disk.clone();
  open(other, { segmentBytes: 2 * SEGMENT_BYTES });
  expect(spares(other)).toEqual([]);
});

test('dropping segments on a full disk makes room, and nothing is kept that could be given back', async () => {
  const disk = new SimulatedDisk();
  disk.capacityBytes = 6 * SEGMENT_BYTES;
  const { log, persisted, failures } = open(disk);
  for (let index = 1; index <= 40; index++) {
    const hardState = { term: 1, vote: '', commit: 0 };
    log.persist(request(index, [entry(index)], { hardState }));
    await settle();
  }
  expect(log.full).toBe(true);
  const held = persisted.length;
  expect(held).toBeLessThan(40);
  log.dropBefore(log.lastIndex);
  for (let i = 0; i < 20; i++) await settle();
  expect(persisted.length).toBeGreaterThan(held);
  expect(failures).toEqual([]);
  await log.close();
});

test('a table of open files that is full puts the dropping off; an error of the disk is the end', async () => {
  const disk = new SimulatedDisk();
  const { log, failures } = open(disk);
  await append(log, 1, 30);
  await settle();
  let shortage = true;
  disk.fault = (operation) =>
    shortage && operation === 'syncDirectory' ? systemError('EMFILE', operation) : null;
  log.dropBefore(30);
  await settle();
  expect(segmentsOf(disk).length).toBeGreaterThan(4);
  shortage = false;
  while (segmentsOf(disk).length > 4) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(failures).toEqual([]);
  await append(log, 31, 60);
  disk.fault = (operation) =>
    operation === 'syncDirectory' ? systemError('EIO', operation) : null;
  log.dropBefore(60);
  await settle();
  expect(failures).toMatchObject([{ code: 'EIO' }]);
  disk.fault = null;
  await log.close();
});
