/** What encryption costs: the same loads with TLS and without, ours with its own certificate for both. */
import {
  compare,
  LEGEND,
  describeGenerator,
  type Ratio,
  renderComparison,
  type Row,
} from '#bench/load/comparison.ts';
import { holdfast } from '#bench/servers/holdfast.ts';
import { inMemory, withTls } from '#bench/servers/peers.ts';
import { type Server, stopAll } from '#bench/servers/server.ts';
import { type Group, type GroupContext, progress } from './group.ts';
import { throughputCase } from './throughput.ts';
import { ALL } from './throughput-cases.ts';

const PLAIN = 'Holdfast, async';
const TLS = 'Holdfast, async, TLS';

const RATIOS: readonly Ratio[] = [
  { heading: 'TLS: ours ÷ Redis', ours: TLS, theirs: 'Redis, TLS' },
  { heading: 'plain: ours ÷ Redis', ours: PLAIN, theirs: 'Redis, no persistence' },
  { heading: 'ours: TLS ÷ plain', ours: TLS, theirs: PLAIN },
  { heading: 'Redis: TLS ÷ plain', ours: 'Redis, TLS', theirs: 'Redis, no persistence' },
];

const NAMES = ['get', 'set'].flatMap((command) => [1, 16, 64].map((at) => `${command}-p${at}`));

export const tls: Group = { name: 'tls', usual: NAMES, all: NAMES, run };

async function run({ settings, cases, directory, peers }: GroupContext): Promise<string> {
  const servers: Server[] = [];
  const rows: Row[] = [];
  try {
    const options = { voters: 1, durability: 'async' } as const;
    const ours = await holdfast({ ...options, title: TLS, tls: true }).start(`${directory}/tls`);
    servers.push(ours);
    servers.push(await holdfast({ ...options, title: PLAIN }).start(`${directory}/plain`));
    if (peers.includes('redis-server')) {
      const theirs = withTls('redis-server', ours.certificate);
      servers.push(await theirs.start(`${directory}/redis-tls`));
      servers.push(await inMemory('redis-server').start(`${directory}/redis`));
    }
    progress(`started ${servers.map(({ title }) => title).join('; ')}`);
    for (const one of ALL.filter(({ name }) => cases.includes(name))) {
      rows.push(await compare(servers, throughputCase(one), settings));
    }
  } finally {
    await stopAll(servers);
  }
  const titles = servers.map(({ title }) => title);
  return `50 connections, values of 64 bytes; ${LEGEND}. ${describeGenerator(rows)}\n\n${renderComparison(titles, rows, RATIOS)}`;
}
