/** Operations a second and CPU per operation, against peers that keep nothing on disk. */
import {
  compare,
  type ComparedCase,
  LEGEND,
  describeGenerator,
  type Ratio,
  renderComparison,
  type Row,
  type Run,
} from '#bench/load/comparison.ts';
import { PacedBenchmark } from '#bench/load/paced.ts';
import { fill, runLoad } from '#bench/load/run.ts';
import { holdfast } from '#bench/servers/holdfast.ts';
import { inMemory } from '#bench/servers/peers.ts';
import { request } from '#bench/servers/request.ts';
import { type Server, startAll, stopAll } from '#bench/servers/server.ts';
import type { Group, GroupContext } from './group.ts';
import { ALL, type ThroughputCase, titleOf, USUAL, withValue } from './throughput-cases.ts';

const ASYNC = 'Holdfast, async';
const SYNC = 'Holdfast, sync, 3 voters';
const REDIS = 'Redis, no persistence';
const VALKEY = 'Valkey, no persistence';

const RATIOS: readonly Ratio[] = [
  { heading: 'async ÷ Redis', ours: ASYNC, theirs: REDIS },
  { heading: 'async ÷ Valkey', ours: ASYNC, theirs: VALKEY },
  { heading: 'sync ÷ Redis', ours: SYNC, theirs: REDIS },
  { heading: 'sync ÷ Valkey', ours: SYNC, theirs: VALKEY },
];

export const throughput: Group = {
  name: 'throughput',
  usual: USUAL,
  all: ALL.map(({ name }) => name),
  run,
};

async function run({ settings, cases, directory, peers }: GroupContext): Promise<string> {
  const kinds = [
    holdfast({ title: ASYNC, voters: 1, durability: 'async' }),
    holdfast({ title: SYNC, voters: 3, durability: 'sync' }),
    ...peers.map(inMemory),
  ];
  const servers = await startAll(kinds, directory);
  const rows: Row[] = [];
  try {
    for (const one of ALL.filter(({ name }) => cases.includes(name))) {
      rows.push(await compare(servers, throughputCase(one), settings));
    }
  } finally {
    await stopAll(servers);
  }
  const titles = servers.map(({ title }) => title);
  return `50 connections and values of 64 bytes unless said otherwise; ${LEGEND}. ${describeGenerator(rows)}\n\n${renderComparison(titles, rows, RATIOS)}`;
}

/** One case as a load on any server; used by the TLS table as well. */
export function throughputCase(one: ThroughputCase): ComparedCase {
  return {
    title: titleOf(one),
    on: (server) =>
      one.load.ownGenerator === true ? byGenerator(one, server) : byBenchmark(one, server),
  };
}

function byGenerator(one: ThroughputCase, server: Server): Run {
  const { load, pipeline, connections, valueBytes } = one;
  return {
    prepare: () => start(one, server),
    run: (seconds) =>
      runLoad({
        port: server.port,
        caFile: server.caFile,
        commands: [withValue(load.command, valueBytes)],
        connections,
        pipeline,
        keys: load.keys,
        seconds,
      }),
  };
}

function byBenchmark(one: ThroughputCase, server: Server): Run {
  const { load, pipeline, connections, valueBytes } = one;
  const command = withValue(load.command, valueBytes);
  const paced = new PacedBenchmark(server, { command, pipeline, connections, keys: load.keys });
  return {
    prepare: async () => {
      await start(one, server);
      await paced.learn();
    },
    beforeRound: async (seconds) => {
      if (load.start === 'empty') await flush(server);
      if (load.stock === undefined) return;
      const count = Math.ceil(paced.requests(seconds) / load.stock.perRequests);
      await fill(server, [withValue(load.stock.command, valueBytes)], count, load.keys);
    },
    run: (seconds) => paced.run(seconds),
  };
}

async function start({ load, valueBytes }: ThroughputCase, server: Server): Promise<void> {
  await flush(server);
  const { before } = load;
  if (before === undefined) return;
  await fill(server, [withValue(before.command, valueBytes)], before.count, load.keys);
}

async function flush(server: Server): Promise<void> {
  await request(server, ['FLUSHALL']);
}
