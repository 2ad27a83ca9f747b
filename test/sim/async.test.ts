/** `durability: async` on a simulated shard: which rules it lifts (W1, W2), and which hold all the same. */
import { expect, test } from 'vitest';
import type { SimConnection } from './client.ts';
import { OPEN_ACCESS, type SimMember, SimShard } from './shard.ts';

function pass(shard: SimShard, ms: number): void {
  shard.world.runUntil(shard.world.nowMs + ms);
}

/** A serving shard whose other members' disks do not answer from now on: nothing is committed any more. */
function stuckShard(seed: number): { shard: SimShard; primary: SimMember; client: SimConnection } {
  const shard = new SimShard({ seed, durability: 'async' });
  const primary = shard.ready();
  for (const place of shard.members) place.disk.stuck = place !== primary;
  return { shard, primary, client: shard.connect(primary) };
}

function isolate(shard: SimShard, place: SimMember): void {
  shard.network.isolate(
    place.id,
    shard.members.map(({ id }) => id),
  );
}

test('async: a reply to a write, and a read of it, wait for the lease and not for a commit', () => {
  const { shard, primary, client } = stuckShard(1);
  client.command('SET', 'k', 'v');
  pass(shard, 1);
  expect(client.replies).toEqual(['OK']);
  const reader = shard.connect(primary);
  for (const words of [['GET', 'k'], ['DBSIZE'], ['MULTI'], ['INCR', 'n'], ['EXEC']]) {
    reader.command(...words);
  }
  pass(shard, 1);
  expect(reader.replies).toEqual(['v', 1, 'OK', 'QUEUED', [1]]);
  expect(primary.member?.batches.committedNumber).toBe(0);
  expect(primary.member?.host.withheldBytes).toBe(0);
});

test('async: W5 holds: without a lease nothing is answered, no write either', () => {
  const shard = new SimShard({ seed: 2, durability: 'async' });
  const primary = shard.ready();
  pass(shard, 50);
  const client = shard.connect(primary);
  isolate(shard, primary);
  client.command('SET', 'early', '1');
  pass(shard, 1);
  expect(client.replies).toEqual(['OK']);
  pass(shard, 165); // the lease is 0.8 × 200 ms
  client.command('SET', 'late', '1');
  client.command('GET', 'early');
  client.command('PING');
  pass(shard, 1000);
  expect(client.replies).toEqual(['OK']);
  expect(client.closedByMember).toBe(true);
});

test('async: W6 holds: what was lost is undone, and members agree again', () => {
  const shard = new SimShard({ seed: 3, durability: 'async' });
  const first = shard.ready();
  pass(shard, 50);
  const client = shard.connect(first);
  isolate(shard, first);
  client.command('SET', 'k', 'lost');
  pass(shard, 1);
  expect(client.replies).toEqual(['OK']);
  shard.world.runWhile(() => shard.primary !== undefined && shard.primary !== first, 5000);
  const second = shard.members.find(
    (place) => place !== first && place.member?.state === 'primary',
  );
  if (second === undefined) throw new Error('no other primary');
  const other = shard.connect(second);
  other.command('GET', 'k');
  other.command('SET', 'kept', '1');
  pass(shard, 100);
  expect(other.replies).toEqual([null, 'OK']);
  shard.network.heal();
  pass(shard, 2000);
  expect(shard.divergence()).toEqual([]);
  expect(first.member?.keyspace.size).toBe(1);
});

test('async: users and parameters still wait until a majority has them', async () => {
  const { shard, primary } = stuckShard(4);
  let index: number | null | undefined;
  const done = primary.member
    ?.propose({ ...OPEN_ACCESS, revision: 2 })
    .then((result) => (index = result));
  pass(shard, 100);
  await Promise.resolve();
  expect(index).toBeUndefined();
  expect(primary.member?.settings?.revision).toBe(1);
  for (const { disk } of shard.members) disk.stuck = false;
  pass(shard, 100);
  await done;
  expect(index).toBeGreaterThan(0);
  expect(primary.member?.settings?.revision).toBe(2);
});

test('async: W9 holds: entries in flight are limited', () => {
  const shard = new SimShard({
    seed: 5,
    durability: 'async',
    limits: { maxInFlightBytes: 1 << 16, maxBatchBytes: 1 << 12 },
  });
  const primary = shard.ready();
  for (const place of shard.members) place.disk.stuck = place !== primary;
  const client = shard.connect(primary);
  for (let i = 0; i < 200; i++) client.command('SET', `k${i}`, 'x'.repeat(1000));
  pass(shard, 5);
  expect(client.replies.length).toBeLessThan(150);
  expect(client.paused).toBe(true);
  for (const { disk } of shard.members) disk.stuck = false;
  pass(shard, 500);
  expect(client.replies).toEqual(Array.from({ length: 200 }, () => 'OK'));
  expect(client.paused).toBe(false);
});

test('INFO says which durability it is', () => {
  const shard = new SimShard({ seed: 6, durability: 'async' });
  const client = shard.connect(shard.ready());
  client.command('INFO', 'holdfast');
  pass(shard, 5);
  expect(client.replies[0]).toContain('durability:async');
});
