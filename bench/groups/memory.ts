/**
 * Resident memory per item: what the process has more after a load than before it. Each structure in a
 * fresh process that was warmed up by writes which leave nothing, so that buffers of fixed size (ours:
 * log cache, young generation, compiled code) are not counted as items. Ours collects its garbage before either
 * measurement: how much there is depends on when it last did, and may be more than the items.
 */
import { fill } from '#bench/load/run.ts';
import { Inspector } from '#bench/measure/inspector.ts';
import { cell, figure, mebibytes, ratio, table } from '#bench/measure/markdown.ts';
import { settledResidentBytes } from '#bench/measure/process-memory.ts';
import { holdfast, type HoldfastServer } from '#bench/servers/holdfast.ts';
import { inMemory } from '#bench/servers/peers.ts';
import { integer, request } from '#bench/servers/request.ts';
import type { Server, ServerKind } from '#bench/servers/server.ts';
import { type Group, type GroupContext, progress, scaled, type Settings } from './group.ts';

interface Structure {
  readonly name: string;
  readonly title: string;
  readonly items: number;
  /** `__next_int__` has twelve digits. */
  readonly command: string;
  /** Its answer is the number of items. */
  readonly count: readonly string[];
}

interface Growth {
  readonly beforeBytes: number;
  readonly bytesPerItem: number;
}

const VALUE = 'x'.repeat(64);
const EIGHT_FIELDS = [1, 2, 3, 4, 5, 6, 7, 8].map((at) => `f${at} value${at}`).join(' ');

const STRUCTURES: readonly Structure[] = [
  {
    name: 'strings',
    title: 'string, key of 16 bytes, value of 64',
    items: 5_000_000,
    command: `SET key:__next_int__ ${VALUE}`,
    count: ['DBSIZE'],
  },
  {
    name: 'hashes',
    title: 'hash of 8 small fields',
    items: 1_000_000,
    command: `HSET hash:__next_int__ ${EIGHT_FIELDS}`,
    count: ['DBSIZE'],
  },
  {
    name: 'set',
    title: 'member of one set, 20 bytes',
    items: 1_000_000,
    command: 'SADD set element:__next_int__',
    count: ['SCARD', 'set'],
  },
  {
    name: 'zset',
    title: 'member of one sorted set, 20 bytes',
    items: 1_000_000,
    command: 'ZADD zset __rand_int__ element:__next_int__',
    count: ['ZCARD', 'zset'],
  },
  {
    name: 'hash',
    title: 'field of one hash, 20 bytes, value of 20',
    items: 1_000_000,
    command: 'HSET hash element:__next_int__ element:__next_int__',
    count: ['HLEN', 'hash'],
  },
  {
    name: 'list',
    title: 'element of one list, 20 bytes',
    items: 1_000_000,
    command: 'RPUSH list element:__next_int__',
    count: ['LLEN', 'list'],
  },
];
const NAMES = STRUCTURES.map(({ name }) => name);
/** 160 MiB in all: more than the log cache holds. */
const WARM_UP = { command: `SET warm:__rand_int__ ${'x'.repeat(4096)}`, count: 40_000, keys: 10 };

export const memory: Group = { name: 'memory', usual: NAMES, all: NAMES, run };

async function run({ settings, cases, directory, peers }: GroupContext): Promise<string> {
  const kinds = [
    holdfast({ title: 'Holdfast', voters: 1, durability: 'async' }),
    ...peers.map(inMemory),
  ];
  const rows: string[][] = [];
  for (const structure of STRUCTURES.filter(({ name }) => cases.includes(name))) {
    const outcomes: (Growth | string)[] = [];
    for (const [at, kind] of kinds.entries()) {
      const outcome = await measure(
        kind,
        `${directory}/${structure.name}-${at}`,
        structure,
        settings,
      );
      progress(`memory, ${structure.title}, ${kind.title}: ${show(outcome)}`);
      outcomes.push(outcome);
    }
    const [ours, ...theirs] = outcomes;
    const items = scaled(structure.items, settings).toLocaleString('en');
    rows.push([
      `${structure.title} (${items})`,
      show(ours),
      ...theirs.flatMap((their) => [show(their), ratio(perItem(ours), perItem(their))]),
    ]);
  }
  const [ours, ...theirs] = kinds.map(({ title }) => title);
  const head = ['bytes per item', ours, ...theirs.flatMap((title) => [title, 'ours ÷ it'])];
  return `Resident memory after minus before the load, per item (in parentheses that before); each in a fresh process.\n\n${table(head, rows)}`;
}

/** What the items took, or why there are none. */
async function measure(
  kind: ServerKind,
  directory: string,
  structure: Structure,
  settings: Settings,
): Promise<Growth | string> {
  const server = await kind.start(directory);
  try {
    return await grow(server, structure, settings);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await server.stop();
  }
}

async function grow(server: Server, structure: Structure, settings: Settings): Promise<Growth> {
  const items = scaled(structure.items, settings);
  await fill(server, [WARM_UP.command], WARM_UP.count, WARM_UP.keys);
  await request(server, ['FLUSHALL']);
  const before = await residentBytesAtRest(server);
  await fill(server, [structure.command], items, 1_000_000_000);
  const after = await residentBytesAtRest(server);
  const found = await integer(server, structure.count);
  if (found !== items) throw new Error(`${found} of ${items} items`);
  progress(`${server.title}: ${mebibytes(before)} before, ${mebibytes(after)} after`);
  return { beforeBytes: before, bytesPerItem: (after - before) / items };
}

async function residentBytesAtRest(server: Server | HoldfastServer): Promise<number> {
  const [pid] = server.pids();
  if ('logFile' in server) {
    const inspector = await Inspector.open(pid, server.logFile);
    await inspector.call('HeapProfiler.collectGarbage');
    inspector.close();
  }
  return await settledResidentBytes(pid);
}

function perItem(outcome: Growth | string): number {
  return typeof outcome === 'string' ? Number.NaN : outcome.bytesPerItem;
}

/** With what the process had before: the fixed cost, which no item pays. */
function show(outcome: Growth | string): string {
  if (typeof outcome === 'string') return cell(`fails: ${outcome}`.slice(0, 60));
  return `${figure(outcome.bytesPerItem)} (${mebibytes(outcome.beforeBytes)})`;
}
