import { expect, test } from 'vitest';
import { fromLatin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { Driver } from './testing/driver.ts';
import { RandomChanges } from './testing/random-changes.ts';

/** Everything up to now is committed. */
function commit({ keyspace }: Driver): void {
  const index = keyspace.openIndex;
  keyspace.effects.clear();
  keyspace.openIndex = index + 1;
  keyspace.committed(index);
}

test('compaction gives scattered memory back and changes nothing else', () => {
  const seed = 5;
  const random = new Prng(seed);
  const driver = new Driver('primary');
  const { keyspace } = driver;
  const text = 'v'.repeat(2000);
  for (let i = 0; i < 80_000; i++) {
    driver.set(`k${i}`, text.slice(0, 800 + random.below(1000)), i % 3 === 0 ? 2_000_000 + i : 0);
    if (i % 1000 === 0) commit(driver);
  }
  for (let i = 0; i < 20_000; i++) {
    driver.hashSet('h', `f${i}`, text.slice(0, random.below(100)));
    driver.push('l', false, text.slice(0, random.below(100)));
    driver.sortedSetAdd('z', i, `member ${i}`);
  }
  for (let i = 0; i < 80_000; i++) if (random.chance(0.85)) driver.delete(`k${i}`);
  commit(driver);
  const digest = keyspace.digest();
  const { memoryBytes } = keyspace;
  expect(keyspace.reservedBytes).toBeGreaterThan(memoryBytes * 2.5);
  for (let changes = 0; keyspace.compactSlice(500); changes++) {
    // commands run in between
    driver.set(`new ${changes % 10}`, text);
    driver.delete(`new ${(changes + 5) % 10}`);
    commit(driver);
    keyspace.freeSlice(100);
  }
  for (let i = 0; i < 10; i++) driver.delete(`new ${i}`);
  commit(driver);
  keyspace.digest();
  expect(keyspace.reservedBytes).toBeLessThan(memoryBytes * 1.5 + 40_000_000);
  expect(keyspace.digest()).toBe(digest);
  keyspace.nowMs = 2_030_000;
  while (keyspace.expireSlice(100) > 0);
  expect(keyspace.size).toBe([...driver.describeAll()].length);
});

test('a large collection that is deleted is freed in slices, a small one at once', () => {
  const driver = new Driver('replica');
  const { keyspace } = driver;
  for (let i = 0; i < 50; i++) driver.setAdd('small', `m${i}`);
  const small = keyspace.memoryBytes;
  expect(small).toBeGreaterThan(0);
  driver.delete('small');
  expect(keyspace.memoryBytes).toBe(0);
  for (let i = 0; i < 10_000; i++) {
    driver.setAdd('set', `m${i}`);
    driver.hashSet('hash', `f${i}`, 'v');
    driver.sortedSetAdd('zset', i, `m${i}`);
    driver.push('list', true, `e${i}`);
  }
  for (const key of ['set', 'hash', 'zset', 'list']) driver.delete(key);
  expect(keyspace.size).toBe(0);
  driver.set('k', 'v');
  let slices = 0;
  for (let last = keyspace.memoryBytes; keyspace.freeSlice(500); slices++) {
    expect(keyspace.memoryBytes).toBeLessThan(last);
    last = keyspace.memoryBytes;
  }
  expect(slices).toBeGreaterThan(40);
  driver.delete('k');
  expect(keyspace.memoryBytes).toBe(0);
});

test('FLUSHALL counts as freed at once, and leaves nothing behind', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  const changes = new RandomChanges(driver, new Prng(9), {
    keys: 2000,
    elements: 500,
    drops: false,
  });
  for (let i = 0; i < 20_000; i++) changes.change();
  commit(driver);
  const held = keyspace.memoryBytes;
  keyspace.flushAll();
  expect(keyspace.memoryBytes).toBeLessThan(held / 10);
  driver.set('k', 'v');
  commit(driver);
  let slices = 0;
  while (keyspace.freeSlice(100)) slices++;
  expect(slices).toBeGreaterThan(10);
  expect(driver.get('k')).toBe('v');
  driver.delete('k');
  commit(driver);
  expect(keyspace.memoryBytes).toBe(0);
});

test('a string that grows piece by piece is copied a bounded number of times', () => {
  const driver = new Driver('replica');
  const { keyspace } = driver;
  const piece = 'x'.repeat(100);
  let moves = 0;
  let found = 0;
  for (let i = 0; i < 60_000; i++) {
    driver.overwrite('k', i * 100, piece);
    keyspace.peek(fromLatin1('k'), 0, 1);
    if (keyspace.found !== found) moves++;
    found = keyspace.found;
  }
  expect(moves).toBeLessThan(40);
  expect(driver.get('k')).toBe('x'.repeat(6_000_000));
  driver.delete('k');
  expect(keyspace.memoryBytes).toBe(0);
});

test('names of encodings are those of Redis 7.2, and mostly do not come back', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  const names: string[] = [];
  const note = (key: string): number => names.push(driver.encodingOf(key));
  for (const value of ['12', '-0', '9223372036854775807', '9223372036854775808', 'x'.repeat(44)]) {
    driver.set('s', value);
    note('s');
  }
  driver.overwrite('s', 1, 'y');
  note('s');
  expect(names.splice(0)).toEqual(['int', 'embstr', 'int', 'embstr', 'embstr', 'raw']);
  for (let i = 0; i < 512; i++) driver.setAdd('ints', String(i));
  note('ints');
  driver.setAdd('ints', '512');
  note('ints');
  driver.setRemove('ints', '512');
  note('ints');
  for (let i = 0; i < 127; i++) driver.setAdd('mixed', String(i));
  driver.setAdd('mixed', 'a');
  note('mixed');
  driver.setAdd('mixed', 'b');
  note('mixed');
  expect(names.splice(0)).toEqual(['intset', 'hashtable', 'hashtable', 'listpack', 'hashtable']);
  for (let i = 0; i < 128; i++) driver.sortedSetAdd('z', i, `m${i}`);
  note('z');
  driver.sortedSetAdd('z', 1, 'x'.repeat(65));
  note('z');
  driver.push('l', true, 'x'.repeat(4000));
  note('l');
  driver.push('l', true, 'x'.repeat(4190));
  note('l');
  driver.pop('l', true);
  note('l');
  keyspace.limits.listMaxListpackSize = 3;
  for (let i = 0; i < 3; i++) driver.push('l', true, 'x');
  note('l');
  expect(names).toEqual(['listpack', 'skiplist', 'listpack', 'quicklist', 'listpack', 'quicklist']);
});
