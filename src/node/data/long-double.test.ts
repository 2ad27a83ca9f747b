import { expect, test } from 'vitest';
import { addLongDouble, formatLongDouble, parseLongDouble } from './long-double.ts';

function sum(a: string, b: string): string | undefined {
  const [x, y] = [parseLongDouble(a), parseLongDouble(b)];
  if (x === undefined || y === undefined) return undefined;
  const result = addLongDouble(x, y);
  return result.infinite ? 'inf' : formatLongDouble(result);
}

test('sums are those of an 80-bit long double, printed with 17 decimals', () => {
  // expected values: redis-server 7.0.15 on x86-64
  const cases: [string, string, string][] = [
    ['3', '1.1', '4.1'],
    ['0.1', '0.2', '0.3'],
    ['10.5', '-10.5', '0'],
    ['-0', '-0', '0'],
    ['1', '1.234567890123456789', '2.23456789012345679'],
    ['5.0e3', '2.0e2', '5200'],
    ['1e20', '1', '100000000000000000000'],
    ['17179869184', '1.5', '17179869185.5'],
    ['0x10', '0x1.8p1', '19'],
    ['1e-18', '0', '0'],
    ['1e4932', '1e4932', 'inf'],
  ];
  for (const [a, b, expected] of cases) expect([a, b, sum(a, b)]).toEqual([a, b, expected]);
});

test('what strtold would not take whole is refused', () => {
  for (const text of ['', ' 1', '1 ', 'nan', '.', 'e1', '1e', '0x', '--1', '1e5000', '1e-5000']) {
    expect([text, parseLongDouble(text)]).toEqual([text, undefined]);
  }
  expect(parseLongDouble('-inf')).toMatchObject({ infinite: true, negative: true });
  expect(parseLongDouble('1'.repeat(5 * 1024))).toBe(undefined);
});
