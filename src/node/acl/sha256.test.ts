import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { equalDigests, sha256 } from './sha256.ts';

test('digests are those of node:crypto for every length around the block size', () => {
  const bytes = new Uint8Array(300).map((_, i) => (i * 37) & 0xff);
  for (let length = 0; length <= bytes.length; length++) {
    const expected = createHash('sha256').update(bytes.subarray(0, length)).digest('hex');
    expect(sha256(bytes, 0, length)).toBe(expected);
  }
});

test('the digest of "abc" is the one in FIPS 180-4', () => {
  expect(sha256(utf8('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('digests are equal only as a whole', () => {
  const digest = sha256(utf8('a'));
  expect(equalDigests(digest, sha256(utf8('a')))).toBe(true);
  expect(equalDigests(digest, `${digest.slice(0, -1)}0`)).toBe(false);
  expect(equalDigests(digest, digest.slice(0, -1))).toBe(false);
});
