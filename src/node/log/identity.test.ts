import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { openIdentity } from './identity.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const DIRECTORY = '/data';

interface TestRecord {
  readonly clusterId: string;
  readonly voters: readonly { readonly name: string; readonly peerPort: number }[];
}

const RECORD: TestRecord = { clusterId: 'c-1', voters: [{ name: 'a', peerPort: 1 }] };
const file = (name: string): string => path.join(DIRECTORY, name);

test('an empty disk gets a memberId, which it keeps', () => {
  const disk = new SimulatedDisk();
  const first = openIdentity(DIRECTORY, disk);
  expect(first.memberId).toMatch(/^[0-9a-f]{16}$/);
  expect(first).toMatchObject({ everFormed: false, record: null, peers: [], peersError: null });
  first.close();
  const again = openIdentity(DIRECTORY, disk.powerCut(new Prng(1)));
  expect(again.memberId).toBe(first.memberId);
  expect(openIdentity(DIRECTORY, new SimulatedDisk()).memberId).not.toBe(first.memberId);
});

test('a bootstrap record is kept for life; the same one again is fine, another is refused', () => {
  const disk = new SimulatedDisk();
  const first = openIdentity<TestRecord>(DIRECTORY, disk);
  expect(first.form(RECORD)).toBe('formed');
  expect(first.form({ voters: [{ peerPort: 1, name: 'a' }], clusterId: 'c-1' })).toBe('same');
  expect(first.form({ ...RECORD, clusterId: 'c-2' })).toBe('different');
  expect(first.everFormed).toBe(true);
  const again = openIdentity<TestRecord>(DIRECTORY, disk.powerCut(new Prng(1)));
  expect(again.record).toEqual(RECORD);
  expect(again.everFormed).toBe(true);
  expect(again.form({ ...RECORD, clusterId: 'c-2' })).toBe('different');
  expect(again.record).toEqual(RECORD);
});

test('a memberId that is given up never comes back, and its log and record are set aside', () => {
  const disk = new SimulatedDisk();
  const first = openIdentity<TestRecord>(DIRECTORY, disk);
  first.form(RECORD);
  disk.create(file('log'));
  first.setAside();
  first.close();
  const again = openIdentity<TestRecord>(DIRECTORY, disk);
  expect(again.memberId).not.toBe(first.memberId);
  expect(again).toMatchObject({ everFormed: true, record: null });
  expect(disk.list(DIRECTORY)).toEqual(['identity.json']);
  const aside = file(`removed-${first.memberId}`);
  expect(disk.list(aside).toSorted()).toEqual(['bootstrap.json', 'log']);
  // it is an empty disk now, and may join again
  expect(again.form(RECORD)).toBe('formed');
  again.close();
  expect(openIdentity<TestRecord>(DIRECTORY, disk)).toMatchObject({
    memberId: again.memberId,
    record: RECORD,
  });
});

test('a power cut while a memberId is given up leaves the old member whole or the new one empty', () => {
  let finishedLater = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Prng(seed);
    let disk = new SimulatedDisk();
    const identity = openIdentity<TestRecord>(DIRECTORY, disk);
    identity.form(RECORD);
    disk.create(file('log'));
    disk.syncDirectory();
    disk.syncsLeft = random.below(8);
    let given = false;
    try {
      identity.setAside();
      given = true;
      identity.close();
      openIdentity<TestRecord>(DIRECTORY, disk).close();
    } catch {
      if (given) finishedLater++;
    }
    disk = disk.powerCut(random);
    const after = openIdentity<TestRecord>(DIRECTORY, disk);
    const old = after.memberId === identity.memberId;
    expect(old && given, `seed ${seed}`).toBe(false);
    expect(after.record === null, `seed ${seed}`).toBe(!old);
    expect(disk.list(DIRECTORY).includes('log'), `seed ${seed}`).toBe(old);
  }
  expect(finishedLater).toBeGreaterThan(50);
});

test('hints are kept, and damaged ones are dropped with the reason', () => {
  const disk = new SimulatedDisk();
  const first = openIdentity<object, { host: string }>(DIRECTORY, disk);
  first.keepPeers([{ host: 'a' }]);
  first.keepPeers([{ host: 'b' }]);
  first.close();
  const again = openIdentity<object, { host: string }>(DIRECTORY, disk);
  expect(again.peers).toEqual([{ host: 'b' }]);
  again.close();
  disk.bytes(file('peers.json'))[40] ^= 1;
  const damaged = openIdentity(DIRECTORY, disk);
  expect(damaged).toMatchObject({ peers: [], peersError: { code: 'IDENTITY_CORRUPT' } });
  damaged.keepPeers([{ host: 'c' }]);
  damaged.close();
  expect(openIdentity(DIRECTORY, disk)).toMatchObject({ peers: [{ host: 'c' }], peersError: null });
});

test('a change of any byte of identity or record is refused, naming the file', () => {
  const disk = new SimulatedDisk();
  openIdentity<TestRecord>(DIRECTORY, disk).form(RECORD);
  for (const name of ['identity.json', 'bootstrap.json']) {
    const { length } = disk.bytes(file(name));
    for (let at = 0; at < length; at++) {
      const copy = disk.clone();
      const bytes = copy.bytes(file(name));
      // layout between values may change; every other byte counts
      if (bytes[at] === 0x20 || bytes[at] === 0x0a) continue;
      bytes[at] ^= 1;
      const code = expect.stringMatching(/^(IDENTITY_CORRUPT|LOG_VERSION)$/);
      const expected = expect.objectContaining({ code, file: file(name) });
      expect(() => openIdentity(DIRECTORY, copy), `${name} byte ${at}`).toThrow(expected);
    }
  }
});

test('a disk that lost its identity alone is not taken for an empty one', () => {
  for (const trace of ['bootstrap.json', 'log', 'state']) {
    const disk = new SimulatedDisk();
    disk.create(file(trace));
    expect(() => openIdentity(DIRECTORY, disk)).toThrow(
      expect.objectContaining({ code: 'IDENTITY_CORRUPT', file: file('identity.json') }),
    );
  }
});

test('a power cut at any moment leaves the old state or the new one', () => {
  let cuts = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Prng(seed);
    const disk = new SimulatedDisk();
    const identity = openIdentity<TestRecord>(DIRECTORY, disk);
    disk.syncsLeft = random.below(4);
    let done = 0;
    try {
      identity.form(RECORD);
      done++;
    } catch {
      cuts++;
    }
    const after = openIdentity<TestRecord>(DIRECTORY, disk.powerCut(random));
    expect(after.memberId, `seed ${seed}`).toBe(identity.memberId);
    expect(done > 0 && after.record === null, `seed ${seed}`).toBe(false);
    expect([null, RECORD], `seed ${seed}`).toContainEqual(after.record);
  }
  expect(cuts).toBeGreaterThan(100);
});

test('two processes never share a data directory', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-identity-'));
  try {
    const first = openIdentity(path.join(directory, 'new', 'data'));
    expect(() => openIdentity(path.join(directory, 'new', 'data'))).toThrow(
      expect.objectContaining({ code: 'LOG_LOCKED' }),
    );
    first.close();
    const again = openIdentity(path.join(directory, 'new', 'data'));
    expect(again.memberId).toBe(first.memberId);
    again.close();
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
