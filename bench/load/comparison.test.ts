import { expect, test } from 'vitest';
import type { Server } from '#bench/servers/server.ts';
import { compare, middle, renderComparison } from './comparison.ts';
import type { Measurement } from './measurement.ts';

function run(perSecond: number, cpuMicroseconds = 5): Measurement {
  const times = { p50Ms: 1, p99Ms: 2, commands: 1, generatorCpu: 0.5 };
  return { perSecond, cpuMicroseconds, cpuMicrosecondsOfAll: cpuMicroseconds, ...times };
}

test('the middle run counts, and the middle of CPU by itself', () => {
  const outcomes = [run(3, 1), run(1, 2), run(2, 3)];
  expect(middle(outcomes)).toMatchObject({ perSecond: 2, cpuMicroseconds: 2 });
});

test('ratios are of medians; one without its server is left out', () => {
  const rows = [{ title: 'SET', outcomes: [[run(50, 6), run(1), run(60)], [run(100)]] }];
  const ratios = [
    { heading: 'a ÷ b', ours: 'a', theirs: 'b' },
    { heading: 'a ÷ c', ours: 'a', theirs: 'c' },
  ];
  const [head, , line] = renderComparison(['a', 'b'], rows, ratios).split('\n');
  expect(head).toBe('|  | a | b | a ÷ b |');
  expect(line).toBe('| SET | 50 (1 / 2 ms; 5 µs) | 100 (1 / 2 ms; 5 µs) | **0.50×**, CPU 1.00× |');
});

test('a server that fails does not keep the others from being measured', async () => {
  const server = (title: string): Server => {
    return { title, port: 0, caFile: null, pids: () => [process.pid], stop: async () => {} };
  };
  const compared = {
    title: 'GET',
    on: ({ title }: Server) => ({
      prepare: async () => {
        if (title === 'bad') throw new Error('ERR unknown');
      },
      run: async () => run(7),
    }),
  };
  const servers = [server('bad'), server('good')];
  const row = await compare(servers, compared, { rounds: 2, seconds: 1 });
  expect(row.outcomes[0]).toEqual([{ failed: 'ERR unknown' }]);
  expect(row.outcomes[1]).toHaveLength(2);
  expect(renderComparison(['bad', 'good'], [row], [])).toContain('fails: ERR unknown');
});
