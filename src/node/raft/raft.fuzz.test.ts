/**
 * Whole groups under faults, each from one seed: every rule of SPEC.md is checked after every step, and
 * once the faults end the group must work again. RAFT_SEEDS sets how many seeds, RAFT_SEED runs one.
 */
import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { CALM, Cluster } from './testing/cluster.ts';
import { type Deeds, Nemesis } from './testing/nemesis.ts';

const FAULTS_MS = 6000;
const SEED_TIMEOUT_MS = 1000;
const SEEDS = Number(process.env['RAFT_SEEDS'] ?? 300);

interface Run {
  readonly cluster: Cluster;
  readonly deeds: Deeds;
}

/** @param gasping nothing goes wrong but stalls, again and again, with pulses all the while. */
function runSeed(seed: number, gasping: boolean): Run {
  const cluster = gasping ? new Cluster(seed, { pulses: true }) : new Cluster(seed);
  const nemesis = new Nemesis(cluster);
  nemesis.begin({ gasping });
  for (let passed = 0; passed < FAULTS_MS; passed += 500) {
    cluster.schedule.run(500);
    cluster.checker.logs();
  }
  nemesis.end(CALM);
  cluster.schedule.run(4000);
  expectRecovered(cluster);
  return { cluster, deeds: nemesis.deeds };
}

/** Runs the seeds that the environment says; returns how many. */
function runSeeds(gasping: boolean, ran: (run: Run) => void): number {
  const only = process.env['RAFT_SEED'];
  const first = only === undefined ? 1 : Number(only);
  const count = only === undefined ? SEEDS : 1;
  for (let seed = first; seed < first + count; seed++) {
    try {
      ran(runSeed(seed, gasping));
    } catch (error) {
      throw new Error(`RAFT_SEED=${seed} fails`, { cause: error });
    }
  }
  return count;
}

/** A leader that stays, holds a lease, and brings every member of its group up to date. */
function expectRecovered(cluster: Cluster): void {
  const leader = cluster.leader();
  expect(leader, 'a leader is elected once faults end').not.toBeNull();
  if (leader === null || leader.raft === null) return;
  const { raft } = leader;
  const { term } = raft;
  expect(raft.leaseValid(leader.localMs()), 'a leader in calm has a lease').toBe(true);
  const index = cluster.call(leader, (raft, nowMs) => raft.propose(2, utf8('last'), nowMs));
  expect(index, 'a leader in calm accepts proposals').toBe(raft.lastIndex);
  cluster.schedule.run(1500);
  cluster.checker.logs();
  expect([raft.role, raft.term], 'nobody disturbs a leader in calm').toEqual(['leader', term]);
  const { voters, learners } = raft.membership;
  for (const { id, raft: other } of cluster.members) {
    if (!voters.includes(id) && !learners.includes(id)) continue;
    expect(other?.commitIndex, `${id} is up to date`).toBe(raft.commitIndex);
  }
  expect(raft.commitIndex).toBeGreaterThanOrEqual(index ?? 0);
  expect(raft.cachedBytes, 'memory is bounded').toBeLessThanOrEqual(512 + 64);
}

test(
  'no rule of SPEC.md breaks under faults, and the group recovers',
  () => {
    const total: Record<string, number> = {};
    const count = runSeeds(false, ({ cluster, deeds }) => {
      const { elections, leases, committed } = cluster.checker;
      const { taken, compactions, offers, installs } = cluster.snapshots;
      const files = { taken, compactions, offers, installs };
      const sums = { ...deeds, ...files, elections, leases, committed: committed.length };
      for (const [name, value] of Object.entries(sums)) total[name] = (total[name] ?? 0) + value;
    });
    if (count === 1) return;
    for (const [name, value] of Object.entries(total)) {
      expect(value, `seeds reach ${name}`).toBeGreaterThan(count / 4);
    }
  },
  SEEDS * SEED_TIMEOUT_MS,
);

test(
  'no lease breaks while leaders’ command threads stand still and pulses come and go',
  () => {
    let elections = 0;
    const count = runSeeds(true, ({ cluster }) => {
      elections += cluster.checker.elections;
    });
    expect(elections, 'leaders change').toBeGreaterThan(count);
  },
  SEEDS * SEED_TIMEOUT_MS,
);
