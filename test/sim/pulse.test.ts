/** The pulse on simulated shards: whose command thread is busy stays what it is, and no two hold a lease at once. */
import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import type { SimMember } from './member.ts';
import { SimShard } from './shard.ts';

const KINDS = ['data', 'data', 'data'] as const;
const MAX_STALL_MS = 1000;
/** Clocks that drift further apart than that in a stall would be taken for one that jumped. */
const BUSY = { kinds: KINDS, maxStallMs: MAX_STALL_MS, drift: 0.001 };

function pass(shard: SimShard, ms: number): void {
  shard.world.runUntil(shard.world.nowMs + ms);
}

function followers(shard: SimShard, leader: SimMember): SimMember[] {
  return shard.members.filter((place) => place !== leader);
}

test('a primary that is busy for up to maxStallMs stays primary, and answers afterwards', () => {
  const shard = new SimShard({ seed: 1, ...BUSY });
  const primary = shard.ready();
  const term = primary.member?.raft.term;
  const client = shard.connect(primary);
  for (let round = 1; round <= 5; round++) {
    client.command('INCR', 'k');
    shard.stall(primary, MAX_STALL_MS);
    pass(shard, MAX_STALL_MS - 1);
    expect(client.replies.length).toBe(round - 1);
    pass(shard, 100);
    expect(client.replies.at(-1)).toBe(round);
  }
  expect(primary.member?.raft.term).toBe(term);
  expect(shard.primary?.id).toBe(primary.id);
});

test('what waited for a busy primary is answered in the first turn after it', () => {
  const shard = new SimShard({ seed: 5, ...BUSY });
  const primary = shard.ready();
  const client = shard.connect(primary);
  client.command('GET', 'k');
  shard.stall(primary, MAX_STALL_MS);
  pass(shard, MAX_STALL_MS + 0.02);
  expect(client.replies).toEqual([null]);
});

test('R6: a vote request that waited for a busy follower meets what its pulse has promised', () => {
  const shard = new SimShard({ seed: 6, ...BUSY });
  const primary = shard.ready();
  const [busy, candidate] = followers(shard, primary);
  // so that all have said of whom they hear
  pass(shard, 50);
  separate(shard, primary, candidate);
  hasten(shard);
  for (let round = 0; round < 5; round++) {
    // so that no heartbeat of the core waits as well
    shard.stall(primary, MAX_STALL_MS - 50);
    shard.stall(busy, MAX_STALL_MS - 100);
    for (let ms = 0; ms < MAX_STALL_MS; ms++) {
      pass(shard, 1);
      expect(leaseholders(shard)).toEqual([primary.id]);
    }
  }
  expect(candidate.member?.raft.role).not.toBe('follower');
});

test('without a pulse it would not', () => {
  const shard = new SimShard({ seed: 1, kinds: KINDS });
  const primary = shard.ready();
  shard.stall(primary, MAX_STALL_MS);
  pass(shard, MAX_STALL_MS + 100);
  expect(shard.primary?.id).not.toBe(primary.id);
});

test('a primary that is busy for longer is replaced, and what it answers then is no value of old', () => {
  const shard = new SimShard({ seed: 2, ...BUSY });
  const primary = shard.ready();
  const client = shard.connect(primary);
  client.command('SET', 'k', 'old');
  pass(shard, 50);
  client.command('GET', 'k');
  shard.stall(primary, 3 * MAX_STALL_MS);
  pass(shard, 2.5 * MAX_STALL_MS);
  const next = followers(shard, primary).find(({ member }) => member?.state === 'primary');
  if (next === undefined) throw new Error('there is a next primary');
  const writer = shard.connect(next);
  writer.command('SET', 'k', 'new');
  pass(shard, MAX_STALL_MS);
  expect(writer.replies).toEqual(['OK']);
  expect(client.replies).toEqual(['OK']);
  expect(client.closedByMember).toBe(true);
});

test('followers that are busy keep a primary in its lease', () => {
  const shard = new SimShard({ seed: 3, ...BUSY });
  const primary = shard.ready();
  const client = shard.connect(primary);
  client.command('SET', 'k', 'v');
  pass(shard, 50);
  for (const place of followers(shard, primary)) shard.stall(place, MAX_STALL_MS);
  pass(shard, MAX_STALL_MS - 50);
  client.command('GET', 'k');
  pass(shard, 20);
  expect(client.replies).toEqual(['OK', 'v']);
});

test('a pulse does not keep up a primary whose peer links are cut', () => {
  const shard = new SimShard({ seed: 4, ...BUSY });
  const primary = shard.ready();
  shard.network.isolate(
    primary.id,
    shard.members.map(({ id }) => id),
  );
  pass(shard, 3 * MAX_STALL_MS);
  expect(primary.member?.state).toBe('replica');
  expect(followers(shard, primary).some(({ member }) => member?.state === 'primary')).toBe(true);
});

/** From now on an election is over before the next tick. */
function hasten(shard: SimShard): void {
  shard.network.delayMs = [0.01, 0.02];
  for (const { disk } of shard.members) disk.syncMs = [0.01, 0.02];
}

function separate(shard: SimShard, a: SimMember, b: SimMember): void {
  for (const network of [shard.network, shard.pulses?.network]) {
    network?.cut(a.id, b.id);
    network?.cut(b.id, a.id);
  }
}

/** Whoever would answer if it looked at its lease now, be it busy or not. */
function leaseholders(shard: SimShard): string[] {
  return shard.members
    .filter(({ member }) => member?.raft.role === 'leader' && member.leaseHolds())
    .map(({ id }) => id);
}

const SEEDS = 25;

test(`R6: no two hold a lease at once under stalls, cuts, crashes and hand-overs (${SEEDS} seeds)`, () => {
  let changes = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const shard = new SimShard({ seed, kinds: KINDS, maxStallMs: 500 });
    const { world, network, pulses } = shard;
    const chance = new Prng(seed);
    shard.ready();
    if (seed % 2 === 0) hasten(shard);
    for (let ms = 0; ms < 12_000; ms++) {
      pass(shard, 1);
      const holders = leaseholders(shard);
      expect(holders.length, `seed ${seed} at ${world.nowMs}: ${holders.join()}`).toBeLessThan(2);
      if (ms % 150 === 0 && ms < 10_000) disturb(shard, chance);
    }
    network.heal();
    pulses?.network.heal();
    for (const place of shard.members) if (place.member === null) shard.start(place);
    const done = world.runWhile(() => shard.primary !== undefined, 5000);
    expect(done, `seed ${seed}: a primary comes back`).toBe(true);
    changes += shard.primary?.member?.raft.term ?? 0;
  }
  // else nothing was tried
  expect(changes).toBeGreaterThan(5 * SEEDS);
});

/** One more thing that goes wrong, or right again. */
function disturb(shard: SimShard, chance: Prng): void {
  const place = shard.members[chance.below(shard.members.length)];
  const all = shard.members.map(({ id }) => id);
  switch (chance.below(9)) {
    case 0:
    case 1:
      shard.stall(place, chance.below(1200));
      return;
    case 2:
      for (const each of shard.members) if (each !== place) shard.stall(each, chance.below(600));
      return;
    case 3: {
      const ms = chance.below(800);
      shard.stall(place, ms);
      shard.pulses?.freeze(place.id, ms);
      return;
    }
    case 4:
      (chance.below(2) === 0 ? shard.network : shard.pulses?.network)?.isolate(place.id, all);
      return;
    case 5:
      shard.network.heal();
      shard.pulses?.network.heal();
      return;
    case 6: {
      const other = shard.members[chance.below(shard.members.length)];
      if (other !== place) separate(shard, place, other);
      return;
    }
    case 7:
      if (place.member === null) shard.start(place);
      else if (shard.members.every(({ member }) => member !== null)) shard.crash(place);
      return;
    default: {
      const leader = shard.primary?.member;
      const target = shard.members.find(({ member }) => member?.state === 'replica');
      if (target !== undefined)
        leader?.raft.transferTo(target.id, shard.primary?.clock.monotonicMs() ?? 0);
    }
  }
}
