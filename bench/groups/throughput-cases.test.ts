import { expect, test } from 'vitest';
import { ALL, titleOf, USUAL, withValue } from './throughput-cases.ts';

test('names are unique, and the usual cases are among all', () => {
  const names = ALL.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining([...USUAL]));
  expect(USUAL).toContain('get-p1-c500');
  expect(USUAL).not.toContain('hset-p16-1k');
});

test('a title says what is not usual', () => {
  const title = (wanted: string) => ALL.filter(({ name }) => name === wanted).map(titleOf);
  expect(title('get-p16')).toEqual(['GET, P16']);
  expect(title('set-p1-1k-c500')).toEqual(['SET, P1, 1 KiB, 500 connections']);
});

test('values have their size', () => {
  expect(withValue('SET k VALUE', 3)).toBe('SET k xxx');
});
