import { expect, test } from 'vitest';
import { countIn } from './leaders.ts';

test('who became primary is counted by lines of the log', () => {
  const line = (state: string): string =>
    `{"level":30,"member":"bench-0001-001","state":"${state}","term":3,"msg":"state changed"}`;
  expect(countIn([line('pending'), line('primary'), '', line('replica')].join('\n'))).toBe(1);
  expect(countIn('')).toBe(0);
});
