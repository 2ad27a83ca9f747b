/**
 * Partitions between real members under load: both ways and one way, the primary alone, another alone, one pair.
 * Clients reach everybody all the while, so a primary that is cut off is asked on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '#base/prng.ts';
import type { LocalCluster } from '#operator/local/cluster.ts';
import { type FaultOptions, type FaultReport, LEASE_OVER_MS } from './freeze.ts';
import { Network } from './network.ts';
import { longestGapMs } from './rounds.ts';
import { SHARD, trial, type Trial, WRITTEN_WITHIN_MS } from './trial.ts';
import { Watch } from './watch.ts';

type Cut =
  /** The primary, both ways. */
  | 'primary'
  /** Nothing reaches the primary, but it is heard. */
  | 'to-primary'
  /** The primary is not heard, but hears. */
  | 'from-primary'
  /** The replica, both ways. */
  | 'replica'
  /** The primary and the replica do not reach each other; both reach the log member. */
  | 'pair'
  /** Nobody reaches anybody. */
  | 'all';
const CUTS: readonly Cut[] = ['primary', 'to-primary', 'pair', 'from-primary', 'replica', 'all'];

export async function partition(options: FaultOptions): Promise<FaultReport> {
  const random = new Prng(options.seed);
  const network = new Network();
  const setting = {
    seed: options.seed,
    commandTimeoutMs: 500,
    hostFor: (from: string, to: string) => network.hostFor(from, to),
    started: (cluster: LocalCluster) => takeToNetwork(cluster, network),
  };
  try {
    const { result, ...verdict } = await trial(setting, async (trialled) => {
      const { cluster, ledger } = trialled;
      const watch = new Watch(cluster.endpoints, ledger, options.seed);
      const lines: string[] = [];
      try {
        for (let round = 0; round < options.rounds; round++) {
          await delay(200 + random.below(300));
          const lastsMs = options.lastsMs + random.below(options.lastsMs);
          lines.push(await cutOnce(trialled, network, watch, CUTS[round % CUTS.length], lastsMs));
        }
      } finally {
        watch.stop();
      }
      return lines;
    });
    return { lines: result, ...verdict };
  } finally {
    network.close();
  }
}

/**
 * Until members know the way through the network they have linked up directly: they are started again, one after
 * another, and from then on find each other by the addresses that they were told.
 */
async function takeToNetwork(cluster: LocalCluster, network: Network): Promise<void> {
  const members = cluster.members();
  await network.listen(members);
  await cluster.ready();
  for (const { name } of members) {
    cluster.kill(name, 'SIGKILL');
    const restarts = cluster.restartsOf(name);
    while (cluster.restartsOf(name) === restarts) await delay(10);
    await cluster.ready();
  }
  const { connected } = network;
  for (const { name: from } of members) {
    for (const { name: to } of members) {
      if (from !== to && !connected.has(`${from}>${to}`)) {
        throw new Error(`${from} and ${to} are not linked through the network`);
      }
    }
  }
}

async function cutOnce(
  { cluster, load, ledger }: Trial,
  network: Network,
  watch: Watch,
  kind: Cut,
  lastsMs: number,
): Promise<string> {
  await cluster.ready();
  const primary = await cluster.primaryOf(SHARD);
  if (primary === null) throw new Error('a cluster that is ready has a primary');
  const names = cluster.members().map(({ name }) => name);
  const data = cluster.members().flatMap(({ name, kind: is }) => (is === 'data' ? [name] : []));
  const others = names.filter((name) => name !== primary);
  const replica = data.find((name) => name !== primary) ?? '';
  const restarts = names.map((name) => cluster.restartsOf(name));
  const cutAtMs = performance.now();
  for (const [from, to] of directions(kind, primary, replica, names)) network.cut(from, to);
  await delay(lastsMs);
  const healedAtMs = performance.now();
  network.heal();
  // who is cut off from the others has no lease and gets nothing committed
  const alone = kind === 'pair' || kind === 'replica' ? [] : kind === 'all' ? data : [primary];
  for (const name of alone) {
    const answers = watch.answersBetween(cutAtMs + LEASE_OVER_MS, healedAtMs, data.indexOf(name));
    if (answers > 0) ledger.violations.push(`${name} answered ${answers} times without a lease`);
  }
  const meanwhile = load.acknowledged.filter(
    (atMs) => atMs > cutAtMs + LEASE_OVER_MS && atMs < healedAtMs,
  ).length;
  if (kind !== 'all' && meanwhile === 0 && lastsMs > 3 * LEASE_OVER_MS) {
    ledger.violations.push(`${kind}: no write in ${lastsMs} ms although a majority was connected`);
  }
  await load.nextWrite(WRITTEN_WITHIN_MS);
  await cluster.ready();
  if (names.some((name, at) => cluster.restartsOf(name) !== restarts[at])) {
    ledger.violations.push(`${kind}: a member exited`);
  }
  const gapMs = Math.round(longestGapMs(load.acknowledged, cutAtMs));
  const now = (await cluster.primaryOf(SHARD)) === primary ? 'the same' : 'another';
  const rest = kind === 'primary' ? ` from ${others.join(', ')}` : '';
  return `${kind} cut${rest} for ${Math.round(lastsMs)} ms: no write for ${gapMs} ms, then ${now} primary`;
}

function directions(
  kind: Cut,
  primary: string,
  replica: string,
  names: readonly string[],
): [string, string][] {
  const others = (name: string): string[] => names.filter((other) => other !== name);
  const from = (name: string): [string, string][] => others(name).map((other) => [name, other]);
  const to = (name: string): [string, string][] => others(name).map((other) => [other, name]);
  switch (kind) {
    case 'primary':
      return [...from(primary), ...to(primary)];
    case 'to-primary':
      return to(primary);
    case 'from-primary':
      return from(primary);
    case 'replica':
      return [...from(replica), ...to(replica)];
    case 'pair':
      return [
        [primary, replica],
        [replica, primary],
      ];
    default:
      return names.flatMap(from);
  }
}
