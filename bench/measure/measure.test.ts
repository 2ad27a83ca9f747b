import { expect, test } from 'vitest';
import { cell, figure, ratio, table } from './markdown.ts';
import { median, medianBy } from './median.ts';
import { cpuNanoseconds, parseSchedstat, parseTicks } from './process-cpu.ts';
import { parseResident, residentBytes } from './process-memory.ts';

test('the middle one counts', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([])).toBeNaN();
  expect(medianBy([{ a: 3 }, { a: 1 }, { a: 2 }], ({ a }) => a)).toEqual({ a: 2 });
});

test('figures have three digits, or all those before the point', () => {
  expect([1234567.4, 100, 12.345, 0.12345, 0, Number.NaN].map(figure)).toEqual([
    '1,234,567',
    '100',
    '12.3',
    '0.123',
    '0',
    '–',
  ]);
  expect(ratio(1, 3)).toBe('0.33×');
  expect(ratio(1, 0)).toBe('–');
});

test('a table is one line per row, and a cell stays in its place', () => {
  expect(table(['', 'a'], [['x', '1']])).toBe('|  | a |\n| --- | ---: |\n| x | 1 |');
  expect(cell('a |\n b')).toBe('a \\| b');
});

test('figures of the kernel are read', () => {
  expect(parseSchedstat('123 456 7\n')).toBe(123);
  const stat = '7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 110 120 0 0 20';
  expect(parseTicks(stat)).toEqual({ user: 110, kernel: 120 });
  expect(parseResident('VmHWM:\t 99 kB\nVmRSS:\t    42 kB\n')).toBe(42 * 1024);
  expect(cpuNanoseconds(process.pid)).toBeGreaterThan(0);
  expect(residentBytes(process.pid)).toBeGreaterThan(1 << 20);
});
