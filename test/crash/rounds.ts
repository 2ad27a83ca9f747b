/**
 * Rounds of kill -9 under load against a local cluster of real processes, and the verdict: no acknowledged
 * write lost, no read of the primary gone backwards, the same keyspace on every data member.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '#base/prng.ts';
import type { LocalCluster } from '#operator/local/cluster.ts';
import type { AcknowledgementTimes, Load } from './load.ts';
import { describeVerdict, SHARD, trial, type Verdict, WRITTEN_WITHIN_MS } from './trial.ts';

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

export interface CrashReport extends Verdict {
  readonly seed: number;
  readonly rounds: number;
  readonly kills: number;
  /** Longest time without an acknowledged write in each round, by what the round killed, ascending. */
  readonly refusedWriteMs: Readonly<Record<Casualty, readonly number[]>>;
}

export async function crash(options: CrashOptions): Promise<CrashReport> {
  const { seed, rounds } = options;
  const { result, ...verdict } = await trial(options, ({ cluster, load }) =>
    runRounds(cluster, load, options),
  );
  return { seed, rounds, ...result, ...verdict };
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

/** The report as people read it. */
export function describeReport(report: CrashReport): string {
  const { refusedWriteMs } = report;
  return [
    `seed ${report.seed}: ${report.rounds} rounds, ${report.kills} kills`,
    `no write was acknowledged, when the round killed the primary: ${percentiles(refusedWriteMs.primary)}`,
    `  other members, no majority: ${percentiles(refusedWriteMs.others)}`,
    `  a majority: ${percentiles(refusedWriteMs.majority)}`,
    ...describeVerdict(report),
  ].join('\n');
}

function percentiles(ascending: readonly number[]): string {
  if (ascending.length === 0) return 'no such round';
  const at = (fraction: number): string => {
    const index = Math.min(ascending.length - 1, Math.floor(fraction * ascending.length));
    return `${Math.round(ascending[index])} ms`;
  };
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} (${ascending.length} rounds)`;
}
