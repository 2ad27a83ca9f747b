import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { FIELD_OVERHEAD_BYTES, HashValue } from './hash.ts';

const LIMITS = { entries: 512, valueBytes: 64 };

function set(hash: HashValue, field: string, value: string): boolean {
  return hash.set(fromLatin1(field), 0, field.length, fromLatin1(value), 0, value.length, LIMITS);
}

function list(hash: HashValue): [string, string][] {
  const out: [string, string][] = [];
  for (let more = hash.first(); more; more = hash.next()) out.push(shown(hash));
  return out;
}

function shown(hash: HashValue): [string, string] {
  return [
    latin1(hash.fieldBytes, hash.fieldStart, hash.fieldEnd),
    latin1(hash.valueBytes, hash.valueStart, hash.valueEnd),
  ];
}

function change(
  hash: HashValue,
  model: Map<string, string>,
  remove: boolean,
  field: string,
  value: string,
): void {
  const changed = remove
    ? hash.delete(fromLatin1(field), 0, field.length)
    : set(hash, field, value);
  expect(changed).toBe(remove === model.has(field));
  if (remove) model.delete(field);
  else model.set(field, value);
}

function compare(hash: HashValue, model: Map<string, string>): void {
  expect(list(hash)).toEqual([...model]);
  let bytes = 0;
  for (const [f, v] of model) bytes += FIELD_OVERHEAD_BYTES + f.length + v.length;
  expect(hash.memoryBytes).toBe(bytes);
}

test('a hash is a map that keeps the order in which fields were first set', () => {
  const seed = 7;
  const random = new Prng(seed);
  const hash = new HashValue([1, 2]);
  const model = new Map<string, string>();
  for (let step = 0; step < 60_000; step++) {
    const field = `f${random.below(step < 30_000 ? 4000 : 40)}`;
    change(hash, model, random.chance(0.3), field, `${'v'.repeat(random.below(10))}${step}`);
    const probe = `f${random.below(50)}`;
    const found = hash.find(fromLatin1(probe), 0, probe.length) ? shown(hash) : null;
    expect(found).toEqual(model.has(probe) ? [probe, model.get(probe)] : null);
    if (step % 5000 === 0) compare(hash, model);
  }
  expect(list(hash.copy())).toEqual([...model]);
  expect(hash.size).toBe(model.size);
});

test('a walk gives what stays exactly once while other fields come and go', () => {
  for (const seed of [1, 2, 3]) {
    const random = new Prng(seed);
    const hash = new HashValue([seed, 2]);
    for (let i = 0; i < 3000; i++) set(hash, `stays${i}`, 'v');
    const seen: string[] = [];
    let cursor = 0;
    let steps = 0;
    do {
      cursor = hash.scan(cursor, 10, () => {
        const [field] = shown(hash);
        if (field.startsWith('stays')) seen.push(field);
      });
      for (let k = 0; k < 30; k++) {
        const name = `goes${random.below(3000)}`;
        if (random.chance(0.4)) hash.delete(fromLatin1(name), 0, name.length);
        else set(hash, name, 'x');
      }
      steps++;
    } while (cursor !== 0);
    expect(new Set(seen).size).toBe(3000);
    expect(seen.length).toBe(3000);
    expect(steps).toBeGreaterThan(100);
  }
});

test('packed ends above 512 fields or 64 bytes and does not come back', () => {
  const many = new HashValue([1, 2]);
  for (let i = 0; i < 512; i++) set(many, `f${i}`, 'v');
  expect(many.packed).toBe(true);
  set(many, 'one more', 'v');
  expect(many.packed).toBe(false);
  many.delete(fromLatin1('f0'), 0, 2);
  expect(many.packed).toBe(false);

  const long = new HashValue([1, 2]);
  set(long, 'f', 'v'.repeat(64));
  expect(long.packed).toBe(true);
  set(long, 'f', 'v'.repeat(65));
  set(long, 'f', 'v');
  expect(long.packed).toBe(false);
});

test('every field is drawn sooner or later', () => {
  const random = new Prng(5);
  const hash = new HashValue([1, 2]);
  expect(hash.random(random)).toBe(false);
  for (let i = 0; i < 40; i++) set(hash, `f${i}`, 'v');
  const drawn = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    hash.random(random);
    drawn.add(shown(hash)[0]);
  }
  expect(drawn.size).toBe(40);
});
