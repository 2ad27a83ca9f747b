import { expect, test } from 'vitest';
import { parseCsv } from './redis-benchmark.ts';

test('the figures of a command are read from what redis-benchmark prints', () => {
  const output = [
    'WARNING: Could not fetch server CONFIG',
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"',
    '"SET k "," v","93457.95","0.274","0.072","0.263","0.391","0.463","1.815"',
  ].join('\n');
  expect(parseCsv(output)).toEqual({ perSecond: 93457.95, p50Ms: 0.263, p99Ms: 0.463 });
});

test('an error of the server is what is reported', () => {
  expect(() => parseCsv('Error from server: LOADING it\n')).toThrow(/^LOADING it$/);
  expect(() => parseCsv('')).toThrow('redis-benchmark');
});
