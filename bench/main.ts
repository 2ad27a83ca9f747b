/**
 * `npm run bench [-- CASE…]`: ours against redis-server and valkey-server, in the same run on the same
 * machine. A case is GROUP:CASE or a beginning of it; tables go to stdout, what goes on to stderr.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { durable } from './groups/durable.ts';
import { failover } from './groups/failover.ts';
import type { Group, Settings } from './groups/group.ts';
import { large } from './groups/large.ts';
import { memory } from './groups/memory.ts';
import { profile } from './groups/profile.ts';
import { scaling } from './groups/scaling.ts';
import { soak } from './groups/soak.ts';
import { stalls } from './groups/stalls.ts';
import { throughput } from './groups/throughput.ts';
import { tls } from './groups/tls.ts';
import { describePinning, pinServers, PROCESSORS } from './measure/processors.ts';
import { select } from './selection.ts';
import { type Program, versionOf } from './servers/peers.ts';

const GROUPS: readonly Group[] = [
  throughput,
  durable,
  tls,
  memory,
  scaling,
  stalls,
  large,
  profile,
  failover,
  soak,
];
const PEERS: readonly Program[] = ['redis-server', 'valkey-server'];

const HELP = `npm run bench [-- OPTIONS CASE…]
  CASE             GROUP:CASE or a beginning of it: throughput:get, memory; none: what is usual of all
  --full           also the unusual cases (all commands × pipelines × sizes × connections)
  --rounds N       runs of each case, 3; the median counts
  --seconds N      length of a run, 2
  --minutes N      length of a long run (soak), 1
  --scale F        factor of numbers of keys and items, 1
  --unpinned       servers and load generator share all processors
  --directory DIR  where servers keep their files; the system's temporary folder
  --list           names the cases
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '1' },
    scale: { type: 'string', default: '1' },
    directory: { type: 'string', default: tmpdir() },
    unpinned: { type: 'boolean', default: false },
  },
});

/** What all tables of this run have in common. */
function describeRun({ rounds, seconds, scale }: Settings, peers: readonly Program[]): string {
  const versions = PEERS.map((peer) => {
    return peers.includes(peer) ? `${peer} ${versionOf(peer)}` : `no ${peer} on this machine`;
  });
  const machine = `${PROCESSORS} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${describePinning()}`;
  const size = scale === 1 ? '' : ` Numbers of items × ${scale}.`;
  return `Medians of ${rounds} rounds of ${seconds} s. Node ${process.versions.node}, ${versions.join(', ')}; ${machine}.${size}`;
}

function minutes(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 60_000).toFixed(1)} min`;
}

/** Null when a name means nothing; said what there is. */
function chosenCases(): Map<Group, string[]> | null {
  try {
    return select(GROUPS, positionals, values.full);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 2;
    return null;
  }
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const chosen = chosenCases();
  if (chosen === null) return;
  if (values.list) {
    for (const [{ name }, cases] of chosen) {
      process.stdout.write(`${cases.map((one) => `${name}:${one}`).join('\n')}\n`);
    }
    return;
  }
  const settings: Settings = {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    minutes: Number(values.minutes),
    scale: Number(values.scale),
  };
  const peers = PEERS.filter((peer) => versionOf(peer) !== null);
  for (const missing of PEERS.filter((peer) => !peers.includes(peer))) {
    process.stderr.write(`${missing} is not there (bin/setup --bench): its columns are left out\n`);
  }
  mkdirSync(values.directory, { recursive: true });
  const directory = mkdtempSync(join(values.directory, 'holdfast-bench-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  if (!values.unpinned) pinServers();
  process.stdout.write(`${describeRun(settings, peers)}\n`);
  const startMs = performance.now();
  for (const [group, cases] of chosen) {
    const groupStartMs = performance.now();
    const own = join(directory, group.name);
    try {
      const text = await group.run({ settings, cases, directory: own, peers });
      process.stdout.write(`\n## ${group.name}\n\n${text}\n`);
    } catch (error) {
      // the others may still say something
      process.stderr.write(`${group.name} failed: ${(error as Error).stack ?? String(error)}\n`);
      process.exitCode = 1;
    }
    process.stderr.write(`${group.name}: ${minutes(groupStartMs)}\n`);
    // the disk may not hold what several groups leave
    rmSync(own, { recursive: true, force: true });
  }
  process.stderr.write(`all: ${minutes(startMs)}\n`);
}

await main();
