import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Collector } from './testing/collector.ts';
import { Driver } from './testing/driver.ts';
import { RandomChanges } from './testing/random-changes.ts';

for (const [seed, keys, elements] of [
  [1, 6, 8],
  [2, 60, 300],
  [3, 1500, 20],
]) {
  test(`a walk hands out the keyspace as it was when it began, whatever happens (seed ${seed})`, () => {
    const random = new Prng(seed);
    const driver = new Driver('primary');
    const { keyspace } = driver;
    const changes = new RandomChanges(driver, random, { keys, elements, drops: true });
    let index = 1;
    for (let round = 0; round < 40; round++) {
      for (let i = random.below(keys * 2); i > 0; i--) changes.change();
      const expected = driver.describeAll();
      const collector = new Collector();
      const abandoned = random.chance(0.3) ? random.below(10) : -1;
      keyspace.walk.begin(collector);
      for (let step = 0; keyspace.walk.active; step++) {
        if (step === abandoned) keyspace.walk.abandon();
        else keyspace.walk.step(1 + random.below(8));
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
      // an abandoned one has handed out some of it
      const { seen } = collector;
      const all = [...expected].filter(([key]) => abandoned < 0 || seen.has(key));
      expect({ round, seen }).toEqual({ round, seen: new Map(all) });
    }
  });
}

test('walks may be abandoned any number of times in a row', () => {
  const driver = new Driver('primary');
  const { walk } = driver.keyspace;
  for (let i = 0; i < 500; i++) driver.set(`k${i}`, String(i));
  for (let round = 0; round < 40; round++) {
    walk.begin(new Collector());
    walk.step(20 * (round % 12));
    driver.set(`new ${round}`, 'v');
    walk.abandon();
  }
  const expected = driver.describeAll();
  const collector = new Collector();
  walk.begin(collector);
  while (!walk.step(50)) driver.delete(`k${collector.seen.size}`);
  expect(collector.seen).toEqual(expected);
});

test('a walk goes on over what a FLUSHALL put aside, and nothing of it is freed before', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  for (let i = 0; i < 500; i++) driver.set(`k${i}`, String(i), i % 3 === 0 ? 2_000_000 : 0);
  driver.hashSet('h', 'f', 'v');
  const expected = driver.describeAll();
  const collector = new Collector();
  keyspace.walk.begin(collector);
  keyspace.walk.step(100);
  keyspace.flushAll();
  keyspace.openIndex = 2;
  keyspace.committed(1);
  driver.set('k1', 'another');
  keyspace.freeSlice(10_000);
  while (!keyspace.walk.step(100));
  expect(collector.seen).toEqual(expected);
  while (keyspace.freeSlice(100));
  driver.delete('k1');
  keyspace.openIndex = 3;
  keyspace.committed(2);
  keyspace.freeSlice(1);
  expect(keyspace.memoryBytes).toBe(0);
});

test('a step hands out fewer records when they are longer', () => {
  const driver = new Driver('replica');
  for (let i = 0; i < 3000; i++) driver.set(`k${i}`, 'v'.repeat(16_000));
  const collector = new Collector();
  const { walk } = driver.keyspace;
  walk.begin(collector);
  let before = 0;
  for (let step = 0; !walk.step(256); step++) {
    const { wholes } = collector;
    // 256 records of no length, or 128 KiB
    expect(wholes - before).toBeLessThan(step === 0 ? 40 : 15);
    before = wholes;
  }
  expect(collector.seen.size).toBe(3000);
});
