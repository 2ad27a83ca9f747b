/**
 * Members stopped (SIGSTOP) for longer than a lease, under load, and set going again. Whoever wakes up believes that
 * it is still what it was: it must find out by its clocks before anything leaves.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '#base/prng.ts';
import { longestGapMs } from './rounds.ts';
import { SHARD, trial, type Trial, type Verdict, WRITTEN_WITHIN_MS } from './trial.ts';
import { Watch } from './watch.ts';

/** A lease is over so long after its primary stopped, and what it sent before has arrived. */
export const LEASE_OVER_MS = 800;

export type Frozen = 'primary' | 'replica' | 'log' | 'majority' | 'all';
const KINDS: readonly Frozen[] = ['primary', 'replica', 'majority', 'primary', 'log', 'all'];

export interface FaultReport extends Verdict {
  readonly lines: readonly string[];
}

export interface FaultOptions {
  readonly rounds: number;
  readonly seed: number;
  /** How long a fault lasts, in milliseconds: at least this, and up to twice as much. */
  readonly lastsMs: number;
}

export async function freeze(options: FaultOptions): Promise<FaultReport> {
  const random = new Prng(options.seed);
  const setting = { seed: options.seed, commandTimeoutMs: 500 };
  const { result, ...verdict } = await trial(setting, async (trialled) => {
    const watch = new Watch(trialled.cluster.endpoints, trialled.ledger, options.seed);
    const lines: string[] = [];
    try {
      for (let round = 0; round < options.rounds; round++) {
        await delay(200 + random.below(300));
        const lastsMs = options.lastsMs + random.below(options.lastsMs);
        lines.push(await freezeOnce(trialled, watch, KINDS[round % KINDS.length], lastsMs, random));
      }
    } finally {
      watch.stop();
    }
    return lines;
  });
  return { lines: result, ...verdict };
}

async function freezeOnce(
  { cluster, load, ledger }: Trial,
  watch: Watch,
  kind: Frozen,
  lastsMs: number,
  random: Prng,
): Promise<string> {
  const names = await chooseFrozen(cluster, kind, random);
  const frozenAtMs = performance.now();
  for (const name of names) cluster.kill(name, 'SIGSTOP');
  await delay(lastsMs);
  const wokenAtMs = performance.now();
  for (const name of names) cluster.kill(name, 'SIGCONT');
  const meanwhile = load.acknowledged.filter(
    (atMs) => atMs > frozenAtMs + LEASE_OVER_MS && atMs < wokenAtMs,
  ).length;
  const hasMajority = kind !== 'majority' && kind !== 'all';
  const answers = watch.answersBetween(frozenAtMs + LEASE_OVER_MS, wokenAtMs);
  if (!hasMajority && meanwhile + answers > 0) {
    ledger.violations.push(
      `${meanwhile} writes acknowledged and ${answers} reads answered while a majority stood still`,
    );
  }
  if (hasMajority && meanwhile === 0 && lastsMs > 3 * LEASE_OVER_MS) {
    ledger.violations.push(`no write in ${Math.round(lastsMs)} ms although a majority went on`);
  }
  await load.nextWrite(WRITTEN_WITHIN_MS);
  await cluster.ready();
  for (const name of names) {
    if (cluster.restartsOf(name) > 0) ledger.violations.push(`${name} exited when it went on`);
  }
  const gapMs = Math.round(longestGapMs(load.acknowledged, frozenAtMs));
  return `${kind} (${names.join(', ')}) stood still for ${Math.round(lastsMs)} ms; no write for ${gapMs} ms`;
}

async function chooseFrozen(
  cluster: Trial['cluster'],
  kind: Frozen,
  random: Prng,
): Promise<string[]> {
  await cluster.ready();
  const primary = await cluster.primaryOf(SHARD);
  if (primary === null) throw new Error('a cluster that is ready has a primary');
  const others = cluster.members().filter(({ name }) => name !== primary);
  const named = (wanted: 'data' | 'log'): string[] =>
    others.flatMap(({ name, kind: is }) => (is === wanted ? [name] : []));
  switch (kind) {
    case 'primary':
      return [primary];
    case 'replica':
      return named('data');
    case 'log':
      return named('log');
    case 'majority':
      return random.chance(0.5) ? [primary, ...named('log')] : others.map(({ name }) => name);
    default:
      return cluster.members().map(({ name }) => name);
  }
}
