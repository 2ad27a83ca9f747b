import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { slotOfKey } from '#base/slot.ts';
import { Keyspace } from './keyspace.ts';

/** A keyspace with string arguments, for tests. */
class Driver {
  readonly keyspace: Keyspace;

  constructor(role: 'primary' | 'replica', hashSeed: readonly [number, number] = [1, 2]) {
    this.keyspace = new Keyspace({ hashSeed });
    this.keyspace.role = role;
    this.keyspace.recording = role === 'primary';
    this.keyspace.nowMs = 1_000_000;
  }

  find(key: string): string | Record<string, string> | null {
    const { keyspace } = this;
    const type = keyspace.find(fromLatin1(key), 0, key.length);
    if (type === 'none') return null;
    if (type === 'string') {
      return latin1(keyspace.valueBytes, keyspace.valueStart, keyspace.valueEnd);
    }
    const { hash } = keyspace;
    const out: Record<string, string> = {};
    for (let more = hash.first(); more; more = hash.next()) {
      const field = latin1(hash.fieldBytes, hash.fieldStart, hash.fieldEnd);
      out[field] = latin1(hash.valueBytes, hash.valueStart, hash.valueEnd);
    }
    return out;
  }

  set(key: string, value: string, expiresAtMs = 0): void {
    const [k, v] = [fromLatin1(key), fromLatin1(value)];
    this.keyspace.setString(k, 0, k.length, v, 0, v.length, expiresAtMs);
  }

  overwrite(key: string, offset: number, value: string): number {
    const [k, v] = [fromLatin1(key), fromLatin1(value)];
    return this.keyspace.overwrite(k, 0, k.length, offset, v, 0, v.length);
  }

  hashSet(key: string, field: string, value: string): boolean {
    const [k, f, v] = [fromLatin1(key), fromLatin1(field), fromLatin1(value)];
    return this.keyspace.hashSet(k, 0, k.length, f, 0, f.length, v, 0, v.length);
  }

  hashDelete(key: string, field: string): boolean {
    const [k, f] = [fromLatin1(key), fromLatin1(field)];
    return this.keyspace.hashDelete(k, 0, k.length, f, 0, f.length);
  }

  delete(key: string): boolean {
    return this.keyspace.delete(fromLatin1(key), 0, key.length);
  }

  setExpiry(key: string, atMs: number): boolean {
    return this.keyspace.setExpiry(fromLatin1(key), 0, key.length, atMs);
  }

  rename(from: string, to: string): void {
    const [f, t] = [fromLatin1(from), fromLatin1(to)];
    this.keyspace.rename(f, 0, f.length, t, 0, t.length);
  }

  copy(from: string, to: string): void {
    const [f, t] = [fromLatin1(from), fromLatin1(to)];
    this.keyspace.copy(f, 0, f.length, t, 0, t.length);
  }

  takeEffects(): Uint8Array {
    const effects = this.keyspace.effects.copy();
    this.keyspace.effects.clear();
    return effects;
  }

  /** The index that a reader of `key` waits for. */
  waitOf(key: string): number {
    this.keyspace.beginCommand();
    this.find(key);
    return this.keyspace.waitIndex;
  }
}

/** One random change to `driver`. */
function change(driver: Driver, random: Prng, step: number): void {
  const key = `k${random.below(60)}`;
  const other = `k${random.below(60)}`;
  const type = driver.keyspace.find(fromLatin1(key), 0, key.length);
  const expiry = random.chance(0.3) ? driver.keyspace.nowMs + random.below(400) : 0;
  const choice = random.below(100);
  if (choice < 25) driver.set(key, 'v'.repeat(random.below(90)) + step, expiry);
  else if (choice < 35) driver.delete(key);
  else if (choice < 45) driver.setExpiry(key, expiry);
  else if (choice < 55 && type !== 'none') driver.copy(key, `copy${other}`);
  else if (choice < 63 && type !== 'none' && key !== other) driver.rename(key, other);
  else if (choice < 64) driver.keyspace.flushAll();
  else if (choice < 66) driver.keyspace.dropSlot(slotOfKey(fromLatin1(key), 0, key.length));
  else if (choice < 75 && type !== 'hash') driver.overwrite(key, random.below(30), `w${step}`);
  else if (type === 'hash' && choice < 85) driver.hashDelete(key, `f${random.below(5)}`);
  else if (type !== 'string') driver.hashSet(key, `f${random.below(5)}`, `v${step}`);
}

test('a replica that applies the effects holds the same keyspace', () => {
  for (const seed of [11, 12, 13]) {
    const random = new Prng(seed);
    const primary = new Driver('primary', [1, 2]);
    const replica = new Driver('replica', [77, 88]);
    for (let step = 0; step < 8000; step += 100) {
      for (let i = 0; i < 100; i++) {
        change(primary, random, step + i);
        if (random.chance(0.1)) primary.keyspace.nowMs += 20;
        if (random.chance(0.05)) primary.keyspace.expireSlice(20);
        const effects = primary.takeEffects();
        replica.keyspace.apply(effects, 0, effects.length);
      }
      const digest = primary.keyspace.digest();
      expect({ seed, step, digest: replica.keyspace.digest() }).toEqual({ seed, step, digest });
      expect(replica.keyspace.memoryBytes).toBe(primary.keyspace.memoryBytes);
      expect(replica.keyspace.size).toBe(primary.keyspace.size);
    }
    let inSlots = 0;
    for (let slot = 0; slot < 16384; slot++) {
      const keys = primary.keyspace.keysInSlot(slot, 1000);
      for (const key of keys) expect(slotOfKey(key, 0, key.length)).toBe(slot);
      expect(keys.length).toBe(primary.keyspace.countKeysInSlot(slot));
      inSlots += keys.length;
    }
    expect(inSlots).toBe(primary.keyspace.size);
    primary.keyspace.flushAll();
    expect([primary.keyspace.memoryBytes, primary.keyspace.size]).toEqual([0, 0]);
    expect(primary.keyspace.digest()).toBe('0'.repeat(32));
  }
});

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
  expect(driver.find('a')).toBe('1');
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
