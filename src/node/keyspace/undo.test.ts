import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Driver } from './testing/driver.ts';
import { RandomChanges } from './testing/random-changes.ts';

/** What an undo brings back. */
function state({ keyspace }: Driver): unknown {
  const slots: number[] = [];
  for (let slot = 0; slot < 16384; slot++) {
    if (keyspace.countKeysInSlot(slot) > 0) slots.push(slot, keyspace.countKeysInSlot(slot));
  }
  return [keyspace.digest(), keyspace.size, keyspace.expiringCount, slots];
}

for (const [seed, keys, elements] of [
  [1, 6, 8],
  [2, 40, 300],
  [3, 3, 2000],
  [4, 400, 20],
]) {
  test(`W6: undo restores content, expiry and counts of any batch not committed (seed ${seed})`, () => {
    const random = new Prng(seed);
    const driver = new Driver('primary');
    const { keyspace } = driver;
    let undone = 0;
    let index = 1;
    for (let round = 0; round < 120; round++) {
      const changes = new RandomChanges(driver, random, { keys, elements, drops: true });
      changes.adopt();
      const states: unknown[] = [];
      const dumps: Map<string, string>[] = [];
      const committed = index - 1;
      const batches = 1 + random.below(5);
      for (let batch = 0; batch < batches; batch++) {
        states.push(state(driver));
        dumps.push(driver.describeAll());
        for (let i = random.below(60); i > 0; i--) {
          changes.change();
          if (random.chance(0.02)) changes.expireAll();
        }
        driver.takeEffects();
        keyspace.openIndex = ++index;
      }
      keyspace.freeSlice(random.below(50));
      const kept = random.below(batches);
      const before = state(driver);
      const dump = driver.describeAll();
      const done = keyspace.undo(committed + kept);
      const expected = done ? states[kept] : before;
      expect({ round, state: state(driver) }).toEqual({ round, state: expected });
      expect(driver.describeAll()).toEqual(done ? dumps[kept] : dump);
      if (done) {
        index = committed + kept + 1;
        keyspace.openIndex = index;
        undone++;
      }
      keyspace.committed(index - 1);
      // time goes on only when nothing can be undone that would have to expire once more
      keyspace.nowMs += random.below(100);
    }
    expect(undone).toBeGreaterThan(60);
    keyspace.flushAll();
    keyspace.openIndex = index + 1;
    keyspace.committed(index);
    while (keyspace.freeSlice(100));
    expect(keyspace.memoryBytes).toBe(0);
  });
}

test('W6: a batch that cannot be undone is refused as a whole, and later ones are not', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  driver.set('a', '1');
  driver.hashSet('h', 'f', 'x'.repeat(5000));
  driver.hashSet('h', 'g', '1');
  keyspace.openIndex = 2;
  // the old value is too long to be noted
  driver.hashSet('h', 'f', 'y');
  driver.set('a', '2');
  keyspace.openIndex = 3;
  const digest = keyspace.digest();
  driver.set('a', '3');
  expect(keyspace.undo(1)).toBe(false);
  expect(driver.get('a')).toBe('3');
  expect(keyspace.undo(2)).toBe(true);
  expect(keyspace.digest()).toBe(digest);
});

test('W6: undo of a large collection or string costs no copy of it', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  for (let i = 0; i < 5000; i++) driver.push('list', false, `element ${i}`);
  driver.set('string', 'x'.repeat(1_000_000));
  keyspace.openIndex = 2;
  keyspace.committed(1);
  const digest = keyspace.digest();
  const bytes = keyspace.memoryBytes;
  driver.push('list', true, 'one');
  driver.overwrite('string', 1_000_000, 'more');
  driver.delete('list');
  driver.set('string', 'short');
  expect(keyspace.size).toBe(1);
  expect(keyspace.memoryBytes).toBeLessThan(bytes + 600_000);
  expect(keyspace.undo(1)).toBe(true);
  expect(keyspace.digest()).toBe(digest);
});

test('W2, W6: hazards of what is undone are over, others are not', () => {
  const driver = new Driver('primary');
  driver.set('a', '1');
  driver.keyspace.openIndex = 2;
  driver.set('b', '1');
  driver.keyspace.openIndex = 3;
  driver.set('a', '2');
  expect(driver.keyspace.undo(2)).toBe(true);
  expect([driver.waitOf('b'), driver.waitOf('c')]).toEqual([2, 0]);
  driver.keyspace.openIndex = 3;
  driver.set('c', '1');
  expect(driver.waitOf('c')).toBe(3);
});
