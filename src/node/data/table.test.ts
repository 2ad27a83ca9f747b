import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { Prng } from '#base/prng.ts';
import { Arena, ArenaFullError, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import { ROOT_BYTES, Table } from './table.ts';

/** A table and what it must hold: keys to their entries' values. */
class Checked {
  readonly arena: Arena;
  readonly table: Table;
  readonly root: number;
  readonly model = new Map<string, string>();

  constructor(arena: Arena, prefixBytes: 0 | 8, seed: readonly [number, number] = [1, 2]) {
    this.arena = arena;
    this.table = new Table(arena, prefixBytes, seed);
    this.root = arena.alloc(ROOT_BYTES);
    this.table.initialize(this.root);
  }

  find(key: string): number {
    const bytes = fromLatin1(key);
    return this.table.find(this.root, bytes, 0, bytes.length, this.hashOf(key));
  }

  hashOf(key: string): number {
    return this.table.hashOf(fromLatin1(key), 0, key.length);
  }

  create(key: string, value: string): number {
    const entry = this.table.createEntry(fromLatin1(key), 0, key.length, value.length);
    const at = this.start(entry) + key.length;
    this.arena.bytes[entry >>> CHUNK_SHIFT].set(fromLatin1(value), at);
    return entry;
  }

  start(entry: number): number {
    return ((entry & UNIT_MASK) << 3) + this.table.keyOffset;
  }

  key(entry: number): string {
    const at = this.start(entry);
    const bytes = this.arena.bytes[entry >>> CHUNK_SHIFT];
    return latin1(bytes, at, at + this.table.keyLength(entry));
  }

  value(entry: number): string {
    const at = this.start(entry) + this.table.keyLength(entry);
    const bytes = this.arena.bytes[entry >>> CHUNK_SHIFT];
    return latin1(bytes, at, at + this.table.valueLength(entry));
  }

  set(key: string, value: string): void {
    const old = this.find(key);
    invariant((old !== 0) === this.model.has(key), 'find is right');
    this.model.set(key, value);
    const hash = this.hashOf(key);
    const entry = this.create(key, value);
    if (old === 0) {
      this.table.insert(this.root, hash, entry);
    } else {
      this.table.replace(this.root, hash, old, entry);
      this.arena.free(old);
    }
  }

  delete(key: string): void {
    const entry = this.find(key);
    invariant((entry !== 0) === this.model.delete(key), 'find is right');
    if (entry === 0) return;
    this.table.remove(this.root, this.hashOf(key), entry);
    this.arena.free(entry);
  }

  /** Everything is there, once, and can be found. */
  check(): void {
    const { table, root, model } = this;
    invariant(table.size(root) === model.size, 'the size is right');
    const seen = new Map<string, string>();
    table.begin(root);
    for (let entry = table.next(); entry !== 0; entry = table.next()) {
      invariant(this.find(this.key(entry)) === entry, 'what a walk gives is found');
      seen.set(this.key(entry), this.value(entry));
    }
    invariant(seen.size === model.size, 'a walk gives each entry once');
    for (const [key, value] of model) invariant(seen.get(key) === value, `${key} is there`);
  }
}

test('a table is a map while it grows beyond 10^5 entries and shrinks to nothing', () => {
  for (const [seed, prefixBytes] of [
    [1, 0],
    [2, 8],
  ] as const) {
    const random = new Prng(seed);
    const checked = new Checked(new Arena(1023), prefixBytes);
    const start = checked.arena.usedBytes;
    for (let i = 0; i < 110_000; i++) checked.set(`key${i}`, 'v'.repeat(random.below(20)));
    checked.check();
    for (let i = 0; i < 60_000; i++) {
      const key = `key${random.below(160_000)}`;
      if (random.chance(0.5)) checked.set(key, `${i}`);
      else checked.delete(key);
    }
    checked.check();
    const keys = [...checked.model.keys()].sort(() => random.uint32() - 2 ** 31);
    for (const [i, key] of keys.entries()) {
      checked.delete(key);
      if (i % 40_000 === 0) checked.check();
      if (keys.length - i === 50) checked.check();
    }
    expect(checked.table.memoryBytes(checked.root), `seed ${seed}`).toBe(0);
    expect(checked.arena.usedBytes).toBe(start);
    for (let i = 0; i < 100; i++) checked.set(`key${i}`, 'again');
    checked.check();
  }
});

test('a table of few entries is small, also after it was large', () => {
  const checked = new Checked(new Arena(), 0);
  for (let i = 0; i < 5; i++) checked.set(`k${i}`, '');
  expect(checked.table.memoryBytes(checked.root)).toBe(16 * 8 + 5 * 16);
  for (let i = 5; i < 50_000; i++) checked.set(`k${i}`, '');
  for (let i = 49_999; i >= 5; i--) checked.delete(`k${i}`);
  expect(checked.table.memoryBytes(checked.root)).toBeLessThanOrEqual(64 * 8 + 5 * 16);
});

test('keys and values of every length up to megabytes', () => {
  const checked = new Checked(new Arena(), 8);
  const lengths = [0, 1, 7, 8, 255, 256, 70_000, 5_000_000];
  for (const length of lengths) {
    checked.set('k'.repeat(length), 'v');
    checked.set(`v${length}`, 'v'.repeat(length));
  }
  checked.check();
  for (const key of checked.model.keys()) checked.delete(key);
  expect(checked.table.size(checked.root)).toBe(0);
});

test('a walk gives what stays exactly once, in order, while the table grows and shrinks', () => {
  for (const seed of [1, 2, 3, 4]) {
    const random = new Prng(seed);
    const checked = new Checked(new Arena(), 0, [seed, 5]);
    const { table, root } = checked;
    for (let i = 0; i < 3000; i++) checked.set(`stays${i}`, '');
    const seen: string[] = [];
    const hashes: number[] = [];
    let cursor = 0;
    let steps = 0;
    do {
      cursor = table.scan(root, cursor, 10, (entry) => {
        hashes.push(table.entryHash(entry) >>> 0);
        if (checked.key(entry).startsWith('stays')) seen.push(checked.key(entry));
      });
      const grows = Math.floor(steps / 60) % 2 === 0;
      for (let k = 0; k < 200; k++) {
        const name = `goes${random.below(10_000)}`;
        if (grows) checked.set(name, '');
        else checked.delete(name);
      }
      invariant(cursor === 0 || (hashes.at(-1) ?? 0) < cursor, 'a cursor is past what was given');
      steps++;
    } while (cursor !== 0);
    expect(seen.length, `seed ${seed}`).toBe(3000);
    expect(new Set(seen).size).toBe(3000);
    expect(hashes).toEqual([...hashes].sort((a, b) => a - b));
    expect(steps).toBeGreaterThan(100);
    checked.check();
  }
});

test('keys that collide under an unkeyed hash do not make probes long', () => {
  // equal under every hash that adds up bytes, and as near to each other as keys can be
  const checked = new Checked(new Arena(), 0, [0x1234567, 0x89abcde]);
  const random = new Prng(3);
  for (let i = 0; i < 60_000; i++) {
    const letters = Array.from(`${i}`.padStart(8, 'a')).sort(() => random.uint32() - 2 ** 31);
    const key = letters.join('');
    if (!checked.model.has(key)) checked.set(key, '');
  }
  expect(checked.table.longestProbe(checked.root)).toBeLessThan(250);
});

test('thousands of equal hashes stay correct, and the directory small', () => {
  for (const hash of [0, -1, 12345]) {
    const checked = new Checked(new Arena(), 0);
    const { table, root, arena } = checked;
    const start = arena.usedBytes;
    for (let i = 0; i < 2000; i++) checked.set(`other${i}`, '');
    const entries: number[] = [];
    for (let i = 0; i < 2500; i++) {
      const entry = checked.create(`same${i}`, '');
      table.insert(root, hash, entry);
      entries.push(entry);
    }
    const find = (i: number): number => {
      const key = fromLatin1(`same${i}`);
      return table.find(root, key, 0, key.length, hash);
    };
    expect(entries.every((entry, i) => find(i) === entry)).toBe(true);
    expect(table.memoryBytes(root)).toBeLessThan(4500 * 64);
    let visited = 0;
    for (let cursor = -1; cursor !== 0; ) {
      cursor = table.scan(root, Math.max(cursor, 0), 10, () => visited++);
    }
    expect(visited).toBe(4500);
    for (const [i, entry] of entries.entries()) {
      table.remove(root, hash, entry);
      arena.free(entry);
      if (i % 50 !== 0) continue;
      invariant(find(i) === 0 && (find(2499) !== 0) === i < 2499, 'equal hashes come apart');
    }
    checked.check();
    for (let i = 0; i < 2000; i++) checked.delete(`other${i}`);
    expect(arena.usedBytes).toBe(start);
  }
});

test('every entry is drawn about as often as any other', () => {
  for (const size of [1, 12, 3000]) {
    const random = new Prng(size);
    const checked = new Checked(new Arena(), 0);
    for (let i = 0; i < size * 3; i++) checked.set(`k${i}`, '');
    for (let i = size; i < size * 3; i++) checked.delete(`k${i}`);
    const drawn = new Map<number, number>();
    for (let i = 0; i < size * 40; i++) {
      const entry = checked.table.random(checked.root, random);
      drawn.set(entry, (drawn.get(entry) ?? 0) + 1);
    }
    expect(drawn.size).toBe(size);
    expect(Math.min(...drawn.values())).toBeGreaterThanOrEqual(8);
    expect(Math.max(...drawn.values())).toBeLessThanOrEqual(90);
  }
  const empty = new Checked(new Arena(), 0);
  expect(empty.table.random(empty.root, new Prng(1))).toBe(0);
});

test('a table is freed in slices and stays a table meanwhile', () => {
  const checked = new Checked(new Arena(), 0);
  const { table, root, arena } = checked;
  const start = arena.usedBytes;
  for (let i = 0; i < 30_000; i++) checked.set(`k${i}`, `${i}`);
  for (let left = 30_000; left > 0; left -= 700) {
    expect(table.freeSlice(root, 700)).toBe(Math.min(700, left));
    for (const key of checked.model.keys()) {
      if (checked.find(key) === 0) checked.model.delete(key);
    }
    if (left % 9 === 0) checked.check();
  }
  expect(table.freeSlice(root, 700)).toBe(0);
  expect(arena.usedBytes).toBe(start);
});

test('a copy is equal and shares nothing', () => {
  const checked = new Checked(new Arena(), 8);
  for (let i = 0; i < 5000; i++) checked.set(`k${i}`, `${i}`);
  const copy = new Checked(checked.arena, 8);
  checked.table.copy(checked.root, copy.root);
  for (const [key, value] of checked.model) copy.model.set(key, value);
  for (let i = 0; i < 4990; i++) checked.delete(`k${i}`);
  checked.check();
  copy.check();
});

test('compaction moves entries and segments together and tells of each move', () => {
  const random = new Prng(8);
  const checked = new Checked(new Arena(), 0);
  const { table, root, arena } = checked;
  for (let i = 0; i < 150_000; i++) checked.set(`key${i}`, 'v'.repeat(random.below(2000)));
  for (let i = 0; i < 150_000; i++) if (!random.chance(0.1)) checked.delete(`key${i}`);
  const before = arena.reservedBytes;
  let moves = 0;
  const moved = (old: number, next: number): void => {
    moves++;
    invariant(checked.key(next) === checked.key(old), 'the old and the new block are equal');
  };
  for (let pass = 0; pass < 5; pass++) {
    for (let cursor = table.compactSlice(root, 0, 1000, moved); cursor !== 0; ) {
      cursor = table.compactSlice(root, cursor, 1000, moved);
    }
  }
  expect(moves).toBeGreaterThan(10_000);
  expect(arena.reservedBytes).toBeLessThan(before * 0.6);
  checked.check();
});

test('when memory runs out an insert fails, and what was there stays', () => {
  const checked = new Checked(new Arena(2047, 2048), 0);
  const filled: number[] = [];
  const fill = (length: number): void => {
    for (;;) filled.push(checked.arena.alloc(length));
  };
  for (let i = 0; i < 12; i++) checked.set(`k${i}`, '');
  expect(() => fill(16_384)).toThrow(ArenaFullError);
  expect(() => fill(256)).toThrow(ArenaFullError);
  const entries: number[] = [];
  const insert = (): void => {
    for (let i = 0; ; i++) {
      entries.push(checked.create(`more${i}`, ''));
      checked.table.insert(checked.root, checked.hashOf(`more${i}`), entries[i]);
    }
  };
  expect(insert).toThrow(ArenaFullError);
  expect(checked.table.size(checked.root)).toBe(12 + entries.length - 1);
  for (const key of checked.model.keys()) expect(checked.find(key)).not.toBe(0);
  for (const block of filled) checked.arena.free(block);
  const last = entries.length - 1;
  checked.table.insert(checked.root, checked.hashOf(`more${last}`), entries[last]);
  expect(checked.find(`more${last}`)).toBe(entries[last]);
});
