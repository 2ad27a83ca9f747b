import { expect, test } from 'vitest';
import { latin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { Driver } from '#node/keyspace/testing/driver.ts';
import { RandomChanges } from '#node/keyspace/testing/random-changes.ts';
import { xxh32 } from './checksum.ts';
import { SnapshotReader } from './reader.ts';
import { FileMaker, fileOf, HEAD, load } from './testing/file.ts';

for (const [seed, keys, elements] of [
  [1, 6, 8],
  [2, 60, 300],
  [3, 1500, 20],
  [4, 5, 3000],
]) {
  test(`a file has what was there when the walk began, whatever happened meanwhile (seed ${seed})`, () => {
    const random = new Prng(seed);
    const driver = new Driver('primary');
    const { keyspace } = driver;
    const changes = new RandomChanges(driver, random, { keys, elements, drops: keys > 5 });
    let index = 1;
    for (let round = 0; round < 20; round++) {
      for (let i = random.below(keys * 2) + random.below(elements); i > 0; i--) changes.change();
      const expected = driver.describeAll();
      const digest = keyspace.digest();
      const maker = new FileMaker();
      const { writer } = maker;
      writer.begin(keyspace);
      const abandoned = random.chance(0.2) ? random.below(10) : -1;
      for (let step = 0; !writer.step(1 + random.below(8)) && !writer.abandoned; step++) {
        if (step === abandoned) writer.abandon();
        for (let i = random.below(10); i > 0; i--) changes.change();
        if (random.chance(0.2)) changes.expireAll();
        if (random.chance(0.2)) {
          driver.takeEffects();
          keyspace.openIndex = ++index;
          keyspace.committed(index - 1);
        }
        keyspace.freeSlice(5);
        keyspace.compactSlice(5);
      }
      const file = maker.bytes;
      expect({ round, whole: isWhole(file) }).toEqual({ round, whole: !writer.abandoned });
      if (writer.abandoned) continue;
      const loaded = load(file);
      const replica = loaded.driver;
      expect({ round, digest: writer.digest }).toEqual({ round, digest });
      expect({ round, digest: loaded.digest }).toEqual({ round, digest });
      expect({ round, digest: replica.keyspace.digest() }).toEqual({ round, digest });
      expect({ round, all: replica.describeAll() }).toEqual({ round, all: expected });
      expect(loaded.records).toBe(expected.size);
    }
  });
}

function isWhole(file: Uint8Array): boolean {
  const reader = new SnapshotReader(null);
  reader.push(file);
  try {
    reader.end();
    return true;
  } catch {
    return false;
  }
}

test('a file is never ended when the keyspace has ended the walk by itself', () => {
  for (const end of ['undo', 'clear', 'undo, and another walk'] as const) {
    const driver = new Driver('primary');
    const { keyspace } = driver;
    for (let i = 0; i < 100; i++) driver.set(`k${i}`, 'v');
    keyspace.openIndex = 2;
    keyspace.committed(1);
    driver.set('k', 'not committed');
    const maker = new FileMaker();
    maker.writer.begin(keyspace);
    maker.writer.step(10);
    if (end === 'clear') keyspace.clear();
    else keyspace.undo(1);
    const other = new FileMaker();
    if (end === 'undo, and another walk') other.writer.begin(keyspace);
    for (let i = 0; i < 100; i++) expect(maker.writer.step(100)).toBe(false);
    expect(maker.writer.abandoned).toBe(true);
    maker.writer.abandon();
    expect(isWhole(maker.bytes)).toBe(false);
    if (end !== 'undo, and another walk') other.writer.begin(keyspace);
    while (!other.writer.step(100));
    expect(load(other.bytes).digest).toBe(keyspace.digest());
  }
});

test('a loaded keyspace goes on as the one it came from would', () => {
  const primary = new Driver('primary');
  const changes = new RandomChanges(primary, new Prng(11), {
    keys: 200,
    elements: 200,
    drops: true,
  });
  for (let i = 0; i < 5000; i++) changes.change();
  primary.takeEffects();
  const { driver: replica } = load(fileOf(primary.keyspace));
  for (let i = 0; i < 5000; i++) changes.change();
  const effects = primary.takeEffects();
  replica.keyspace.apply(effects, 0, effects.length);
  expect(replica.describeAll()).toEqual(primary.describeAll());
  expect(replica.keyspace.digest()).toBe(primary.keyspace.digest());
  expect(replica.keyspace.expiringCount).toBe(primary.keyspace.expiringCount);
  const { driver: again } = load(fileOf(replica.keyspace));
  expect(again.describeAll()).toEqual(primary.describeAll());
});

test('expiry, last access and the names of encodings come back', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  keyspace.nowMs = 1_764_000_000_000;
  driver.set('int', '12', 1_764_000_100_001);
  driver.set('embstr', 'abc');
  driver.overwrite('raw', 1, 'abc');
  for (const [key, count] of [
    ['small', 3],
    ['large', 600],
  ] as const) {
    for (let i = 0; i < count; i++) {
      driver.hashSet(`${key} hash`, `f${i}`, 'v');
      driver.setAdd(`${key} set`, `m${i}`);
      driver.setAdd(`${key} intset`, `${i}`);
      driver.sortedSetAdd(`${key} zset`, i, `m${i}`);
      driver.push(`${key} list`, true, `e${i}`.padEnd(100, 'x'));
    }
  }
  const file = fileOf(keyspace);
  keyspace.nowMs += 50_000;
  const { driver: loaded } = load(file);
  loaded.keyspace.nowMs = keyspace.nowMs;
  const expected = facts(driver);
  expect(expected.get('raw')).toEqual(['raw', 1_764_000_000, 0]);
  expect(facts(loaded)).toEqual(expected);
});

/** Of each key, without an access: encoding, last access, expiry. */
function facts(driver: Driver): Map<string, unknown> {
  const { keyspace } = driver;
  const names: string[] = [];
  keyspace.forEachKey((bytes, start, end) => {
    names.push(latin1(bytes, start, end));
  });
  return new Map(
    names.map((name) => {
      const encoding = driver.encodingOf(name);
      return [name, [encoding, keyspace.accessedAtSeconds, keyspace.expiresAtMs]];
    }),
  );
}

test('binary, empty and huge keys and values, and every score, come back', () => {
  const driver = new Driver('primary');
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  const sizes = [0, 1, 15, 16, 17, 255, 256, 16_383, 16_384, 16_385, 70_000, 1_000_000];
  for (const size of sizes) {
    const text = all.repeat(Math.ceil(size / 256)).slice(0, size);
    driver.set(`string ${size}`, text);
    driver.set(text, `key ${size}`);
    driver.hashSet('hash', text, `value ${size}`);
    driver.hashSet('hash', `field ${size}`, text);
    driver.hashSet('both', text, text);
    driver.setAdd('set', text);
    driver.push('list', true, text);
    driver.sortedSetAdd('zset', size, text);
    driver.hashSet(`${text}h`, text, text);
  }
  const scores = [0, -0, Infinity, -Infinity, 1, -1, 2 ** 53, 0.1, 5e-324, 1.7e308, 3];
  scores.forEach((score, i) => driver.sortedSetAdd('scores', score, `m${i}`));
  const file = fileOf(driver.keyspace);
  const { driver: loaded, digest } = load(file);
  expect(loaded.describeAll()).toEqual(driver.describeAll());
  expect(digest).toBe(driver.keyspace.digest());
  expect(loaded.keyspace.digest()).toBe(digest);
});

test('what is loaded takes no more memory than what it came from', () => {
  const driver = new Driver('primary');
  const random = new Prng(3);
  for (let i = 0; i < 30_000; i++) {
    driver.set(`string ${i}`, 'v'.repeat(random.below(200)));
    driver.hashSet(`hash ${i % 1000}`, `f${i}`, 'value');
    driver.setAdd('set', `m${i}`);
    driver.sortedSetAdd('zset', random.below(1000), `m${i}`);
    driver.push('list', false, `e${i}`);
  }
  const { keyspace } = driver;
  keyspace.openIndex = 2;
  keyspace.committed(1);
  const { driver: loaded } = load(fileOf(keyspace));
  expect(loaded.keyspace.memoryBytes).toBeLessThan(keyspace.memoryBytes * 1.05);
});

test('the file of an empty keyspace is whole', () => {
  const file = fileOf(new Driver('primary').keyspace);
  const reader = new SnapshotReader(null);
  reader.push(file);
  expect(reader.head).toEqual(HEAD);
  expect(reader.end()).toEqual({ records: 0, digest: '0'.repeat(32) });
});

test('the bytes for given content never change, but with the format version', () => {
  const driver = new Driver('replica');
  driver.set('s', 'value', 2_000_000);
  driver.set('long', 'xyz'.repeat(10_000));
  for (let i = 0; i < 3; i++) {
    driver.hashSet('h', `f${i}`, 'v');
    driver.setAdd('set', `m${i}`);
    driver.sortedSetAdd('z', i / 2, `m${i}`);
  }
  for (let i = 0; i < 5000; i++) driver.push('l', false, `e${i}`);
  driver.hashSet('h2', 'f'.repeat(20_000), 'v');
  const file = fileOf(driver.keyspace);
  const sum = xxh32(new DataView(file.buffer), 0, file.length, 0);
  expect([file.length, sum]).toEqual([79_244, 2_186_513_884]);
});
