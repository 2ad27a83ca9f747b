import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { PayloadRing } from './payload-ring.ts';

test('payloads stay as they were until they are freed, whatever comes and goes (random)', () => {
  const seed = Date.now() % 1_000_000;
  const random = new Prng(seed);
  for (let round = 0; round < 50; round++) {
    const ring = new PayloadRing(random.below(200));
    const live: { put: Uint8Array; was: Uint8Array }[] = [];
    for (let step = 0; step < 300; step++) {
      const was = new Uint8Array(random.below(60)).map(() => random.below(256));
      const given = was.slice();
      live.push({ put: ring.put(given), was });
      given.fill(0);
      for (let count = random.below(3); count > 0 && live.length > 0; count--) {
        const oldest = live.shift();
        if (oldest !== undefined) ring.free(oldest.put);
      }
      for (const { put, was: expected } of live) expect(put, `seed ${seed}`).toEqual(expected);
    }
  }
});

test('one buffer serves as long as what lives at a time fits it', () => {
  const ring = new PayloadRing(100);
  const [first, second] = [ring.put(new Uint8Array(30)), ring.put(new Uint8Array(30))];
  const { buffer } = first;
  ring.free(first);
  let older = second;
  for (let i = 0; i < 50; i++) {
    const newer = ring.put(new Uint8Array(20 + (i % 11)));
    expect(newer.buffer).toBe(buffer);
    ring.free(older);
    older = newer;
  }
});

test('the memory of a large payload that found no room is given back when it is freed', () => {
  const ring = new PayloadRing(10);
  const large = ring.put(new Uint8Array(1 << 20));
  ring.free(large);
  expect(large.length).toBe(0);
});

test('a payload of an earlier ring is freed without harm to the others there', () => {
  const earlier = new PayloadRing(10);
  const [first, second] = [earlier.put(Uint8Array.of(1, 2)), earlier.put(Uint8Array.of(3, 4))];
  new PayloadRing(10).free(first);
  expect(second).toEqual(Uint8Array.of(3, 4));
});

test('what finds no room gets a buffer of its own', () => {
  const ring = new PayloadRing(10);
  const kept = ring.put(new Uint8Array(6).fill(1));
  const large = ring.put(new Uint8Array(6).fill(2));
  expect(large.buffer).not.toBe(kept.buffer);
  ring.free(kept);
  ring.free(large);
  expect(ring.put(new Uint8Array(10)).buffer).toBe(kept.buffer);
});
