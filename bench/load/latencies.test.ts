import { expect, test } from 'vitest';
import { Latencies } from './latencies.ts';

test('percentiles are those of what was added', () => {
  const latencies = new Latencies();
  expect(latencies.percentile(0.5)).toBe(0);
  for (let ms = 1; ms <= 100; ms++) latencies.add(ms - 0.005);
  expect(latencies.percentile(0.5)).toBe(50);
  expect(latencies.percentile(0.99)).toBe(99);
  expect(latencies.percentile(1)).toBe(100);
  expect(latencies.longestMs).toBe(99.995);
});
