import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { checksum } from './checksum.ts';

test('the checksum is the CRC-32 of FORMAT.md, and continues from what came before', () => {
  const bytes = utf8('x123456789y');
  expect(checksum(bytes, 1, 10)).toBe(0xcbf43926);
  expect(checksum(bytes, 5, 10, checksum(bytes, 1, 5))).toBe(0xcbf43926);
  expect(checksum(bytes, 3, 3, 77)).toBe(77);
});
