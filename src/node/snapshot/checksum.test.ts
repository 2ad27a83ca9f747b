import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { xxh32 } from './checksum.ts';

test('the checksum is XXH32: what the reference implementation says', () => {
  const sum = (text: string, seed: number): string => {
    const bytes = utf8(`x${text}y`);
    return xxh32(new DataView(bytes.buffer), 1, bytes.length - 1, seed).toString(16);
  };
  expect(sum('', 0)).toBe('2cc5d05');
  expect(sum('a', 0)).toBe('550d7456');
  expect(sum('abc', 0)).toBe('32d153ff');
  expect(sum('Nobody inspects the spammish repetition', 0)).toBe('e2293b2f');
});
