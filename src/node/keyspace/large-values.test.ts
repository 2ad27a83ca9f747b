import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Collector } from './testing/collector.ts';
import { Driver } from './testing/driver.ts';
import { RandomChanges } from './testing/random-changes.ts';

const TYPES = ['string', 'hash', 'list', 'set', 'zset'] as const;

/** Makes the key a large value of this type. */
function makeLarge(driver: Driver, key: string, type: (typeof TYPES)[number], size: number): void {
  driver.delete(key);
  if (type === 'string') driver.set(key, 'xy'.repeat(size * 200));
  for (let i = 0; i < size; i++) {
    if (type === 'hash') driver.hashSet(key, `e${i}`, `value ${i}`);
    else if (type === 'list') driver.push(key, i % 3 === 0, `e${i % 50}`);
    else if (type === 'set') driver.setAdd(key, `e${i}`);
    else if (type === 'zset') driver.sortedSetAdd(key, i % 20, `e${i}`);
  }
}

for (const [seed, keys, committing] of [
  [1, 5, true],
  [2, 5, false],
  [3, 10, true],
  [4, 40, true],
] as const) {
  test(`large values are handed out as they were, whatever happens to them (seed ${seed})`, () => {
    const random = new Prng(seed);
    const driver = new Driver('primary');
    const { keyspace } = driver;
    if (!committing) keyspace.recording = false;
    const changes = new RandomChanges(driver, random, { keys, elements: 500, drops: keys > 5 });
    let index = 1;
    const commit = (): void => {
      if (!committing) return;
      driver.takeEffects();
      keyspace.openIndex = ++index;
      keyspace.committed(index - 1);
    };
    for (let round = 0; round < 25; round++) {
      for (let i = 0; i < keys; i++) {
        if (random.chance(0.7)) {
          makeLarge(driver, `k${i}`, TYPES[random.below(5)], 65 + random.below(300));
        }
      }
      changes.adopt();
      const expected = driver.describeAll();
      const collector = new Collector();
      keyspace.walk.begin(collector);
      const abandonedAt = random.chance(0.3) ? random.below(400) : -1;
      const steps = 1 + random.below(40);
      for (let step = 0; keyspace.walk.active; step++) {
        if (step === abandonedAt) keyspace.walk.abandon();
        else keyspace.walk.step(1 + random.below(steps));
        for (let i = random.below(8); i > 0; i--) changes.change();
        if (random.chance(0.1)) changes.expireAll();
        if (random.chance(0.3)) commit();
        if (random.chance(0.5)) keyspace.freeSlice(30);
        if (random.chance(0.2)) keyspace.compactSlice(50);
      }
      const { seen } = collector;
      const all = [...expected].filter(([key]) => abandonedAt < 0 || seen.has(key));
      expect({ round, seen }).toEqual({ round, seen: new Map(all) });
    }
    keyspace.flushAll();
    commit();
    while (keyspace.freeSlice(1000));
    expect([keyspace.size, keyspace.memoryBytes]).toEqual([0, 0]);
  });
}

test('a change to a large value hands out no more than a few elements of it', () => {
  const driver = new Driver('replica');
  const { keyspace } = driver;
  const random = new Prng(6);
  const size = 5000;
  for (const type of TYPES) makeLarge(driver, type, type, size);
  const expected = driver.describeAll();
  const collector = new Collector();
  keyspace.walk.begin(collector);
  let most = 0;
  const change = (what: () => void): void => {
    const before = collector.parts;
    what();
    most = Math.max(most, collector.parts - before);
  };
  for (let i = 0; i < 300; i++) {
    const any = random.below(size);
    change(() => driver.overwrite('string', random.below(1_000_000), 'abc'));
    change(() => driver.hashSet('hash', `e${any}`, 'new'));
    change(() => driver.hashDelete('hash', `e${any + 1}`));
    change(() => driver.setRemove('set', `e${any}`));
    change(() => driver.setAdd('set', `new ${any}`));
    change(() => driver.sortedSetAdd('zset', any, `e${any}`));
    change(() => driver.sortedSetRemove('zset', `e${any + 1}`));
    change(() => driver.push('list', any % 2 === 0, 'new'));
    change(() => driver.pop('list', any % 3 === 0));
    change(() => driver.replace('list', random.below(4000), 'new'));
    change(() => driver.insert('list', random.below(4000), 'new'));
    change(() => driver.removeRange('list', random.below(4000), 2));
    change(() => driver.removeEqual('list', `e${any % 50}`, 1, any % 2 === 0));
    if (i % 10 === 0) change(() => driver.overwrite('string', 2_000_000 + i * 3000, 'at the end'));
    if (i % 10 === 0) change(() => keyspace.walk.step(10));
  }
  expect(most).toBeLessThan(130);
  for (const type of TYPES) change(() => driver.delete(type));
  expect(most).toBeLessThan(130);
  const held = keyspace.memoryBytes;
  while (keyspace.freeSlice(1000));
  expect(keyspace.memoryBytes).toBe(held);
  const step = (): void => {
    keyspace.walk.step(50);
  };
  while (keyspace.walk.active) change(step);
  expect(most).toBeLessThan(130);
  expect(collector.seen).toEqual(expected);
  while (keyspace.freeSlice(1000));
  expect(keyspace.memoryBytes).toBe(0);
});

test('a walk that was abandoned in a large value leaves it so that the next one hands it out', () => {
  const driver = new Driver('replica');
  const { keyspace } = driver;
  for (const type of TYPES) makeLarge(driver, type, type, 1000);
  for (let round = 0; round < 20; round++) {
    const abandoned = new Collector();
    keyspace.walk.begin(abandoned);
    keyspace.walk.step(100 + round * 150);
    for (const type of TYPES) {
      driver.hashSet('hash', `new ${type} ${round}`, 'v');
      driver.setRemove('set', `e${round}`);
    }
    keyspace.walk.abandon();
    const { parts } = abandoned;
    if (round % 2 === 0) while (keyspace.freeSlice(100));
    if (round % 5 === 0) driver.delete(TYPES[round / 5]);
    if (round % 5 === 1) makeLarge(driver, TYPES[(round - 1) / 5], TYPES[(round - 1) / 5], 1000);
    const expected = driver.describeAll();
    const collector = new Collector();
    keyspace.walk.begin(collector);
    while (!keyspace.walk.step(500));
    expect({ round, seen: collector.seen }).toEqual({ round, seen: expected });
    expect(abandoned.parts).toBe(parts);
  }
});

/** What a walk hands out, with this done after each step. */
function walked(driver: Driver, most: number, meanwhile: () => void = () => undefined): unknown {
  const collector = new Collector();
  driver.keyspace.walk.begin(collector);
  while (!driver.keyspace.walk.step(most)) meanwhile();
  return collector.seen;
}

test('a large string that is set anew, in place or not, is handed out as it was', () => {
  const driver = new Driver('replica');
  for (const length of [100_000, 100_001, 99_990, 90_000, 200_000, 3]) {
    driver.set('k', 'a'.repeat(100_000));
    const expected = driver.describeAll();
    const seen = walked(driver, 40, () => driver.set('k', 'b'.repeat(length)));
    expect({ length, seen }).toEqual({ length, seen: expected });
    expect(driver.get('k')).toBe('b'.repeat(length));
  }
});

test('a large string that grows, and moves for it, is handed out as it was', () => {
  const driver = new Driver('replica');
  for (let round = 0; round < 5; round++) {
    driver.delete('filler');
    driver.set('k', 'a'.repeat(100_000));
    const expected = driver.describeAll();
    let length = 100_000;
    const seen = walked(driver, 40, () => {
      length = driver.overwrite('k', length, 'b'.repeat(20_000));
      if (length > 150_000) driver.set('filler', 'c'.repeat(100_000));
    });
    expect(seen).toEqual(expected);
  }
});

test('copies of large values, and those that grow and shrink between walks, are handed out whole', () => {
  const driver = new Driver('replica');
  for (const type of TYPES) makeLarge(driver, type, type, 200);
  for (let round = 0; round < 3; round++) {
    expect(walked(driver, 100)).toEqual(driver.describeAll());
    for (const type of TYPES) driver.copy(type, `copy ${round} of ${type}`);
    expect(walked(driver, 100)).toEqual(driver.describeAll());
    for (let i = 200; i < 5000; i++) {
      driver.hashSet('hash', `e${i}`, 'v'.repeat(i % 30));
      driver.setAdd('set', `e${i}`);
      driver.sortedSetAdd('zset', 1, `e${i}`);
    }
    expect(walked(driver, 1000)).toEqual(driver.describeAll());
    for (let i = 200; i < 5000; i++) {
      driver.hashDelete('hash', `e${i}`);
      driver.setRemove('set', `e${i}`);
      driver.sortedSetRemove('zset', `e${i}`);
    }
  }
});

test('what an abandoned walk has begun with goes when everything goes', () => {
  const driver = new Driver('replica');
  const { keyspace } = driver;
  for (const type of TYPES) makeLarge(driver, type, type, 1000);
  for (let steps = 1; steps < 15; steps++) {
    keyspace.walk.begin(new Collector());
    for (let i = 0; i < steps; i++) keyspace.walk.step(300);
    keyspace.walk.abandon();
    keyspace.flushAll();
    for (let i = 0; i < 100; i++) keyspace.freeSlice(10);
    expect(keyspace.memoryBytes).toBe(0);
    for (const type of TYPES) makeLarge(driver, type, type, 1000);
    expect(walked(driver, 100)).toEqual(driver.describeAll());
  }
});

test('compaction may go on while large values are handed out', () => {
  const driver = new Driver('replica');
  const { keyspace } = driver;
  const random = new Prng(12);
  const text = 'v'.repeat(90_000);
  for (let i = 0; i < 1500; i++) {
    driver.set(`string ${i}`, `${i} ${text.slice(0, 17_000 + random.below(60_000))}`);
    for (let e = 0; e < 70; e++) driver.hashSet(`hash ${i}`, `e${e}`, text.slice(0, 100));
    for (let e = 0; e < 20; e++) driver.push(`list ${i}`, true, text.slice(0, 1000));
  }
  for (let i = 0; i < 1500; i++) {
    if (i % 15 === 0) continue;
    for (const type of ['string', 'hash', 'list']) driver.delete(`${type} ${i}`);
  }
  while (keyspace.freeSlice(1000));
  const expected = driver.describeAll();
  const collector = new Collector();
  keyspace.walk.begin(collector);
  for (let i = 0; i < 1500; i += 15) {
    driver.overwrite(`string ${i}`, 0, 'changed');
    driver.hashSet(`hash ${i}`, 'e1', 'changed');
    driver.push(`list ${i}`, true, 'changed');
  }
  const changed = driver.describeAll();
  let compacted = 0;
  while (keyspace.compactSlice(200)) compacted++;
  expect(compacted).toBeGreaterThan(10);
  // what was given up is used again
  for (let i = 0; i < 200; i++) {
    driver.set(`filler ${i}`, text.slice(0, 17_000 + random.below(60_000)));
    driver.hashSet(`filler hash ${i}`, 'e', text.slice(0, 300));
    for (let e = 0; e < 20; e++) driver.push(`filler list ${i}`, true, text.slice(0, 1000));
  }
  while (!keyspace.walk.step(1000));
  expect(collector.seen).toEqual(expected);
  const now = driver.describeAll();
  expect(new Map([...now].filter(([key]) => changed.has(key)))).toEqual(changed);
});
