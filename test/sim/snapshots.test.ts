/** Snapshots, truncation and catching up by them (docs/ARCHITECTURE.md, "Snapshots"), on simulated shards. */
import { expect, test } from 'vitest';
import type { SimConnection } from './client.ts';
import type { SimMember } from './member.ts';
import { SimShard } from './shard.ts';

function pass(shard: SimShard, ms: number): void {
  shard.world.runUntil(shard.world.nowMs + ms);
}

/** Sends a command and runs until its reply is there. */
function ask(shard: SimShard, client: SimConnection, ...words: string[]): unknown {
  const before = client.replies.length;
  client.command(...words);
  const answered = (): boolean => client.replies.length > before || client.closedByMember;
  if (!shard.world.runWhile(answered, 2000)) throw new Error(`no reply to ${words.join(' ')}`);
  return client.replies.at(-1);
}

function write(shard: SimShard, client: SimConnection, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    ask(shard, client, 'SET', `k${i % 50}`, `${i}`.padStart(100, '.'));
    if (i % 7 === 0) ask(shard, client, 'HSET', 'h', `f${i % 13}`, String(i));
  }
}

/** Every data member holds the same, and so do their logs' ends. */
function expectLevel(shard: SimShard): void {
  pass(shard, 1000);
  const held = shard.members
    .filter(({ kind }) => kind === 'data')
    .map(({ member }) => member?.digest());
  expect(held[0]).not.toBeNull();
  for (const digest of held) expect(digest).toEqual(held[0]);
}

function smallShard(seed: number, kinds: ('data' | 'log')[] = ['data', 'data', 'log']): SimShard {
  return new SimShard({ seed, kinds, limits: { snapshotLogBytes: 4096 } });
}

function indexes({ disk }: SimMember): number[] {
  return disk.snapshots.files.map(({ index }) => index);
}

test('every voter keeps two files, and the log after the older', () => {
  const shard = smallShard(201);
  const primary = shard.ready();
  const client = shard.connect(primary);
  write(shard, client, 0, 400);
  pass(shard, 2000);
  for (const place of shard.members) {
    const [older, newer, ...more] = indexes(place);
    expect(more).toEqual([]);
    expect(newer).toBeGreaterThan(older);
    // a log member fetches its files later, and may leave one out
    expect(newer).toBe(indexes(primary).at(-1));
    expect(place.disk.base.index).toBeGreaterThan(0);
    expect(place.disk.base.index).toBeLessThanOrEqual(older);
    expect(place.member?.raft.firstIndex).toBe(older + 1);
  }
  expectLevel(shard);
});

test('a shard whose members all stop at once comes back from snapshots and logs', () => {
  const shard = smallShard(202);
  const client = shard.connect(shard.ready());
  write(shard, client, 0, 300);
  ask(shard, client, 'ZADD', 'z', '1', 'one', '2', 'two');
  for (const place of shard.members) shard.crash(place);
  for (const place of shard.members) shard.start(place);
  const again = shard.connect(shard.ready());
  expect(ask(shard, again, 'GET', 'k49')).toBe('299'.padStart(100, '.'));
  expect(ask(shard, again, 'ZSCORE', 'z', 'two')).toBe('2');
  expectLevel(shard);
});

test('a member that the leader’s log does not reach any more is sent a snapshot', () => {
  for (const kinds of [
    ['data', 'data', 'data'],
    ['data', 'data', 'log'],
  ] as ('data' | 'log')[][]) {
    const shard = smallShard(203, kinds);
    const primary = shard.ready();
    const client = shard.connect(primary);
    write(shard, client, 0, 20);
    const away = shard.members.find((place) => place !== primary && place.kind === 'data');
    if (away === undefined) throw new Error('no replica');
    shard.crash(away);
    write(shard, client, 20, 420);
    const last = away.disk.lastIndex;
    expect(primary.member?.raft.firstIndex).toBeGreaterThan(last + 1);
    shard.start(away);
    pass(shard, 3000);
    expect(away.events.some((event) => event.includes('installed'))).toBe(true);
    expect(away.disk.base.index).toBeGreaterThan(last);
    expectLevel(shard);
    write(shard, client, 420, 440);
    expectLevel(shard);
  }
});

test('a data member alone with two log members comes back by what those hold', () => {
  const shard = smallShard(204, ['data', 'log', 'log']);
  const client = shard.connect(shard.ready());
  write(shard, client, 0, 300);
  pass(shard, 1000);
  const [data, ...logs] = shard.members;
  for (const log of logs) expect(indexes(log).at(-1)).toBe(indexes(data).at(-1));
  shard.crash(data);
  pass(shard, 2000);
  shard.start(data);
  const again = shard.connect(shard.ready());
  expect(ask(shard, again, 'GET', 'k49')).toBe('299'.padStart(100, '.'));
});

test('a walk of a primary that steps down leaves no file, and nothing uncommitted gets into one', () => {
  const shard = smallShard(205, ['data', 'data', 'data']);
  const primary = shard.ready();
  const client = shard.connect(primary);
  write(shard, client, 0, 30);
  pass(shard, 500);
  const before = indexes(primary);
  shard.network.isolate(
    primary.id,
    shard.members.map(({ id }) => id),
  );
  for (let i = 0; i < 60; i++) client.command('SET', `lost${i}`, ''.padStart(100, 'x'));
  pass(shard, 2000);
  expect(indexes(primary)).toEqual(before);
  const next = shard.connect(shard.ready());
  expect(ask(shard, next, 'EXISTS', 'lost1')).toBe(0);
  shard.network.heal();
  write(shard, next, 30, 300);
  expectLevel(shard);
  expect(ask(shard, next, 'EXISTS', 'lost1')).toBe(0);
});

test('a newcomer gets its snapshot from another log member when the file of the leader is damaged', () => {
  const shard = smallShard(206, ['data', 'log', 'log']);
  const primary = shard.ready();
  write(shard, shard.connect(primary), 0, 300);
  pass(shard, 2000);
  primary.lost = true;
  shard.crash(primary);
  const leads = (): SimMember | undefined =>
    shard.members.find(({ member }) => member?.raft.ownTermCommitted === true);
  shard.world.runWhile(() => leads() !== undefined, 5000);
  const leader = leads();
  if (leader === undefined) throw new Error('no log member leads');
  for (const index of indexes(leader)) leader.disk.snapshots.damage(index);
  const newcomer = shard.add('data');
  shard.start(newcomer);
  shard.ask(leader, ({ raft }) =>
    raft.proposeMembership(
      { kind: 'add-learner', id: newcomer.id },
      raft.configIndex,
      leader.clock.monotonicMs(),
    ),
  );
  const level = (): boolean =>
    newcomer.member?.applier.appliedIndex === leader.member?.raft.commitIndex;
  expect(shard.world.runWhile(level, 10_000)).toBe(true);
  expect(newcomer.member?.keyspace.size).toBe(51);
});
