import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import type { ByteRange } from '#base/byte-range.ts';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { Arena, ArenaFullError } from './arena.ts';
import { Hash } from './hash.ts';

function shown({ bytes, start, end }: ByteRange): string {
  return latin1(bytes, start, end);
}

/** A hash and the map that it must equal. */
class Checked {
  readonly hash: Hash;
  root: number;
  readonly model = new Map<string, string>();

  constructor(arena: Arena, seed: readonly [number, number] = [1, 2]) {
    this.hash = new Hash(arena, seed);
    this.root = this.hash.create();
  }

  set(field: string, value: string): void {
    const { hash, model } = this;
    const f = fromLatin1(field);
    const isThere = hash.seek(this.root, f, 0, f.length);
    invariant(isThere === model.has(field), 'seek tells what is there');
    try {
      hash.put(f, 0, f.length, fromLatin1(value), 0, value.length);
    } finally {
      this.root = hash.root;
    }
    invariant(hash.size === model.size + (isThere ? 0 : 1), 'a changed hash is open');
    model.set(field, value);
  }

  delete(field: string): void {
    const isThere = this.hash.seek(this.root, fromLatin1(field), 0, field.length);
    invariant(isThere === this.model.delete(field), 'seek tells what is there');
    if (!isThere) return;
    this.hash.goToSought();
    invariant(shown(this.hash.field) === field, 'goToSought goes to the field');
    this.hash.removeSought();
    this.root = this.hash.root;
    invariant(this.hash.size === this.model.size, 'a changed hash is open');
  }

  get(field: string): string | undefined {
    const { hash } = this;
    hash.open(this.root);
    if (!hash.find(fromLatin1(field), 0, field.length)) return undefined;
    invariant(shown(hash.field) === field, 'find goes to the field');
    return shown(hash.value);
  }

  list(): [string, string][] {
    const { hash } = this;
    hash.open(this.root);
    const out: [string, string][] = [];
    for (let more = hash.first(); more; more = hash.next()) {
      out.push([shown(hash.field), shown(hash.value)]);
    }
    return out;
  }

  check(): void {
    const { hash, model, root } = this;
    hash.open(root);
    invariant(hash.size === model.size, 'the size is right');
    const list = this.list();
    invariant(list.length === model.size, 'a walk gives each field once');
    if (hash.isPacked(root)) {
      let at = 0;
      for (const field of model.keys()) invariant(list[at++][0] === field, 'the order is kept');
    }
    for (const [field, value] of list) invariant(model.get(field) === value, 'fields are right');
    for (const [field, value] of model) {
      invariant(this.get(field) === value, `${field} is found`);
      invariant(hash.contains(root, fromLatin1(field), 0, field.length), `${field} is contained`);
    }
    invariant(!hash.contains(root, fromLatin1('never'), 0, 5), 'what is not there is not found');
  }

  free(): void {
    while (this.root !== 0) this.root = this.hash.freeSlice(this.root, 500);
  }
}

test('a small hash is a map in the order of first setting', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Prng(seed);
    const arena = new Arena();
    const checked = new Checked(arena);
    const longest = [5, 30, 255][seed % 3];
    for (let step = 0; step < 400; step++) {
      const field = `f${random.below(seed)}`;
      if (random.chance(0.4)) checked.delete(field);
      else checked.set(field, 'v'.repeat(random.below(longest + 1)));
      checked.check();
    }
    expect(checked.hash.isPacked(checked.root) || longest === 255, `seed ${seed}`).toBe(true);
    checked.free();
    expect(arena.usedBytes).toBe(0);
  }
});

test('a hash is a map beyond 10^5 fields and down to none', () => {
  const seed = 5;
  const random = new Prng(seed);
  const arena = new Arena(1023);
  const checked = new Checked(arena);
  const other = new Checked(arena);
  other.set('a', 'b');
  const { usedBytes } = arena;
  for (let i = 0; i < 110_000; i++) checked.set(`field${i}`, 'v'.repeat(random.below(12)));
  checked.check();
  for (let i = 0; i < 80_000; i++) {
    const field = `field${random.below(150_000)}`;
    if (random.chance(0.5)) checked.set(field, 'w'.repeat(random.below(40)));
    else checked.delete(field);
  }
  checked.check();
  other.check();
  for (const field of [...checked.model.keys()].toReversed()) checked.delete(field);
  checked.check();
  expect(arena.usedBytes, `seed ${seed}`).toBeLessThanOrEqual(usedBytes + 8);
  checked.free();
  expect(arena.usedBytes).toBe(usedBytes - 8);
});

test('fields and values of every length up to megabytes, each replaced by each', () => {
  const arena = new Arena();
  const lengths = [0, 1, 255, 256, 4096, 70_000, 4_500_000];
  for (const length of lengths) {
    const checked = new Checked(arena);
    for (const next of lengths) {
      checked.set('', 'empty');
      checked.set('f'.repeat(length), 'v'.repeat(next));
      checked.set('same', 'w'.repeat(next));
      checked.check();
      checked.set('same', 'w'.repeat(length));
      checked.check();
    }
    checked.free();
  }
  expect(arena.usedBytes).toBe(0);
});

test('a hash is packed up to 64 fields, 255 bytes in each and 4096 in all', () => {
  const arena = new Arena();
  const isPacked = (fields: number, fieldLength: number, valueLength: number): boolean => {
    const checked = new Checked(arena);
    for (let i = 0; i < fields; i++) {
      checked.set(`${i}`.padEnd(fieldLength, '.'), 'v'.repeat(valueLength));
    }
    checked.check();
    const { root, hash } = checked;
    const packed = hash.isPacked(root);
    checked.free();
    return packed;
  };
  expect([isPacked(64, 10, 10), isPacked(65, 10, 10)]).toEqual([true, false]);
  expect([isPacked(1, 255, 255), isPacked(1, 256, 1), isPacked(1, 1, 256)]).toEqual([
    true,
    false,
    false,
  ]);
  expect([isPacked(16, 100, 150), isPacked(17, 100, 150)]).toEqual([true, false]);
  expect(arena.usedBytes).toBe(0);
});

test('a walk gives what stays exactly once while other fields come and go', () => {
  for (const seed of [1, 2, 3]) {
    const random = new Prng(seed);
    const checked = new Checked(new Arena(), [seed, 2]);
    for (let i = 0; i < 3000; i++) checked.set(`stays${i}`, `${i}`);
    const seen: string[] = [];
    let cursor = 0;
    let steps = 0;
    do {
      checked.hash.open(checked.root);
      cursor = checked.hash.scan(cursor, 10, () => {
        const field = shown(checked.hash.field);
        if (field.startsWith('stays')) seen.push(field);
        invariant(checked.model.get(field) === shown(checked.hash.value), 'the value is right');
      });
      for (let k = 0; k < 100; k++) {
        const name = `goes${random.below(20_000)}`;
        if (steps % 100 < 50) checked.set(name, 'x');
        else checked.delete(name);
      }
      steps++;
    } while (cursor !== 0);
    expect([seen.length, new Set(seen).size], `seed ${seed}`).toEqual([3000, 3000]);
    expect(steps).toBeGreaterThan(100);
  }
});

test('every field is drawn sooner or later, in both forms', () => {
  for (const size of [1, 60, 600]) {
    const random = new Prng(size);
    const checked = new Checked(new Arena());
    checked.hash.open(checked.root);
    expect(checked.hash.random(random)).toBe(false);
    for (let i = 0; i < size; i++) checked.set(`f${i}`, 'v');
    checked.hash.open(checked.root);
    const drawn = new Set<string>();
    for (let i = 0; i < size * 20; i++) {
      expect(checked.hash.random(random)).toBe(true);
      drawn.add(shown(checked.hash.field));
    }
    expect(drawn.size).toBe(size);
  }
});

test('a copy is equal and shares nothing, in both forms', () => {
  for (const size of [0, 50, 5000]) {
    const arena = new Arena();
    const checked = new Checked(arena);
    for (let i = 0; i < size; i++) checked.set(`f${i}`, `${i}`);
    const copy = new Checked(arena);
    copy.free();
    copy.root = checked.hash.copy(checked.root);
    for (const [field, value] of checked.model) copy.model.set(field, value);
    for (let i = 0; i < size; i++) checked.set(`f${i}`, 'other');
    checked.check();
    copy.check();
    checked.free();
    copy.check();
    copy.free();
    expect(arena.usedBytes).toBe(0);
  }
});

test('what a hash takes is what the arena says', () => {
  for (const size of [0, 1, 64, 65, 400]) {
    const arena = new Arena();
    const checked = new Checked(arena);
    for (let i = 0; i < size; i++) checked.set(`field${i}`, 'v'.repeat(i % 50));
    expect(checked.hash.memoryBytes(checked.root)).toBe(arena.usedBytes);
  }
  const arena = new Arena();
  const checked = new Checked(arena);
  for (let i = 0; i < 20_000; i++) checked.set(`field${i}`, 'v'.repeat(i % 50));
  const ratio = checked.hash.memoryBytes(checked.root) / arena.usedBytes;
  expect(Math.abs(ratio - 1)).toBeLessThan(0.05);
});

test('compaction changes no hash and gives memory back', () => {
  const random = new Prng(9);
  const arena = new Arena();
  const all: Checked[] = [];
  for (let i = 0; i < 20_000; i++) {
    const checked = new Checked(arena);
    const size = i % 1000 === 0 ? 5000 : random.below(30);
    for (let k = 0; k < size; k++) checked.set(`field${k}`, 'v'.repeat(random.below(250)));
    all.push(checked);
  }
  const left = all.filter((checked) => {
    if (random.chance(0.1)) return true;
    checked.free();
    return false;
  });
  const before = arena.reservedBytes;
  const { usedBytes } = arena;
  for (let pass = 0; pass < 5; pass++) {
    for (const checked of left) {
      let cursor = 0;
      do {
        cursor = checked.hash.compactSlice(checked.root, cursor, 100);
        checked.root = checked.hash.root;
      } while (cursor !== 0);
    }
  }
  expect(arena.usedBytes).toBeLessThanOrEqual(usedBytes);
  expect(arena.reservedBytes).toBeLessThanOrEqual(before * 0.75);
  for (const checked of left) checked.check();
});

test('when memory runs out, a set fails and changes nothing, in whatever step', () => {
  for (const size of [10, 64, 65, 300]) {
    const arena = new Arena(2046, 2048);
    const checked = new Checked(arena);
    const filled: number[] = [];
    const fill = (): void => {
      for (let length = 1 << 16; length >= 8; length >>= 1) {
        let block = arena.allocOrNone(length);
        for (; block !== 0; block = arena.allocOrNone(length)) filled.push(block);
      }
    };
    for (let i = 0; i < size; i++) checked.set(`f${i}`, 'v');
    fill();
    // one block is given back at a time, so that each allocation in turn is the one that fails
    let failures = 0;
    for (;;) {
      const { usedBytes } = arena;
      try {
        checked.set('one more', 'x'.repeat(300));
        break;
      } catch (error) {
        invariant(error instanceof ArenaFullError && arena.usedBytes === usedBytes, 'nothing left');
        checked.check();
        failures++;
        for (let i = 0; i < 64; i++) arena.free(filled.pop() ?? 0);
      }
    }
    checked.check();
    expect(failures).toBeGreaterThan(0);
    fill();
    for (const field of checked.model.keys()) checked.delete(field);
    checked.check();
  }
});
