/** A fault under load: writers keep a ledger of what was acknowledged, over the fault and for a while after it. */
import type { ClientPod, RunningProgram } from './client-pod.ts';
import type { Namespace } from './cluster.ts';
import { judgeLedger } from './ledger.ts';
import type { Verdict } from './ledger.ts';
import { eventually, sleep } from './shell.ts';

/** Long enough after a fault to see it. */
const SECONDS = Number(process.env['E2E_SECONDS'] ?? 12);
/** Writes of each fault's run, both clients together: E2E_KEYS=20000 for the full length. */
const KEYS = Number(process.env['E2E_KEYS'] ?? 1000);

export interface Load {
  readonly namespace: Namespace;
  readonly pod: ClientPod;
  /** How the clients get in. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What probe.mjs saw of a shard. */
interface Served {
  readonly refusedMs: number;
}

/** A data member as a client sees it. */
export interface KnownMember {
  readonly pod: string;
  readonly role: 'master' | 'replica';
  /** '' when its name has none. */
  readonly address: string;
}

/** What a new client learns of the members. */
export async function knownMembers({ pod, settings }: Load): Promise<readonly KnownMember[]> {
  const lines = await pod.exec(['node', 'members.mjs'], settings);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KnownMember);
}

/**
 * Waits until clients find every member by its name: resolvers may give the address of a pod that is gone for half a
 * minute, and whoever connects meanwhile sees that, not the fault.
 */
async function namesKnown(load: Load): Promise<void> {
  await eventually('names lead to their members', 120_000, async () => {
    const pods = await load.namespace.list('pods');
    const addresses = new Map(
      pods.map(({ metadata, status }) => [metadata.name, status?.['podIP']]),
    );
    const members = await knownMembers(load);
    const stale = members.filter(({ pod, address }) => addresses.get(pod) !== address);
    if (stale.length === 0) return true;
    throw new Error(JSON.stringify(stale));
  });
}

/** The ledgers of an ioredis and a redis-py program, in this order; what they saw is printed. */
export async function underLoad(
  load: Load,
  what: string,
  fault: () => Promise<void>,
): Promise<readonly Verdict[]> {
  const { pod, settings } = load;
  await namesKnown(load);
  const run = `${what}-${Date.now()}`;
  const js = pod.start(['node', 'ledger.mjs'], { ...settings, PREFIX: `js-${run}`, WORKERS: '6' });
  const py = pod.start(['python3', 'ledger.py'], {
    ...settings,
    PREFIX: `py-${run}`,
    WORKERS: '3',
  });
  const probe = pod.start(['node', 'probe.mjs'], settings);
  const programs: readonly RunningProgram[] = [js, py];
  for (const program of programs) {
    await eventually('writes are acknowledged', 60_000, async () =>
      acknowledgedBy([program]) > 0 ? true : undefined,
    );
  }
  await eventually('a quarter is written', 600_000, async () =>
    acknowledgedBy(programs) >= KEYS / 4 ? true : undefined,
  );
  await fault();
  await sleep(SECONDS * 1000);
  await eventually('enough is written', 600_000, async () =>
    acknowledgedBy(programs) >= KEYS ? true : undefined,
  );
  const served = (await probe.stop()).map((line) => JSON.parse(line) as Served);
  const longest = Math.max(...served.map(({ refusedMs }) => refusedMs));
  console.log(`e2e: ${what}: no member of a shard acknowledged for at most ${longest} ms`);
  const verdicts: Verdict[] = [];
  for (const program of programs) {
    const verdict = judgeLedger(await program.stop());
    const { acknowledged, unknown, reads, refusedWriteMs, violations, errors } = verdict;
    console.log(
      `e2e: ${what}, ${program === js ? 'ioredis' : 'redis-py'}: ${acknowledged} acknowledged, ${unknown} unknown, ` +
        `${reads} reads, writes of a shard refused for at most ${refusedWriteMs} ms, ${violations.length} violations`,
      ...errors.slice(0, 4),
    );
    verdicts.push(verdict);
  }
  return verdicts;
}

function acknowledgedBy(programs: readonly RunningProgram[]): number {
  return programs
    .flatMap(({ lines }) => lines)
    .filter((line) => line.includes('"ackMs"') && !line.includes('null')).length;
}
