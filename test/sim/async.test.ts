/** `durability: async` on a simulated shard: which rules it lifts (W1, W2), and which hold all the same. */
import { expect, test } from 'vitest';
import { ReplyError, type SimConnection } from './client.ts';
import type { SimMember } from './member.ts';
import { OPEN_ACCESS, SimShard } from './shard.ts';

function pass(shard: SimShard, ms: number): void {
  shard.world.runUntil(shard.world.nowMs + ms);
}

const BOUND_MS = 300;
const REFUSED = new ReplyError(
  'NOREPLICAS Writes are refused until older ones are on disk in a majority: async-loss-bound-ms is reached.',
);

/** A serving shard whose other members' disks do not answer from now on: nothing is committed any more. */
function stuckShard(seed: number): { shard: SimShard; primary: SimMember; client: SimConnection } {
  const limits = { asyncLossBoundMs: BOUND_MS };
  const shard = new SimShard({ seed, durability: 'async', limits });
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

test('async: beyond the bound writes are refused, reads go on, and it ends by itself', () => {
  const { shard, client } = stuckShard(7);
  client.command('SET', 'k', 'v');
  pass(shard, BOUND_MS - 20);
  client.command('INCR', 'n');
  pass(shard, 25);
  expect(client.replies).toEqual(['OK', 1]);
  for (const words of [
    ['SET', 'k', 'late'],
    ['DEL', 'k'],
    ['FLUSHALL'],
    ['GET', 'k'],
    ['DBSIZE'],
  ]) {
    client.command(...words);
  }
  pass(shard, 1);
  expect(client.replies.slice(2)).toEqual([REFUSED, REFUSED, REFUSED, 'v', 2]);
  pass(shard, 2000);
  client.command('SET', 'k', 'much later');
  pass(shard, 1);
  expect(client.replies.at(-1)).toEqual(REFUSED);
  for (const { disk } of shard.members) disk.stuck = false;
  pass(shard, 100);
  client.command('SET', 'k', 'again');
  pass(shard, 1);
  expect(client.replies.at(-1)).toBe('OK');
});

test('async: beyond the bound a transaction with a write is refused, one that reads is not', () => {
  const { shard, client } = stuckShard(8);
  client.command('SET', 'k', 'v');
  client.command('MULTI');
  client.command('INCR', 'n');
  pass(shard, BOUND_MS + 5);
  client.command('EXEC');
  for (const words of [['MULTI'], ['GET', 'k'], ['EXEC'], ['MULTI'], ['INCR', 'n'], ['EXEC']]) {
    client.command(...words);
  }
  pass(shard, 1);
  const aborted = new ReplyError('EXECABORT Transaction discarded because of previous errors.');
  const because = `EXECABORT Transaction discarded because of: ${REFUSED.line}`;
  expect(client.replies[3]).toEqual(new ReplyError(because));
  expect(client.replies.slice(4, 7)).toEqual(['OK', 'QUEUED', ['v']]);
  expect(client.replies.slice(7)).toEqual(['OK', REFUSED, aborted]);
});

test('async: an idle time is not the age of a write', () => {
  const { shard, client } = stuckShard(9);
  pass(shard, 5 * BOUND_MS);
  client.command('SET', 'k', 'v');
  client.command('SET', 'k', 'v');
  pass(shard, 1);
  expect(client.replies).toEqual(['OK', 'OK']);
});

test('async: a write that never left the open batch counts too', () => {
  const { shard, primary, client } = stuckShard(10);
  primary.disk.stuck = true;
  // the first batch is closed at once, the second waits for this member's own disk
  client.command('SET', 'a', '1');
  pass(shard, 20);
  for (const place of shard.members) if (place !== primary) place.disk.stuck = false;
  pass(shard, BOUND_MS - 30);
  client.command('SET', 'b', '1');
  pass(shard, BOUND_MS - 20);
  client.command('SET', 'c', '1');
  pass(shard, 25);
  client.command('SET', 'd', '1');
  pass(shard, 1);
  expect(client.replies).toEqual(['OK', 'OK', 'OK', REFUSED]);
});

test('async: what a power cut takes was acknowledged within the bound', () => {
  for (let seed = 100; seed < 140; seed++) {
    const { shard, primary } = stuckShard(seed);
    const { world } = shard;
    for (const place of shard.members) place.disk.stuck = false;
    const acknowledgedMs = new Map<string, number>();
    const client = shard.connect(primary);
    const sent: string[] = [];
    client.onReply = (reply) => {
      const key = sent.shift() ?? '';
      if (reply === 'OK') acknowledgedMs.set(key, world.nowMs);
    };
    const stuckAtMs = world.nowMs + world.between(0, 300);
    const cutAtMs = stuckAtMs + world.between(0, 3 * BOUND_MS);
    for (let at = 0; world.nowMs < cutAtMs; at++) {
      if (world.nowMs >= stuckAtMs) {
        for (const place of shard.members) place.disk.stuck = place !== primary;
      }
      sent.push(`k${at}`);
      client.command('SET', `k${at}`, 'v');
      pass(shard, world.between(0.1, 5));
    }
    for (const place of shard.members) shard.crash(place);
    for (const place of shard.members) if (place !== primary) shard.start(place);
    const reader = shard.connect(shard.ready());
    const lostMs: number[] = [];
    for (const [key, atMs] of acknowledgedMs) {
      reader.onReply = (reply) => {
        if (reply !== 'v') lostMs.push(atMs);
      };
      reader.command('GET', key);
      pass(shard, 1);
    }
    const spanMs = Math.max(0, ...lostMs) - Math.min(world.nowMs, ...lostMs);
    // the primary's clock may be slow by a hundredth
    expect(spanMs, `seed ${seed}`).toBeLessThanOrEqual(BOUND_MS / 0.99 + 1);
  }
});

test('INFO says which durability it is, its bound, and how old the oldest write is', () => {
  const { shard, client } = stuckShard(6);
  client.command('SET', 'k', 'v');
  pass(shard, 50);
  client.command('INFO', 'holdfast');
  pass(shard, 5);
  expect(client.replies[1]).toContain('durability:async');
  expect(client.replies[1]).toContain(`async_loss_bound_ms:${BOUND_MS}`);
  expect(client.replies[1]).toMatch(/oldest_uncommitted_ms:(49|50|51)\r/);
});
