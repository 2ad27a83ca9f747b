/**
 * Writes whose reply means that they are on disk. WAITAOF is sent after each command without pipelining
 * and once per pipeline else, in the same packet: the kindest way. Our own generator for all servers.
 */
import {
  compare,
  type ComparedCase,
  LEGEND,
  describeGenerator,
  type Ratio,
  renderComparison,
  type Row,
} from '#bench/load/comparison.ts';
import { fill, runLoad } from '#bench/load/run.ts';
import { holdfast } from '#bench/servers/holdfast.ts';
import { appendAlways, waitAof } from '#bench/servers/peers.ts';
import { request } from '#bench/servers/request.ts';
import { startAll, stopAll } from '#bench/servers/server.ts';
import type { Group, GroupContext } from './group.ts';
import { COMMANDS, PIPELINES, withValue } from './throughput-cases.ts';

const SINGLE = 'Holdfast, 1 voter';
const THREE = 'Holdfast, 3 voters';
const REDIS = 'Redis, appendfsync always';
const VALKEY = 'Valkey, appendfsync always';
const WAIT_AOF = 'Valkey, primary + replica, WAITAOF 1 1';

const RATIOS: readonly Ratio[] = [
  { heading: '1 voter ÷ Redis', ours: SINGLE, theirs: REDIS },
  { heading: '1 voter ÷ Valkey', ours: SINGLE, theirs: VALKEY },
  { heading: '3 voters ÷ Redis', ours: THREE, theirs: REDIS },
  { heading: '3 voters ÷ Valkey', ours: THREE, theirs: VALKEY },
  { heading: '3 voters ÷ WAITAOF', ours: THREE, theirs: WAIT_AOF },
];

const VALUE_BYTES = 64;
const CONNECTIONS = 50;

interface DurableCase {
  readonly name: string;
  readonly command: 'set' | 'hset' | 'incr';
  readonly pipeline: number;
}

const CASES: readonly DurableCase[] = (['set', 'hset', 'incr'] as const).flatMap((command) =>
  PIPELINES.map((pipeline) => ({ name: `${command}-p${pipeline}`, command, pipeline })),
);
const NAMES = CASES.map(({ name }) => name);

export const durable: Group = { name: 'durable', usual: NAMES, all: NAMES, run };

async function run({ settings, cases, directory, peers }: GroupContext): Promise<string> {
  const kinds = [
    holdfast({ title: SINGLE, voters: 1, durability: 'sync' }),
    holdfast({ title: THREE, voters: 3, durability: 'sync' }),
    ...peers.map(appendAlways),
    ...(peers.includes('valkey-server') ? [waitAof()] : []),
  ];
  const servers = await startAll(kinds, directory);
  const rows: Row[] = [];
  try {
    for (const one of CASES.filter(({ name }) => cases.includes(name))) {
      rows.push(await compare(servers, durableCase(one), settings));
    }
  } finally {
    await stopAll(servers);
  }
  const titles = servers.map(({ title }) => title);
  const about = `${CONNECTIONS} connections, values of ${VALUE_BYTES} bytes, our load generator for all`;
  return `${about}; ${LEGEND}. ${describeGenerator(rows)}\n\n${renderComparison(titles, rows, RATIOS)}`;
}

function durableCase({ command, pipeline }: DurableCase): ComparedCase {
  const load = COMMANDS[command];
  return {
    title: `${command.toUpperCase()}, P${pipeline}`,
    on: (server) => ({
      prepare: async () => {
        await request(server, ['FLUSHALL']);
        if (load.before === undefined) return;
        const { command: before, count } = load.before;
        await fill(server, [withValue(before, VALUE_BYTES)], count, load.keys);
      },
      run: (seconds) =>
        runLoad({
          port: server.port,
          commands: [withValue(load.command, VALUE_BYTES)],
          ...(server.title === WAIT_AOF ? { trailer: 'WAITAOF 1 1 0' } : {}),
          connections: CONNECTIONS,
          pipeline,
          keys: load.keys,
          seconds,
        }),
    }),
  };
}
