/**
 * Whether an operation costs more when there are more keys: CPU per operation of the serving process at
 * three sizes, one server at a time, since all of them with 10 M keys do not fit beside each other.
 * Random access to more memory misses the processor's caches more often in every server: compare growth.
 */
import { isFailure, withCpu, type Outcome } from '#bench/load/measurement.ts';
import { middle } from '#bench/load/comparison.ts';
import { PacedBenchmark } from '#bench/load/paced.ts';
import { fill } from '#bench/load/run.ts';
import { cell, figure, ratio, table } from '#bench/measure/markdown.ts';
import { holdfast } from '#bench/servers/holdfast.ts';
import { inMemory } from '#bench/servers/peers.ts';
import { request } from '#bench/servers/request.ts';
import type { Server, ServerKind } from '#bench/servers/server.ts';
import { type Group, type GroupContext, progress, scaled, type Settings } from './group.ts';

interface ScaledCommand {
  readonly name: string;
  readonly command: string;
  /** Makes as many keys or members as wanted, one for each time that it is sent. */
  readonly before: string;
}

const VALUE = 'x'.repeat(64);

const COMMANDS: readonly ScaledCommand[] = [
  { name: 'get', command: 'GET key:__rand_int__', before: `SET key:__next_int__ ${VALUE}` },
  {
    name: 'set',
    command: `SET key:__rand_int__ ${VALUE}`,
    before: `SET key:__next_int__ ${VALUE}`,
  },
  {
    name: 'hset',
    command: 'HSET hash:__rand_int__ field value',
    before: 'HSET hash:__next_int__ field value other 1',
  },
  {
    name: 'zadd',
    command: 'ZADD zset __rand_int__ member:__rand_int__',
    before: 'ZADD zset __rand_int__ member:__next_int__',
  },
];
const NAMES = COMMANDS.map(({ name }) => name);
const SIZES = [100_000, 1_000_000, 10_000_000];
const CONNECTIONS = 50;
const PIPELINE = 16;

export const scaling: Group = { name: 'scaling', usual: NAMES, all: NAMES, run };

async function run({ settings, cases, directory, peers }: GroupContext): Promise<string> {
  const kinds = [
    holdfast({ title: 'Holdfast, async', voters: 1, durability: 'async' }),
    ...peers.map(inMemory),
  ];
  const sizes = SIZES.map((size) => scaled(size, settings));
  const rows: string[][] = [];
  for (const command of COMMANDS.filter(({ name }) => cases.includes(name))) {
    for (const [at, kind] of kinds.entries()) {
      const own = `${directory}/${command.name}-${at}`;
      const outcomes = await measure(kind, own, command, sizes, settings);
      const [smallest, largest] = [outcomes[0], outcomes[sizes.length - 1]].map(cpuOf);
      rows.push([
        `${command.name.toUpperCase()}, ${kind.title}`,
        ...outcomes.map(describe),
        ratio(largest, smallest),
      ]);
    }
  }
  const head = ['', ...sizes.map((size) => `${size.toLocaleString('en')} keys`), 'last ÷ first'];
  const about = `P${PIPELINE}, ${CONNECTIONS} connections; ZADD: members of one sorted set`;
  return `${about}. CPU per operation of the serving process in µs (operations a second).\n\n${table(head, rows)}`;
}

async function measure(
  kind: ServerKind,
  directory: string,
  command: ScaledCommand,
  sizes: readonly number[],
  settings: Settings,
): Promise<Outcome[]> {
  const server = await kind.start(directory);
  const outcomes: Outcome[] = [];
  try {
    for (const size of sizes) {
      const outcome = await measureSize(server, command, size, settings).catch(
        (error: unknown): Outcome => ({
          failed: error instanceof Error ? error.message : String(error),
        }),
      );
      outcomes.push(outcome);
      progress(`${command.name}, ${size} keys, ${kind.title}: ${describe(outcome)}`);
    }
  } finally {
    await server.stop();
  }
  return outcomes;
}

async function measureSize(
  server: Server,
  { command, before }: ScaledCommand,
  size: number,
  { rounds, seconds }: Settings,
): Promise<Outcome> {
  await request(server, ['FLUSHALL']);
  await fill(server, [before], size, size);
  const load = { command, connections: CONNECTIONS, pipeline: PIPELINE, keys: size };
  const paced = new PacedBenchmark(server, load);
  await paced.learn();
  const outcomes: Outcome[] = [];
  for (let round = 0; round < rounds; round++) {
    outcomes.push(await withCpu(server, () => paced.run(seconds)));
  }
  return middle(outcomes);
}

function cpuOf(outcome: Outcome): number {
  return isFailure(outcome) ? Number.NaN : outcome.cpuMicroseconds;
}

function describe(outcome: Outcome): string {
  if (isFailure(outcome)) return cell(`fails: ${outcome.failed}`.slice(0, 60));
  return `${figure(outcome.cpuMicroseconds)} (${figure(outcome.perSecond)}/s)`;
}
