import { expect, test } from 'vitest';
import { ByteRange } from '#base/byte-range.ts';
import { Prng } from '#base/prng.ts';
import { ContentDigest } from './content-digest.ts';
import { TYPE_STRING } from './record.ts';
import { Driver } from './testing/driver.ts';

const driver = new Driver('replica');

/** The digest of a keyspace that was filled like this. */
function digestOf(fill: () => void): string {
  driver.keyspace.clear();
  fill();
  return driver.keyspace.digest();
}

test('the digest of given content never changes', () => {
  const digest = digestOf(() => {
    driver.set('string', 'value', 1_764_000_000_001);
    driver.set('long', 'x'.repeat(40_000));
    driver.hashSet('hash', 'field', 'value');
    driver.setAdd('set', 'member');
    driver.sortedSetAdd('zset', 1.5, 'member');
    for (const element of ['a', '', 'c']) driver.push('list', false, element);
  });
  expect(digest).toBe('da1f46acd298acf1899c8ef0da899029');
});

test('content that differs a little has another digest: none of many contents has that of another', () => {
  const seen = new Map<string, string>();
  const note = (what: string, fill: () => void): void => {
    const digest = digestOf(fill);
    expect({ what, same: seen.get(digest) }).toEqual({ what, same: undefined });
    seen.set(digest, what);
  };
  note('nothing', () => undefined);
  const texts = ['', 'a', 'b', 'ab', 'ba', '\0', 'a\0', '\0a', 'a'.repeat(16), 'a'.repeat(17)];
  for (const [i, text] of texts.entries()) {
    note(`string ${i}`, () => driver.set('k', text));
    note(`key ${i}`, () => driver.set(`k${text}`, 'k'));
    note(`expiry ${i}`, () => driver.set('k', text, 2_000_000));
    note(`field ${i}`, () => driver.hashSet('k', text, 'value'));
    note(`value ${i}`, () => driver.hashSet('k', 'field', text));
    note(`member ${i}`, () => driver.setAdd('k', text));
    note(`score ${i}`, () => driver.sortedSetAdd('k', i, 'member'));
    note(`scored ${i}`, () => driver.sortedSetAdd('k', -1, text));
    note(`element ${i}`, () => driver.push('k', true, text));
    note(`zeros ${i}`, () => driver.set('k', '\0'.repeat(20 + i)));
    note(`chunks ${i}`, () => driver.set('k', '\0'.repeat(16_380 + i)));
  }
  // what was exchanged between elements
  for (const [what, pairs] of [
    ['as they are', ['a1', 'b2']],
    ['exchanged', ['a2', 'b1']],
    ['equal', ['a1', 'b1']],
  ] as const) {
    note(`fields ${what}`, () => {
      for (const [field, value] of pairs) driver.hashSet('k', field, value);
    });
    note(`scores ${what}`, () => {
      for (const [member, score] of pairs) driver.sortedSetAdd('k', Number(score), member);
    });
    note(`keys ${what}`, () => {
      for (const [key, value] of pairs) driver.set(key, value);
    });
    note(`list ${what}`, () => {
      for (const element of pairs) driver.push('k', false, element[1]);
    });
  }
  note('-0', () => driver.sortedSetAdd('k', -0, 'zero'));
  expect(digestOf(() => driver.sortedSetAdd('k', 0, 'zero'))).toBe(
    digestOf(() => driver.sortedSetAdd('k', -0, 'zero')),
  );
});

/** As of the only key, without a name, which is this string. */
function digestOfString(bytes: Uint8Array): string {
  const content = new ContentDigest();
  const range = new ByteRange();
  content.begin(TYPE_STRING, 0, range);
  range.set(bytes, new DataView(bytes.buffer), 0, bytes.length);
  content.addString(range);
  return content.text;
}

test('every bit of a value changes about half of the bits of the digest', () => {
  const seed = 4;
  const random = new Prng(seed);
  const tries = 200;
  for (const length of [1, 7, 16, 33, 200, 20_000]) {
    let changed = 0;
    const perBit = new Float64Array(128);
    for (let i = 0; i < tries; i++) {
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      const digest = (): bigint => BigInt(`0x${digestOfString(bytes)}`);
      const before = digest();
      const bit = random.below(length * 8);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const difference = before ^ digest();
      for (let at = 0; at < 128; at++) {
        if (((difference >> BigInt(at)) & 1n) === 0n) continue;
        changed++;
        perBit[at]++;
      }
    }
    expect(Math.abs(changed / tries - 64)).toBeLessThan(3);
    for (const count of perBit) expect(Math.abs(count / tries - 0.5)).toBeLessThan(0.2);
  }
});
