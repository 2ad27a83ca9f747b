/**
 * Profiles: what kind of shard, weather and load a seed gets. Each run has a part of the faults only, so that runs
 * differ.
 */
import type { Prng } from '#base/prng.ts';
import type { MemberLimits } from '#node/shard/options.ts';
import type { Kind } from './member.ts';
import type { ShardOptions } from './shard.ts';
import type { WorkloadOptions } from './workload.ts';

export interface Profile {
  readonly shard: ShardOptions;
  readonly workload: WorkloadOptions;
  /** Some clients read replicas (readers.ts). */
  readonly readers: boolean;
  readonly network: {
    readonly delayMs: readonly [number, number];
    readonly lossChance: number;
    readonly duplicateChance: number;
  };
  readonly syncMs: readonly [number, number];
  /** Wall clocks are set to other times now and then. */
  readonly wallJumps: boolean;
  /** How long faults happen. */
  readonly faultMs: number;
  /** The longest wait between two faults. */
  readonly paceMs: number;
  /** The part of the kinds of faults that this run has. */
  readonly faultKinds: number;
  /** How often the operator looks. */
  readonly operatorMs: number;
}

const KINDS: readonly (readonly Kind[])[] = [
  ['data', 'data', 'log'],
  ['data', 'data', 'log'],
  ['data', 'data', 'data'],
  ['data', 'data', 'data'],
  ['data', 'log', 'log'],
  ['data', 'log', 'log'],
  ['data', 'data', 'data', 'data', 'log'],
  ['data', 'data', 'data', 'log', 'log'],
];

function one<T>(random: Prng, of: readonly T[]): T {
  return of[random.below(of.length)];
}

export function drawProfile(seed: number, random: Prng): Profile {
  const electionTimeoutMs = one(random, [100, 200, 200, 400]);
  const limits: Partial<MemberLimits> = {
    maxEntryBytes: one(random, [1 << 20, 1 << 20, 48, 200]),
    maxBatchBytes: one(random, [1 << 20, 512]),
    maxInFlightBytes: one(random, [8 << 20, 2048]),
    leaderlessParkMs: one(random, [0, 600]),
    diskStallMs: one(random, [150, 1000]),
    // many snapshots, so that whoever was away for a moment is sent one
    snapshotLogBytes: one(random, [1 << 30, 1000, 3000, 10_000]),
  };
  const wallJumps = random.chance(0.3);
  const shard: ShardOptions = {
    seed,
    kinds: one(random, KINDS),
    limits,
    electionTimeoutMs,
    durability: random.chance(0.07) ? 'async' : 'sync',
    drift: one(random, [0.001, 0.01, 0.05]),
    wallErrorMs: 10,
    maxBatchBytes: one(random, [1 << 20, 1 << 20, 400, 1000]),
    maxStallMs: one(random, [300, 2000]),
  };
  return {
    shard,
    readers: seed % 4 === 1 && shard.durability === 'sync',
    workload: {
      clients: 2 + random.below(4),
      thinkMs: one(random, [4, 10, 25]),
      burst: one(random, [1, 3, 6]),
      transactions: one(random, [0.05, 0.3]),
    },
    network: {
      delayMs: one(random, [
        [0.1, 1],
        [0.1, 1],
        [0.1, 5],
        [2, 12],
      ] as const),
      lossChance: one(random, [0, 0, 0.01, 0.05]),
      duplicateChance: one(random, [0, 0, 0.05]),
    },
    syncMs: one(random, [
      [0.2, 2],
      [0.2, 2],
      [1, 8],
      [4, 20],
    ] as const),
    wallJumps,
    faultMs: 2500 + random.below(1500),
    paceMs: one(random, [80, 160, 300]),
    faultKinds: one(random, [0.3, 0.6, 1]),
    operatorMs: one(random, [10, 50, 150]),
  };
}
