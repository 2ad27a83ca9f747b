import { expect, test } from 'vitest';
import { ByteWriter, latin1 } from '#base/bytes.ts';
import { INT64_MAX, INT64_MIN } from '#node/resp/number.ts';
import { putInteger } from './integer-text.ts';

test('any 64-bit integer becomes its decimal digits, without an exponent', () => {
  const scratch = new ByteWriter(1);
  const powers = Array.from({ length: 54 }, (_, power) => 2 ** power);
  const numbers = [0, 7, 10, 99, 100, ...powers.flatMap((n) => [n - 1, n, -n, 1 - n || 0])];
  for (const value of [...numbers.filter(Number.isSafeInteger), INT64_MAX, INT64_MIN]) {
    putInteger(scratch, value);
    expect(latin1(scratch.bytes, 0, scratch.length)).toBe(String(value));
  }
});
