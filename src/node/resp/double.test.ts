import { assert, double, maxSafeInteger, nat, oneof, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { fromLatin1, latin1 } from '#base/bytes.ts';
import { DOUBLE_BYTES, parseShortDecimal, writeDouble } from './double.ts';
import { formatDouble, formatSeventeenDigits, parseAnyDouble } from './number.ts';

function written(value: number): string {
  const out = new Uint8Array(DOUBLE_BYTES + 3);
  return latin1(out, 3, writeDouble(out, 3, value));
}

test('doubles have the layout of Redis 7.2', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-17, '-17'],
    [0.1, '0.1'],
    [-0.05, '-0.05'],
    [3.14159, '3.14159'],
    [100000000, '100000000'],
    [4503599627370495, '4503599627370495'],
    [9007199254740992, '9007199254740992'],
    [1e16, '10000000000000000'],
    [2 ** 60, '1152921504606846976'],
    [2 ** 62, '4611686018427387904'],
    [2 ** 63, '9223372036854776000'],
    [1e20, '1e+20'],
    [1.5e300, '1.5e+300'],
    [1e-5, '0.00001'],
    [0.000001, '0.000001'],
    [0.0000015, '1.5e-6'],
    [1e-7, '1e-7'],
    [1e-12, '1e-12'],
    [12.3456789012, '12.3456789012'],
    [12345.6789012, '1.23456789012e+4'],
    [0.30000000000000004, '0.30000000000000004'],
    [5e-324, '5e-324'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [Number.NaN, 'nan'],
  ];
  for (const [value, text] of cases) expect([value, written(value)]).toEqual([value, text]);
});

test('the quick ways to print and to read agree with the exact ones', () => {
  const decimal = tuple(maxSafeInteger(), nat(16)).map(([digits, places]) => digits / 10 ** places);
  assert(
    property(oneof(decimal, double({ noNaN: true })), (value) => {
      const text = written(value);
      expect(text).toBe(formatDouble(value));
      expect(parseAnyDouble(text)).toBe(value);
      const read = parseShortDecimal(fromLatin1(text), 0, text.length);
      expect(Number.isNaN(read) || Object.is(read, value)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('what is no short decimal is left to the exact way', () => {
  for (const text of [
    '',
    '+',
    '-',
    '.',
    '1e5',
    'inf',
    '1.2.3',
    ' 1',
    '1 ',
    '0x1',
    '1234567890123456',
  ]) {
    expect([text, parseShortDecimal(fromLatin1(text), 0, text.length)]).toEqual([text, Number.NaN]);
  }
  for (const [text, value] of [
    ['5.', 5],
    ['.5', 0.5],
    ['+007', 7],
    ['-0', -0],
    ['123456789.012345', 123456789.012345],
  ] as const) {
    expect(parseShortDecimal(fromLatin1(text), 0, text.length)).toBe(value);
  }
});

test('seventeen digits are those of printf', () => {
  const cases: [number, string][] = [
    [0.1, '0.10000000000000001'],
    [3, '3'],
    [-2.5, '-2.5'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [1e-4, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [123456.789, '123456.789'],
    [Infinity, 'inf'],
    [1.5e300, '1.5000000000000001e+300'],
  ];
  for (const [value, text] of cases) {
    expect([value, formatSeventeenDigits(value)]).toEqual([value, text]);
  }
});
