/**
 * Rounds of kill -9 under load against a local cluster of real processes, and the verdict: no acknowledged
 * write lost, no read of the primary gone backwards, the same keyspace on every data member.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '#base/prng.ts';
import { LocalCluster } from '#operator/local/cluster.ts';
import { defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';
import { Ledger } from './ledger.ts';
import { type AcknowledgementTimes, Load } from './load.ts';

const SHARD = '0001';
const CLIENTS = 4;
const LOOPS_PER_CLIENT = 4;
const BUSY = -1;
const QUIET_WITHIN_MS = 30_000;
/** How long clients may take to find members that are ready. */
const WRITTEN_WITHIN_MS = 30_000;

export interface CrashOptions {
  readonly rounds: number;
  /** Decides who is killed when; the same seed does not make the same run, but a similar one. */
  readonly seed: number;
  readonly numReplicasPerShard?: number;
  readonly tlsEnabled?: boolean;
  /** Called after every round, with a line for people. */
  readonly onRound?: (line: string) => void;
}

/**
 * What a round killed: the primary and nobody else; others, but no majority; or a majority, so that nothing
 * can be written before members are back.
 */
export type Casualty = 'primary' | 'others' | 'majority';

export interface CrashReport {
  readonly seed: number;
  readonly rounds: number;
  readonly kills: number;
  readonly acknowledgedWrites: number;
  readonly reads: number;
  /** Longest time without an acknowledged write in each round, by what the round killed, ascending. */
  readonly refusedWriteMs: Readonly<Record<Casualty, readonly number[]>>;
  readonly digestIndex: number;
  readonly digests: Readonly<Record<string, string>>;
  /** What clients were told instead of an answer, and how often. */
  readonly clientErrors: readonly (readonly [string, number])[];
  /** Empty: all is well. Otherwise the directory is kept for a look at it. */
  readonly violations: readonly string[];
  readonly directory: string;
}

export async function crash(options: CrashOptions): Promise<CrashReport> {
  const { seed, numReplicasPerShard = 1, tlsEnabled = false } = options;
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-crash-'));
  const manifest = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'MemoryCluster',
    metadata: { name: 'crash' },
    spec: { numReplicasPerShard, tlsEnabled },
  };
  const [definition] = defineClusters(parseManifests('crash', JSON.stringify(manifest)));
  const cluster = new LocalCluster({ definition, directory, basePort: 0 });
  const ledger = new Ledger();
  let load: Load | null = null;
  try {
    await cluster.start();
    const { endpoints, ca } = cluster;
    const clients = { clients: CLIENTS, loopsPerClient: LOOPS_PER_CLIENT };
    load = new Load({ endpoints, ca, ...clients, seed, ledger });
    load.start();
    const tally = await runRounds(cluster, load, options);
    await load.stop();
    await load.verify();
    const quiet = await settle(cluster, ledger);
    if (ledger.violations.length === 0) rmSync(directory, { recursive: true, force: true });
    return {
      seed,
      rounds: options.rounds,
      ...tally,
      acknowledgedWrites: ledger.acknowledgedWrites,
      reads: ledger.reads,
      ...quiet,
      clientErrors: load.errors,
      violations: ledger.violations,
      directory,
    };
  } finally {
    await load?.stop();
    load?.disconnect();
    await cluster.stop();
  }
}

type Tally = Pick<CrashReport, 'kills' | 'refusedWriteMs'>;

async function runRounds(cluster: LocalCluster, load: Load, options: CrashOptions): Promise<Tally> {
  const random = new Prng(options.seed);
  const refusedWriteMs: Record<Casualty, number[]> = { primary: [], others: [], majority: [] };
  let kills = 0;
  for (let round = 1; round <= options.rounds; round++) {
    await delay(100 + random.below(400));
    const primary = await cluster.primaryOf(SHARD);
    const victims = chooseVictims(cluster, random);
    const killedAtMs = performance.now();
    for (const name of victims) if (cluster.kill(name, 'SIGKILL')) kills++;
    await cluster.ready();
    await load.nextWrite(WRITTEN_WITHIN_MS);
    const gapMs = longestGapMs(load.acknowledged, killedAtMs);
    const casualty = casualtyOf(victims, primary, cluster.members().length);
    refusedWriteMs[casualty].push(gapMs);
    options.onRound?.(
      `round ${round}: killed ${victims.join(', ')} (${casualty}); no write for ${Math.round(gapMs)} ms`,
    );
  }
  for (const gaps of Object.values(refusedWriteMs)) gaps.sort((a, b) => a - b);
  return { kills, refusedWriteMs };
}

function casualtyOf(victims: readonly string[], primary: string | null, members: number): Casualty {
  if (victims.length > (members - 1) / 2) return 'majority';
  return primary !== null && victims.includes(primary) ? 'primary' : 'others';
}

/** Mostly one member; one time in ten two at once; one time in ten all, as when the power fails. */
function chooseVictims(cluster: LocalCluster, random: Prng): string[] {
  const names = cluster.members().map(({ name }) => name);
  const dice = random.below(10);
  const count = dice === 0 ? names.length : dice === 1 ? 2 : 1;
  const victims: string[] = [];
  while (victims.length < count) {
    const [name] = names.splice(random.below(names.length), 1);
    victims.push(name);
  }
  return victims;
}

/** The longest time after `fromMs` in which no client got a write acknowledged. */
export function longestGapMs(acknowledged: AcknowledgementTimes, fromMs: number): number {
  let longest = 0;
  let last = fromMs;
  // from the end: the list holds the whole run
  const start = acknowledged.findLastIndex((atMs) => atMs < fromMs) + 1;
  for (let at = start; at < acknowledged.length; at++) {
    longest = Math.max(longest, acknowledged[at] - last);
    last = acknowledged[at];
  }
  return longest;
}

/** Waits until every data member has applied the same index, and compares what they hold. */
async function settle(
  cluster: LocalCluster,
  ledger: Ledger,
): Promise<Pick<CrashReport, 'digestIndex' | 'digests'>> {
  const names = cluster.members().flatMap(({ name, kind }) => (kind === 'data' ? [name] : []));
  const deadlineMs = performance.now() + QUIET_WITHIN_MS;
  for (;;) {
    const found = await Promise.all(names.map((name) => digestOf(cluster, name)));
    const [{ index, digest }] = found;
    const digests = Object.fromEntries(names.map((name, at) => [name, found[at].digest]));
    if (index !== BUSY && found.every((one) => one.index === index)) {
      if (found.some((one) => one.digest !== digest)) {
        ledger.violations.push(`members differ at index ${index}: ${JSON.stringify(digests)}`);
      }
      return { digestIndex: index, digests };
    }
    if (performance.now() > deadlineMs) {
      const indices = found.map((one) => one.index).join(', ');
      ledger.violations.push(`members did not reach the same index: ${indices}`);
      return { digestIndex: index, digests };
    }
    await delay(100);
  }
}

/** What the member holds; at index {@link BUSY} while effects of it are under way. */
async function digestOf(
  cluster: LocalCluster,
  name: string,
): Promise<{ readonly index: number; readonly digest: string }> {
  try {
    return await cluster.digestOf(name);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'Busy') return { index: BUSY, digest: '' };
    throw error;
  }
}

/** The report as people read it. */
export function describeReport(report: CrashReport): string {
  const { refusedWriteMs, digests } = report;
  const lines = [
    `seed ${report.seed}: ${report.rounds} rounds, ${report.kills} kills`,
    `${report.acknowledgedWrites} acknowledged writes, ${report.reads} reads of the primary`,
    `no write was acknowledged, when the round killed the primary: ${percentiles(refusedWriteMs.primary)}`,
    `  other members, no majority: ${percentiles(refusedWriteMs.others)}`,
    `  a majority: ${percentiles(refusedWriteMs.majority)}`,
    `digests at index ${report.digestIndex}: ${Object.values(digests).join(' ')}`,
    ...report.clientErrors.slice(0, 8).map(([text, count]) => `  ${count} × ${text}`),
  ];
  if (report.violations.length === 0) lines.push('nothing lost, nothing backwards, no divergence');
  else {
    lines.push(`${report.violations.length} VIOLATIONS (files kept in ${report.directory}):`);
    lines.push(...report.violations.slice(0, 20).map((text) => `  ${text}`));
  }
  return lines.join('\n');
}

function percentiles(ascending: readonly number[]): string {
  if (ascending.length === 0) return 'no such round';
  const at = (fraction: number): string => {
    const index = Math.min(ascending.length - 1, Math.floor(fraction * ascending.length));
    return `${Math.round(ascending[index])} ms`;
  };
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} (${ascending.length} rounds)`;
}
