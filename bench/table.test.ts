import { expect, test } from 'vitest';
import { parseCsv } from './benchmark.ts';
import { median, renderTable } from './table.ts';

const run = (perSecond: number) => ({ perSecond, p50Ms: 1, p99Ms: 2 });

test('the median run counts, and ratios are of medians', () => {
  expect(median([run(3), run(1), run(2)]).perSecond).toBe(2);
  const table = renderTable(
    ['ours', 'theirs'],
    [{ title: 'SET', runs: [[run(50), run(1), run(60)], [run(100)]] }],
  );
  expect(table.split('\n')[2]).toBe('| SET | 50/s (1 / 2 ms) | 100/s (1 / 2 ms) | 0.50× |');
});

test('the line of a command is read from what redis-benchmark prints', () => {
  const output = [
    'WARNING: Could not fetch server CONFIG',
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"',
    '"SET","93457.95","0.274","0.072","0.263","0.391","0.463","1.815"',
  ].join('\n');
  expect(parseCsv(output, 'set')).toEqual({ perSecond: 93457.95, p50Ms: 0.263, p99Ms: 0.463 });
  expect(() => parseCsv('Error from server: LOADING', 'set')).toThrow('LOADING');
});
