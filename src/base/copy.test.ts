import { expect, test } from 'vitest';
import { ByteRange } from './byte-range.ts';
import { copyBytes, sameBytes, viewOf } from './copy.ts';
import { Prng } from './prng.ts';

function noise(random: Prng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

test('a copy changes exactly its range, for every length and offset', () => {
  const seed = 11;
  const random = new Prng(seed);
  for (let count = 0; count <= 300; count++) {
    const source = noise(random, 400);
    const target = noise(random, 400);
    const to = random.below(100);
    const from = random.below(100);
    const expected = target.slice();
    expected.set(source.subarray(from, from + count), to);
    copyBytes(viewOf(target), to, viewOf(source), from, count);
    expect(target, `seed ${seed} count ${count}`).toEqual(expected);
  }
});

test('a copy towards the start may overlap what it reads', () => {
  const random = new Prng(12);
  for (let count = 0; count <= 300; count++) {
    const bytes = noise(random, 400);
    const from = random.below(90);
    const to = random.below(from + 1);
    const expected = bytes.slice().copyWithin(to, from, from + count);
    copyBytes(viewOf(bytes), to, viewOf(bytes), from, count);
    expect(bytes, `from ${from} to ${to} count ${count}`).toEqual(expected);
  }
});

test('bytes are the same when each of them is, for every length and offset', () => {
  const random = new Prng(13);
  for (let count = 0; count <= 40; count++) {
    const a = noise(random, 60);
    const b = noise(random, 60);
    const [aStart, bStart] = [random.below(20), random.below(20)];
    b.set(a.subarray(aStart, aStart + count), bStart);
    expect(sameBytes(viewOf(a), aStart, viewOf(b), bStart, count)).toBe(true);
    for (let at = 0; at < count; at++) {
      b[bStart + at] ^= 1 << random.below(8);
      expect(sameBytes(viewOf(a), aStart, viewOf(b), bStart, count), `${at}/${count}`).toBe(false);
      b[bStart + at] = a[aStart + at];
    }
  }
});

test('a view covers what its array covers, however many arrays take turns', () => {
  const whole = new Uint8Array([9, 1, 2, 3, 4, 5, 6, 7]);
  const parts = [whole.subarray(1, 3), whole.subarray(3, 8), whole, new Uint8Array(0)];
  for (let round = 0; round < 20; round++) {
    const part = parts[(round * 7) % parts.length];
    const view = viewOf(part);
    expect(viewOf(part)).toBe(view);
    expect(view.byteLength).toBe(part.length);
    for (let i = 0; i < part.length; i++) expect(view.getUint8(i)).toBe(part[i]);
  }
});

test('a large array is not kept by the view that was asked for', () => {
  const small = new Uint8Array(1);
  const view = viewOf(small);
  const large = new Uint8Array(17 * 1024 * 1024);
  expect(viewOf(large)).not.toBe(viewOf(large));
  expect(viewOf(large).byteLength).toBe(large.length);
  expect(viewOf(small)).toBe(view);
});

test('a byte range moves, and clears to nothing', () => {
  const bytes = new Uint8Array(10);
  const range = new ByteRange();
  expect(range.length).toBe(0);
  range.set(bytes, viewOf(bytes), 2, 9);
  expect([range.bytes, range.start, range.end, range.length]).toEqual([bytes, 2, 9, 7]);
  range.clear();
  expect([range.bytes.length, range.length]).toEqual([0, 0]);
});
