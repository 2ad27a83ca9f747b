/**
 * For how long writes are refused: when the primary is killed, and when it hands over by plan; under a load of a
 * writer for each key and a few readers, against a shard of a primary, a replica and a log member.
 */
import { countPrimaries } from '#bench/failover/leaders.ts';
import { type Pause, SteadyLoad } from '#bench/failover/steady-load.ts';
import { Latencies } from '#bench/load/latencies.ts';
import { figure, table } from '#bench/measure/markdown.ts';
import { holdfast, type HoldfastServer } from '#bench/servers/holdfast.ts';
import { type Group, type GroupContext, progress, scaled } from './group.ts';

const REPEATS = 100;
const SHARD = '0001';
const NAMES = ['kill', 'hand-over'];

export const failover: Group = { name: 'failover', usual: [], all: NAMES, run };

interface Outcome {
  readonly pauses: readonly Pause[];
  /** Became primary without a reason: neither after a kill nor by a hand-over. */
  readonly falsePrimaries: number;
  readonly writes: number;
  readonly reads: number;
}

async function run({ settings, cases, directory }: GroupContext): Promise<string> {
  const repeats = scaled(REPEATS, settings);
  const rows: string[][] = [];
  for (const name of cases) {
    const kind = holdfast({ title: name, voters: 3, durability: 'sync' });
    const server = await kind.start(`${directory}/${name}`);
    try {
      const outcome = await repeat(server, name, repeats);
      rows.push(rowOf(`${name}, no writer`, outcome, ({ allMs }) => allMs));
      rows.push(rowOf(`${name}, the worst writer`, outcome, ({ longestMs }) => longestMs));
    } finally {
      await server.stop();
    }
  }
  const head = ['no acknowledged write, ms', 'p50', 'p99', 'longest', 'elections without a reason'];
  return (
    `${repeats} times each; 16 writers of a key each and 4 readers, a client that follows MOVED at once and ` +
    `asks another member when its connection breaks.\n\n${table(head, rows)}`
  );
}

async function repeat(server: HoldfastServer, name: string, repeats: number): Promise<Outcome> {
  const { cluster } = server;
  const logFiles = cluster.members().map(({ logFile }) => logFile);
  const before = countPrimaries(logFiles);
  const load = new SteadyLoad(cluster.endpoints);
  const pauses: Pause[] = [];
  try {
    for (let round = 1; round <= repeats; round++) {
      await cluster.ready();
      await new Promise((resolve) => setTimeout(resolve, 300));
      load.mark();
      if (name === 'kill') {
        const primary = await cluster.primaryOf(SHARD);
        if (primary !== null) cluster.kill(primary, 'SIGKILL');
      } else {
        await cluster.handOver(SHARD);
      }
      const pause = await load.pauseUntilWritten();
      pauses.push(pause);
      progress(`failover: ${name} ${round}/${repeats}: ${Math.round(pause.allMs)} ms`);
    }
    await cluster.ready();
  } finally {
    await load.stop();
  }
  const falsePrimaries = countPrimaries(logFiles) - before - repeats;
  return { pauses, falsePrimaries, writes: load.writes, reads: load.reads };
}

function rowOf(title: string, outcome: Outcome, of: (pause: Pause) => number): string[] {
  const latencies = new Latencies();
  for (const pause of outcome.pauses) latencies.add(of(pause));
  const figures = [latencies.percentile(0.5), latencies.percentile(0.99), latencies.longestMs];
  return [title, ...figures.map(figure), String(outcome.falsePrimaries)];
}
