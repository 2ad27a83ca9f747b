/** The longest time for which nothing else was done: in our keyspace alone, and in servers under churn. */
import { figure, table } from '#bench/measure/markdown.ts';
import { holdfast } from '#bench/servers/holdfast.ts';
import { inMemory } from '#bench/servers/peers.ts';
import { keyspaceStalls } from '#bench/stalls/keyspace-stalls.ts';
import { churnWatched, churnWithFork, fillKeys } from '#bench/stalls/served.ts';
import { type Group, type GroupContext, progress, scaled } from './group.ts';

const KEYS = 5_000_000;
const SECONDS = 60;
const NAMES = ['keyspace', 'walk', 'churn'];

export const stalls: Group = { name: 'stalls', usual: NAMES, all: NAMES, run };

async function run(context: GroupContext): Promise<string> {
  const { settings, cases } = context;
  const keys = scaled(KEYS, settings);
  const seconds = Math.max(2, Math.min(SECONDS, Math.round(SECONDS * settings.scale)));
  const alone: string[][] = [];
  if (cases.includes('keyspace')) alone.push(await keyspaceRow(keys, seconds, false));
  if (cases.includes('walk')) alone.push(await keyspaceRow(keys, seconds, true));
  const parts = [
    `${keys.toLocaleString('en')} keys, ${seconds} s of overwrites with 64 to 200 bytes, some deletes and expiries. ` +
      'Milliseconds; CPU: of the thread itself, so without what other processes took of the processor.',
  ];
  if (alone.length > 0) {
    const head = [
      '',
      'insert',
      'churn',
      'maintenance',
      'walk',
      'any, on the wall',
      'walks',
      'ops/s',
    ];
    parts.push('The keyspace alone, longest turn in ms of CPU:', table(head, alone));
  }
  if (cases.includes('churn')) parts.push(await serverTable(context, keys, seconds));
  return parts.join('\n\n');
}

async function keyspaceRow(keys: number, seconds: number, withWalk: boolean): Promise<string[]> {
  const title = withWalk ? 'churn during point-in-time walks' : 'churn';
  progress(`stalls: keyspace alone, ${title}`);
  const result = await keyspaceStalls(keys, seconds, withWalk);
  const { insert, churn, maintenance, walk } = result.longestCpuMs;
  return [
    title,
    figure(insert),
    figure(churn),
    figure(maintenance),
    withWalk ? figure(walk) : '–',
    figure(result.longestWallMs),
    withWalk ? String(result.walks) : '–',
    figure(result.opsPerSecond),
  ];
}

async function serverTable(
  { directory, peers }: GroupContext,
  keys: number,
  seconds: number,
): Promise<string> {
  const head = [
    '',
    'longest turn, CPU',
    'on the wall',
    '99.9 % of turns',
    'loop lag metric',
    'longest GC',
    'fork for BGSAVE',
    'PING 99.9 %',
    'PING longest',
    'ops/s',
  ];
  const rows: string[][] = [];
  for (const durability of ['async', 'sync'] as const) {
    const title = `Holdfast, ${durability}, 1 voter`;
    progress(`stalls: ${title}`);
    const server = await holdfast({ title, voters: 1, durability }).start(
      `${directory}/${durability}`,
    );
    try {
      await fillKeys(server, keys);
      const { stalls, probe, perSecond, loopLagMs } = await churnWatched(server, keys, seconds);
      const inside = [stalls.cpuMs, stalls.wallMs, stalls.p999Ms, loopLagMs, stalls.collectionMs];
      const outside = [probe.p999Ms, probe.longestMs, perSecond];
      rows.push([title, ...inside.map(figure), '–', ...outside.map(figure)]);
    } finally {
      await server.stop();
    }
  }
  for (const peer of peers) {
    const kind = inMemory(peer);
    progress(`stalls: ${kind.title}`);
    const server = await kind.start(`${directory}/${peer}`);
    try {
      await fillKeys(server, keys);
      const { forkMs, probe, perSecond } = await churnWithFork(server, keys, seconds);
      const unknown = ['–', '–', '–', '–', '–'];
      const figures = [forkMs, probe.p999Ms, probe.longestMs, perSecond];
      rows.push([`${kind.title}, one BGSAVE`, ...unknown, ...figures.map(figure)]);
    } finally {
      await server.stop();
    }
  }
  return `Servers, in ms; a probe sends PING every ms beside 20 connections at P16:\n\n${table(head, rows)}`;
}
