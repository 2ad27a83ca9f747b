import { expect, test } from 'vitest';
import { fromLatin1 } from '#base/bytes.ts';
import { addInt64, formatDouble, INT64_MAX, INT64_MIN, parseDouble, parseInt64 } from './number.ts';

const parse = (text: string) => parseInt64(fromLatin1(text), 0, text.length);

test('integers are read as string2ll reads them', () => {
  for (const good of [0, 1, -1, 42, 999999999999999, -999999999999999, 9007199254740991]) {
    expect(parse(String(good))).toBe(good);
  }
  expect(parse('9007199254740992')).toBe(9007199254740992n);
  expect(parse('9223372036854775807')).toBe(INT64_MAX);
  expect(parse('-9223372036854775808')).toBe(INT64_MIN);
  for (const bad of [
    '',
    '-',
    '+1',
    '01',
    '-0',
    '-01',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    'a',
    '0x1',
    '00',
    '9223372036854775808',
    '-9223372036854775809',
    '99999999999999999999',
  ]) {
    expect([bad, parse(bad)]).toEqual([bad, undefined]);
  }
});

test('sums beyond 64 bits are refused, sums beyond 2^53 exact', () => {
  expect(addInt64(1, 2)).toBe(3);
  expect(addInt64(Number.MAX_SAFE_INTEGER, 1)).toBe(9007199254740992n);
  expect(addInt64(9007199254740992n, -1)).toBe(Number.MAX_SAFE_INTEGER);
  expect(addInt64(INT64_MAX, 1)).toBeUndefined();
  expect(addInt64(INT64_MIN, -1)).toBeUndefined();
  expect(addInt64(INT64_MIN, INT64_MAX)).toBe(-1);
});

test('doubles are read as strtod reads them', () => {
  const good: [string, number][] = [
    ['1', 1],
    ['-1.5', -1.5],
    ['+.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['0', 0],
    ['0e999', 0],
    ['inf', Infinity],
    ['-Infinity', -Infinity],
    ['0x10', 16],
    ['0x1.8p1', 3],
  ];
  for (const [text, value] of good) expect([text, parseDouble(text)]).toEqual([text, value]);
  for (const bad of ['', ' 1', '1 ', 'nan', 'a', '1a', '.', 'e5', '1e', '1e999', '1e-999', '0x']) {
    expect([bad, parseDouble(bad)]).toEqual([bad, undefined]);
  }
});

test('doubles are printed in the shortest form', () => {
  expect([0, -0, 1, 0.1, 1e21, Infinity, -Infinity, Number.NaN].map(formatDouble)).toEqual([
    '0',
    '-0',
    '1',
    '0.1',
    '1e+21',
    'inf',
    '-inf',
    'nan',
  ]);
});
