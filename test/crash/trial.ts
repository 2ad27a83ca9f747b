/**
 * A local cluster of real processes under load, whatever is done to it, and the verdict: no acknowledged write lost,
 * no read of a primary gone backwards, the same keyspace on every data member at the end.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Options } from '#node/config/options.ts';
import { LocalCluster } from '#operator/local/cluster.ts';
import { defineClusters } from '#operator/local/definition.ts';
import { parseManifests } from '#operator/local/manifest.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';

export const SHARD = '0001';
const CLUSTER = 'crash';
const CLIENTS = 4;
const LOOPS_PER_CLIENT = 4;
const BUSY = -1;
const QUIET_WITHIN_MS = 30_000;
/** How long clients may take to find members that are ready. */
export const WRITTEN_WITHIN_MS = 30_000;

export interface ShardOptions {
  /** 1 when absent. */
  readonly numReplicasPerShard?: number;
  readonly tlsEnabled?: boolean;
  readonly nodeOptions?: Partial<Options>;
  /** Where `from` finds `to`, instead of 127.0.0.1. */
  readonly hostFor?: (from: string, to: string) => string;
}

export interface TrialOptions extends ShardOptions {
  readonly seed: number;
  /** How long a client waits for a reply before it looks elsewhere; null: as long as the connection lasts. */
  readonly commandTimeoutMs?: number | null;
  /** Called before the members start, with the folder of a member's data. */
  readonly prepare?: (dataOf: (name: string) => string) => void;
  /** Called when all members have stopped, or never started. */
  readonly stopped?: () => void;
  /** Called when the members serve, before there are clients. */
  readonly started?: (cluster: LocalCluster) => Promise<void>;
}

export interface Trial {
  readonly cluster: LocalCluster;
  readonly load: Load;
  readonly ledger: Ledger;
  /** The folder of a member's data. */
  readonly dataOf: (name: string) => string;
}

export interface Verdict {
  readonly acknowledgedWrites: number;
  readonly reads: number;
  readonly digestIndex: number;
  readonly digests: Readonly<Record<string, string>>;
  /** What clients were told instead of an answer, and how often. */
  readonly clientErrors: readonly (readonly [string, number])[];
  /** Empty: all is well. Otherwise the directory is kept for a look at it. */
  readonly violations: readonly string[];
  readonly directory: string;
}

/** A cluster of one shard with its files in `directory`, not started. */
export function makeCluster(directory: string, options: ShardOptions = {}): LocalCluster {
  const { numReplicasPerShard = 1, tlsEnabled = false, nodeOptions = {}, hostFor } = options;
  const manifest = {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'MemoryCluster',
    metadata: { name: CLUSTER },
    spec: { numReplicasPerShard, tlsEnabled },
  };
  const [definition] = defineClusters(parseManifests('crash', JSON.stringify(manifest)));
  return new LocalCluster({
    definition,
    directory,
    basePort: 0,
    nodeOptions,
    ...(hostFor === undefined ? {} : { hostFor }),
  });
}

/** Runs `body` on a serving cluster under load, then stops the load and judges. */
export async function trial<T>(
  options: TrialOptions,
  body: (trial: Trial) => Promise<T>,
): Promise<Verdict & { readonly result: T }> {
  const { seed, commandTimeoutMs = null } = options;
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-crash-'));
  const dataOf = (name: string): string => join(directory, CLUSTER, name, 'data');
  const cluster = makeCluster(directory, options);
  const ledger = new Ledger();
  let load: Load | null = null;
  let allIsWell = false;
  try {
    options.prepare?.(dataOf);
    await cluster.start();
    await options.started?.(cluster);
    const { endpoints, ca } = cluster;
    const clients = { clients: CLIENTS, loopsPerClient: LOOPS_PER_CLIENT, commandTimeoutMs };
    load = new Load({ endpoints, ca, ...clients, seed, ledger });
    load.start();
    const result = await body({ cluster, load, ledger, dataOf });
    await load.stop();
    await load.verify();
    const quiet = await settle(cluster, ledger);
    allIsWell = ledger.violations.length === 0;
    return {
      result,
      acknowledgedWrites: ledger.acknowledgedWrites,
      reads: ledger.reads,
      ...quiet,
      clientErrors: load.errors,
      violations: ledger.violations,
      directory,
    };
  } finally {
    load?.abandon();
    await cluster.stop();
    options.stopped?.();
    if (allIsWell) rmSync(directory, { recursive: true, force: true });
  }
}

/** Waits until every data member has applied the same index, and compares what they hold. */
async function settle(
  cluster: LocalCluster,
  ledger: Ledger,
): Promise<Pick<Verdict, 'digestIndex' | 'digests'>> {
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

/** The verdict as people read it. */
export function describeVerdict(verdict: Verdict): string[] {
  const { digests, violations } = verdict;
  const lines = [
    `${verdict.acknowledgedWrites} acknowledged writes, ${verdict.reads} reads of the primary`,
    `digests at index ${verdict.digestIndex}: ${Object.values(digests).join(' ')}`,
    ...verdict.clientErrors.slice(0, 8).map(([text, count]) => `  ${count} × ${text}`),
  ];
  if (violations.length === 0) lines.push('nothing lost, nothing backwards, no divergence');
  else {
    lines.push(`${violations.length} VIOLATIONS (files kept in ${verdict.directory}):`);
    lines.push(...violations.slice(0, 20).map((text) => `  ${text}`));
  }
  return lines;
}
