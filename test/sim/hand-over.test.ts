/** A planned hand-over on a simulated shard: for how long clients wait, and what they are told. */
import { expect, test } from 'vitest';
import { ReplyError } from './client.ts';
import { SimShard } from './shard.ts';

/** Four writes to disks one after another and as many ways; members tick every 5 ms. */
const LONGEST_MS = 16;

test('a hand-over waits for disks and links, not for ticks, and takes no reply with it', async () => {
  const pausesMs: number[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const shard = new SimShard({ seed });
    const { world } = shard;
    const primary = shard.ready();
    world.runUntil(world.nowMs + 200);
    const { raft } = primary.member ?? {};
    if (raft === undefined) throw new Error('it runs');
    const client = shard.connect(primary);
    client.command('SET', 'k', 'before');
    const startMs = world.nowMs;
    const { configIndex, term } = raft;
    const done = primary.member?.handOver({ configIndex, term, target: '', timeoutMs: 1000 });
    world.runUntil(startMs + 0.02);
    client.command('SET', 'k', 'during');
    const answered = world.runWhile(() => client.replies.length === 2, 1000);
    expect(answered, `seed ${seed}`).toBe(true);
    expect(client.replies[0]).toBe('OK');
    expect(client.replies[1]).toBeInstanceOf(ReplyError);
    const next = shard.members.find(
      (place) => place !== primary && place.member?.raft.role === 'leader',
    );
    if (next === undefined) throw new Error(`seed ${seed}: nobody leads`);
    const there = shard.connect(next);
    there.command('SET', 'k', 'after');
    world.runWhile(() => there.replies.length === 1, 1000);
    expect(there.replies).toEqual(['OK']);
    pausesMs.push(world.nowMs - startMs);
    world.runUntil(world.nowMs + 100);
    expect(await done).toMatchObject({ kind: 'done', leader: next.id });
  }
  expect(Math.max(...pausesMs)).toBeLessThan(LONGEST_MS);
});

test('W7: a primary whose disk alone is full hands over, and clients write on', () => {
  const shard = new SimShard({ seed: 1, kinds: ['data', 'data', 'data', 'log', 'log'] });
  const { world } = shard;
  const primary = shard.ready();
  world.runUntil(world.nowMs + 200);
  const [full, roomy] = shard.members.filter((place) => place !== primary && place.kind === 'data');
  primary.disk.freeBytes = 1000;
  full.disk.freeBytes = 1000;
  const client = shard.connect(primary);
  client.command('SET', 'k', 'refused');
  expect(world.runWhile(() => roomy.member?.state === 'primary', 4000)).toBe(true);
  const there = shard.connect(roomy);
  there.command('SET', 'k', 'there');
  expect(world.runWhile(() => there.replies.length === 1, 1000)).toBe(true);
  expect(there.replies).toEqual(['OK']);
  world.runUntil(world.nowMs + 15_000);
  expect(roomy.member?.state).toBe('primary');
});

test('W7: with no room elsewhere a primary refuses writes and stays', () => {
  const shard = new SimShard({ seed: 2 });
  const { world } = shard;
  const primary = shard.ready();
  world.runUntil(world.nowMs + 200);
  for (const { kind, disk } of shard.members) if (kind === 'data') disk.freeBytes = 1000;
  world.runUntil(world.nowMs + 15_000);
  const client = shard.connect(primary);
  client.command('SET', 'k', 'v');
  expect(world.runWhile(() => client.replies.length === 1, 1000)).toBe(true);
  expect(client.replies[0]).toMatchObject({ line: expect.stringContaining('OOM') });
  expect(primary.member?.state).toBe('primary');
});
