import { expect, test } from 'vitest';
import { formatBytes, parseQuantity, QUANTITY_PATTERN } from './quantity.ts';

test.each([
  ['512Mi', 536870912],
  ['1Gi', 1073741824],
  ['1G', 1e9],
  ['100m', 0.1],
  ['2', 2],
  ['0.5', 0.5],
  ['1e3', 1000],
  ['12E3', 12000],
  ['1E', 1e18],
])('%s is %d', (text, value) => {
  expect(new RegExp(QUANTITY_PATTERN).test(text)).toBe(true);
  expect(parseQuantity(text)).toBe(value);
});

test.each(['', '1 Gi', '-1', 'Gi', '1GiB', '.', '1e'])('%j is no quantity', (text) => {
  expect(new RegExp(QUANTITY_PATTERN).test(text)).toBe(false);
  expect(parseQuantity(text)).toBe(undefined);
});

test('bytes are written in the largest unit that divides them', () => {
  expect([1073741824, 536870912, 1536, 1000, 0].map(formatBytes)).toEqual([
    '1Gi',
    '512Mi',
    '1536',
    '1000',
    '0',
  ]);
});
