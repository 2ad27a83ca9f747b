import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { slotOfKey } from '#base/slot.ts';
import { Driver } from './testing/driver.ts';

test('the digest depends on name, type, expiry and content, not on history or seed', () => {
  const one = new Driver('primary', [1, 2]);
  one.set('a', '1');
  one.set('b', '2', 2_000_000);
  one.hashSet('h', 'f', '1');
  one.hashSet('h', 'g', '2');
  const two = new Driver('primary', [3, 4]);
  two.hashSet('h', 'g', '0');
  two.hashSet('h', 'f', '1');
  two.hashSet('h', 'g', '2');
  two.set('b', '2');
  two.setExpiry('b', 2_000_000);
  two.set('a', '1');
  const digest = one.keyspace.digest();
  expect(two.keyspace.digest()).toBe(digest);
  const changes: ((driver: Driver) => void)[] = [
    (d) => d.set('a', '3'),
    (d) => d.setExpiry('b', 2_000_001),
    (d) => d.hashSet('h', 'f', '2'),
    (d) => d.hashDelete('h', 'f'),
    (d) => d.delete('a'),
  ];
  for (const change of changes) {
    const before = two.keyspace.digest();
    change(two);
    expect(two.keyspace.digest()).not.toBe(before);
  }
});

test('W2: readers of a changed key, there or not, wait for its entry until it is committed', () => {
  const driver = new Driver('primary');
  driver.keyspace.openIndex = 5;
  driver.set('a', '1');
  driver.set('gone', '1');
  driver.delete('gone');
  driver.keyspace.openIndex = 6;
  driver.set('b', '1');
  expect(['a', 'gone', 'b', 'other'].map((key) => driver.waitOf(key))).toEqual([5, 5, 6, 0]);
  driver.keyspace.committed(5);
  expect(['a', 'gone', 'b', 'other'].map((key) => driver.waitOf(key))).toEqual([0, 0, 6, 0]);
  driver.keyspace.openIndex = 7;
  driver.keyspace.flushAll();
  expect(['a', 'b', 'other'].map((key) => driver.waitOf(key))).toEqual([7, 7, 7]);
  driver.keyspace.committed(7);
  expect(['a', 'b', 'other'].map((key) => driver.waitOf(key))).toEqual([0, 0, 0]);
  driver.keyspace.openIndex = 8;
  driver.set('{x}1', '1');
  driver.keyspace.committed(8);
  driver.keyspace.openIndex = 9;
  driver.keyspace.dropSlot(slotOfKey(fromLatin1('x'), 0, 1));
  expect(['{x}1', '{x}2', 'y'].map((key) => driver.waitOf(key))).toEqual([9, 9, 0]);
});

test('W8: a primary deletes and logs what it finds past its time, and waits for it', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  driver.set('a', '1', 1_000_500);
  keyspace.committed(1);
  keyspace.openIndex = 2;
  driver.takeEffects();
  keyspace.nowMs = 1_000_500;
  expect(driver.get('a')).toBe('1');
  keyspace.nowMs = 1_000_501;
  expect(driver.waitOf('a')).toBe(2);
  expect(driver.find('a')).toBe(null);
  expect(keyspace.size).toBe(0);
  expect(driver.takeEffects().length).toBeGreaterThan(0);
});

test('W8: a replica hides what is past its time and deletes it when told', () => {
  const primary = new Driver('primary');
  const replica = new Driver('replica');
  primary.set('a', '1', 1_000_500);
  const set = primary.takeEffects();
  replica.keyspace.apply(set, 0, set.length);
  replica.keyspace.nowMs = 1_000_501;
  expect(replica.find('a')).toBe(null);
  expect(replica.keyspace.size).toBe(1);
  expect(replica.keyspace.randomKey()).toBe(null);
  primary.keyspace.nowMs = 1_000_501;
  expect(primary.keyspace.expireSlice(10)).toBe(1);
  const expired = primary.takeEffects();
  replica.keyspace.apply(expired, 0, expired.length);
  expect(replica.keyspace.size).toBe(0);
});

test('active expiry finds every key past its time', () => {
  const driver = new Driver('primary');
  for (let i = 0; i < 1000; i++) driver.set(`k${i}`, 'v', i % 3 === 0 ? 1_000_100 : 9_000_000);
  driver.keyspace.nowMs = 1_000_101;
  let deleted = 0;
  for (let round = 0; round < 100; round++) deleted += driver.keyspace.expireSlice(20);
  expect(deleted).toBe(334);
  expect(driver.keyspace.size).toBe(666);
});

test('a watched key is modified by change, expiry and flush, not by reads or what happens to others', () => {
  const changes: [string, boolean, (driver: Driver) => void][] = [
    ['set to the same value', true, (d) => d.set('a', '1')],
    ['deleted', true, (d) => d.delete('a')],
    ['expiry set', true, (d) => d.setExpiry('a', 5_000_000)],
    ['flushed', true, (d) => d.keyspace.flushAll()],
    ['time passed', true, (d) => (d.keyspace.nowMs = 3_000_000)],
    ['renamed to', true, (d) => d.rename('b', 'a')],
    ['another set', false, (d) => d.set('b', '2')],
    ['read', false, (d) => d.find('a')],
  ];
  for (const [name, modified, change] of changes) {
    const driver = new Driver('primary');
    driver.set('a', '1', 2_000_000);
    driver.set('b', '1');
    const token = driver.keyspace.watch(fromLatin1('a'), 0, 1);
    change(driver);
    expect([name, driver.keyspace.modifiedSince(token)]).toEqual([name, modified]);
    driver.keyspace.unwatch(token);
  }
});

test('a watched key that is not there is modified when it appears, not by a flush', () => {
  const driver = new Driver('primary');
  const token = driver.keyspace.watch(fromLatin1('a'), 0, 1);
  driver.keyspace.flushAll();
  expect(driver.keyspace.modifiedSince(token)).toBe(false);
  driver.hashSet('a', 'f', 'v');
  driver.delete('a');
  expect(driver.keyspace.modifiedSince(token)).toBe(true);
});

test('a walk over the keys gives each that stays once, and none past its time', () => {
  const driver = new Driver('primary');
  for (let i = 0; i < 3000; i++) driver.set(`k${i}`, 'v', i % 10 === 0 ? 1_000_100 : 0);
  driver.keyspace.nowMs = 1_000_101;
  const seen: string[] = [];
  let cursor = 0;
  do {
    cursor = driver.keyspace.scan(cursor, 7, (bytes, start, end) => {
      seen.push(latin1(bytes, start, end));
    });
    driver.set(`new${cursor}`, 'v');
  } while (cursor !== 0);
  const kept = seen.filter((key) => key.startsWith('k'));
  expect(kept.length).toBe(2700);
  expect(new Set(kept).size).toBe(2700);
});

test('effects that no primary can have written stop the process', () => {
  const replica = new Driver('replica');
  expect(() => replica.keyspace.apply(Uint8Array.of(99, 1, 0x61), 0, 3)).toThrow('known');
  expect(() => replica.keyspace.apply(Uint8Array.of(2, 1, 0x61), 0, 3)).toThrow('there');
  expect(() => replica.keyspace.apply(Uint8Array.of(1, 9, 0x61), 0, 3)).toThrow('wanted');
});

test('expecting keys, there or not, of any type and number, is no access and changes nothing', () => {
  const driver = new Driver('primary');
  const { keyspace } = driver;
  driver.hashSet('hash', 'f', '1');
  keyspace.setExpiry(fromLatin1('hash'), 0, 4, 1_000);
  for (let i = 0; i < 40; i++) driver.set(`{x}${i}`, String(i));
  keyspace.beginCommand();
  const state = (): unknown[] => {
    const { size, waitIndex, effects, statistics } = keyspace;
    return [keyspace.digest(), size, waitIndex, effects.length, { ...statistics }];
  };
  const before = state();
  const names = ['hash', 'absent', '{x}absent', '', 'x'.repeat(1000)];
  for (let i = 0; i < 40; i++) names.push(`{x}${i}`);
  const bytes = fromLatin1(names.join(''));
  const places: [name: string, start: number, end: number][] = [];
  for (const name of names) {
    const start = places.at(-1)?.[2] ?? 0;
    places.push([name, start, start + name.length]);
  }
  keyspace.expectKeysIn(bytes);
  for (const [, start, end] of places) keyspace.expectKey(start, end);
  keyspace.readExpected();
  expect(state()).toEqual(before);
  // they are looked up as ever, expected or not, passed or not
  for (const [name, start, end] of [...places, ...places.toReversed()]) {
    const isThere = keyspace.find(bytes, start, end) !== 'none';
    expect([name, isThere]).toEqual([name, driver.find(name) !== null]);
    expect(keyspace.slotOf(bytes, start, end)).toBe(slotOfKey(bytes, start, end));
  }
  keyspace.forgetExpected();
  bytes.fill(0);
  expect(keyspace.find(bytes, 0, 4)).toBe('none');
});
