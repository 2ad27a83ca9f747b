import { expect, test } from 'vitest';
import { fromLatin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { slotOfKey } from '#base/slot.ts';
import { Driver } from './testing/driver.ts';
import { describeAll } from './testing/model.ts';
import { RandomChanges } from './testing/random-changes.ts';

for (const [seed, keys, elements] of [
  [1, 12, 8],
  [2, 40, 300],
  [3, 3, 2000],
  [4, 400, 20],
]) {
  test(`values of all types are what a naive keyspace has, and so are a replica's (seed ${seed})`, () => {
    const random = new Prng(seed);
    const primary = new Driver('primary', [1, 2]);
    const replica = new Driver('replica', [77, 88]);
    const changes = new RandomChanges(primary, random, { keys, elements, drops: keys > 3 });
    let index = 1;
    for (let step = 0; step < 8000; step++) {
      changes.change();
      if (random.chance(0.05)) primary.keyspace.nowMs += 20;
      if (random.chance(0.01)) changes.expireAll();
      if (random.chance(0.05)) {
        const effects = primary.takeEffects();
        replica.keyspace.apply(effects, 0, effects.length);
        primary.keyspace.openIndex = ++index;
        primary.keyspace.committed(index - 1 - random.below(Math.min(3, index - 1)));
        primary.keyspace.freeSlice(20);
        replica.keyspace.freeSlice(20);
      }
      if (step % 1000 !== 999) continue;
      changes.expireAll();
      const effects = primary.takeEffects();
      replica.keyspace.apply(effects, 0, effects.length);
      const expected = describeAll(changes.model);
      expect(primary.describeAll()).toEqual(expected);
      expect(replica.describeAll()).toEqual(expected);
      expect(replica.keyspace.digest()).toBe(primary.keyspace.digest());
      expect(replica.keyspace.size).toBe(expected.size);
      expect(replica.keyspace.expiringCount).toBe(primary.keyspace.expiringCount);
      compareSlots(primary, [...expected.keys()]);
    }
    primary.keyspace.flushAll();
    primary.keyspace.openIndex = index + 1;
    primary.keyspace.committed(index);
    while (primary.keyspace.freeSlice(100));
    expect([primary.keyspace.memoryBytes, primary.keyspace.size]).toEqual([0, 0]);
    expect(primary.keyspace.digest()).toBe('0'.repeat(32));
  });
}

function compareSlots({ keyspace }: Driver, keys: readonly string[]): void {
  const bySlot = new Map<number, number>();
  for (const key of keys) {
    const slot = slotOfKey(fromLatin1(key), 0, key.length);
    bySlot.set(slot, (bySlot.get(slot) ?? 0) + 1);
  }
  for (const [slot, count] of bySlot) {
    expect(keyspace.countKeysInSlot(slot)).toBe(count);
    const names = keyspace.keysInSlot(slot, 1000);
    expect(names.length).toBe(count);
    for (const name of names) expect(slotOfKey(name, 0, name.length)).toBe(slot);
  }
}
