/** The rules of the write path (docs/ARCHITECTURE.md), each on a simulated shard. */
import { expect, test } from 'vitest';
import { type SimConnection, ReplyError } from './client.ts';
import type { SimMember } from './member.ts';
import { SimShard } from './shard.ts';

/** Runs `ms` of simulated time. */
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

function others(shard: SimShard, place: SimMember): SimMember[] {
  return shard.members.filter((member) => member !== place);
}

function isolate(shard: SimShard, place: SimMember): void {
  shard.network.isolate(
    place.id,
    shard.members.map(({ id }) => id),
  );
}

/** A shard with a primary that cannot reach anybody from now on. */
function cutPrimary(seed: number): { shard: SimShard; primary: SimMember; client: SimConnection } {
  const shard = new SimShard({ seed });
  const primary = shard.ready();
  const client = shard.connect(primary);
  expect(ask(shard, client, 'SET', 'before', '1')).toBe('OK');
  pass(shard, 20);
  client.replies.length = 0;
  isolate(shard, primary);
  return { shard, primary, client };
}

test('W1: a reply to a write leaves only when its entry is on a majority of disks', () => {
  const shard = new SimShard({ seed: 1 });
  const primary = shard.ready();
  for (const { disk } of others(shard, primary)) disk.stuck = true;
  const client = shard.connect(primary);
  client.command('SET', 'k', 'v');
  pass(shard, 100);
  expect(client.replies).toEqual([]);
  for (const { disk } of others(shard, primary)) disk.stuck = false;
  pass(shard, 50);
  expect(client.replies).toEqual(['OK']);
});

test('W1: the primary alone does not count as a majority', () => {
  const { shard, client } = cutPrimary(2);
  client.command('SET', 'k', 'v');
  pass(shard, 100);
  expect(client.replies).toEqual([]);
});

test('W1: an error found before the keyspace was read leaves at once', () => {
  const { shard, client } = cutPrimary(3);
  client.command('GET');
  client.command('NOSUCH');
  pass(shard, 1);
  expect(client.replies).toHaveLength(2);
  for (const reply of client.replies) expect(reply).toBeInstanceOf(ReplyError);
});

test('W2: a read of a key with an uncommitted change waits, of another key it does not', () => {
  const { shard, primary, client } = cutPrimary(4);
  const reader = shard.connect(primary);
  client.command('SET', 'k', 'v');
  pass(shard, 1);
  reader.command('GET', 'before');
  pass(shard, 1);
  expect(reader.replies).toEqual(['1']);
  reader.command('GET', 'k');
  pass(shard, 50);
  expect(reader.replies).toEqual(['1']);
});

test('W2: absent keys have hazards, and replies without effect wait for them', () => {
  const { shard, primary, client } = cutPrimary(5);
  client.command('DEL', 'before');
  for (const words of [
    ['GET', 'before'],
    ['EXISTS', 'before'],
    ['SET', 'before', 'x', 'XX'],
    ['TTL', 'before'],
    ['HGET', 'before', 'f'],
    ['DBSIZE'],
    ['KEYS', '*'],
    ['SCAN', '0'],
    ['RANDOMKEY'],
  ]) {
    const reader = shard.connect(primary);
    reader.command(...words);
    pass(shard, 5);
    expect([words[0], ...reader.replies]).toEqual([words[0]]);
  }
});

test('W2: FLUSHALL raises a hazard over all keys', () => {
  const { shard, primary, client } = cutPrimary(6);
  client.command('FLUSHALL');
  const reader = shard.connect(primary);
  reader.command('GET', 'never-seen');
  pass(shard, 20);
  expect(reader.replies).toEqual([]);
});

test('W2: an EXEC aborted by WATCH waits for the change that aborted it', () => {
  const shard = new SimShard({ seed: 7 });
  const primary = shard.ready();
  const watcher = shard.connect(primary);
  ask(shard, watcher, 'WATCH', 'k');
  isolate(shard, primary);
  shard.connect(primary).command('SET', 'k', 'v');
  watcher.command('MULTI');
  watcher.command('GET', 'other');
  watcher.command('EXEC');
  pass(shard, 50);
  expect(watcher.replies).toEqual(['OK', 'OK', 'QUEUED']);
});

test('W3: replies of one connection leave in order, also errors and PING', () => {
  const { shard, client } = cutPrimary(8);
  client.command('PING');
  client.command('SET', 'k', 'v');
  client.command('PING');
  client.command('GET');
  pass(shard, 50);
  expect(client.replies).toEqual(['PONG']);
});

test('W4: a unit larger than an entry is applied whole or not at all', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const shard = new SimShard({ seed, limits: { maxEntryBytes: 64 } });
    const primary = shard.ready();
    const client = shard.connect(primary);
    client.command('MULTI');
    const keys = Array.from({ length: 12 }, (_, i) => `{t}${i}`);
    for (const key of keys) client.command('SET', key, 'x'.repeat(20));
    client.command('EXEC');
    pass(shard, shard.world.between(0, 6));
    shard.crash(primary);
    const next = shard.ready();
    const reader = shard.connect(next);
    const found = ask(shard, reader, 'EXISTS', ...keys);
    const acknowledged = client.replies.length === keys.length + 2;
    expect({ seed, ok: (acknowledged ? [12] : [0, 12]).includes(Number(found)) }).toEqual({
      seed,
      ok: true,
    });
    expect(shard.divergence()).toEqual([]);
  }
});

test('W5: a primary that lost its majority answers no reads after its lease', () => {
  const { shard, primary, client } = cutPrimary(9);
  pass(shard, 165); // the lease is 0.8 × 200 ms
  client.command('GET', 'before');
  pass(shard, 1000);
  expect(client.replies).toEqual([]);
  expect(client.closedByMember || primary.member?.state === 'replica').toBe(true);
});

test('W5: reads go on within the lease', () => {
  const { shard, client } = cutPrimary(10);
  client.command('GET', 'before');
  pass(shard, 1);
  expect(client.replies).toEqual(['1']);
});

test('W5: after a clock jump nothing is answered before a quorum round', () => {
  const { shard, primary, client } = cutPrimary(11);
  primary.clock.wallOffsetMs += 3_600_000;
  client.command('GET', 'before');
  pass(shard, 10);
  expect(client.replies).toEqual([]);
  shard.network.heal();
  pass(shard, 60);
  expect(client.replies).toEqual(['1']);
});

test('W5: a new primary serves only after an entry of its own term is committed', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const shard = new SimShard({ seed, kinds: ['data', 'data', 'data'] });
    const first = shard.ready();
    const client = shard.connect(first);
    ask(shard, client, 'SET', 'k', '1');
    shard.crash(first);
    const servedEarly: SimMember[] = [];
    shard.world.runWhile(() => {
      const { primary } = shard;
      const member = primary?.member;
      if (primary === undefined || !member) return false;
      const level = member.applier.appliedIndex === member.raft.commitIndex;
      if (!member.raft.ownTermCommitted || !level) servedEarly.push(primary);
      return true;
    }, 5000);
    expect(servedEarly).toEqual([]);
    expect(ask(shard, shard.connect(shard.ready()), 'GET', 'k')).toBe('1');
  }
});

const LONG = 'x'.repeat(5000);

for (const [how, rebuilt, commands] of [
  ['undone', false, [['SET', 'lost', 'v']]],
  // the old value is too long to be noted for an undo
  [
    'rebuilt from the log',
    true,
    [
      ['HSET', 'lost', 'f', LONG],
      ['HSET', 'lost', 'f', 'v'],
    ],
  ],
] as const) {
  test(`W6: what was executed and not committed is ${how}, its clients are cut off`, () => {
    const { shard, primary, client } = cutPrimary(12);
    for (const command of commands) client.command(...command);
    const watcher = shard.connect(primary);
    watcher.command('MULTI');
    const idle = shard.connect(primary);
    ask(shard, idle, 'PING');
    pass(shard, 1500);
    expect(client.closedByMember).toBe(true);
    expect(watcher.closedByMember).toBe(true);
    expect(idle.closedByMember).toBe(false);
    expect(client.replies).toEqual([]);
    const next = shard.ready();
    expect(next).not.toBe(primary);
    ask(shard, shard.connect(next), 'SET', 'after', '2');
    shard.network.heal();
    pass(shard, 500);
    const reader = shard.connect(primary);
    expect(ask(shard, reader, 'READONLY')).toBe('OK');
    expect(ask(shard, reader, 'GET', 'lost')).toBe(null);
    expect(ask(shard, reader, 'GET', 'after')).toBe('2');
    expect(shard.divergence()).toEqual([]);
    expect(primary.events.some((event) => event.includes('rebuilding'))).toBe(rebuilt);
  });
}

test('W6: a replica whose keyspace is being read anew refuses to be read', () => {
  const shard = new SimShard({ seed: 18 });
  const primary = shard.ready();
  const client = shard.connect(primary);
  const reader = shard.connect(primary);
  expect(ask(shard, reader, 'READONLY')).toBe('OK');
  // more than is read anew in one turn
  for (let i = 0; i < 60; i++) ask(shard, client, 'SET', `k${i}`, LONG.repeat(20));
  pass(shard, 20);
  isolate(shard, primary);
  client.command('HSET', 'lost', 'f', LONG);
  client.command('HSET', 'lost', 'f', 'v');
  const rebuilding: boolean[] = [];
  shard.observer = {
    ...shard.observer,
    note: (place, event) => {
      if (place !== primary || !event.startsWith('rebuilding')) return;
      shard.world.after(0, () => {
        rebuilding.push(place.member?.rebuilding === true);
        reader.command('EXISTS', 'k59');
      });
    },
  };
  pass(shard, 1500);
  const next = shard.ready();
  ask(shard, shard.connect(next), 'SET', 'after', '2');
  shard.network.heal();
  pass(shard, 500);
  expect(rebuilding).toEqual([true]);
  expect(reader.replies).toHaveLength(2);
  expect(reader.replies[1]).toBeInstanceOf(ReplyError);
  expect((reader.replies[1] as ReplyError).line).toMatch(/^CLUSTERDOWN /);
  expect(ask(shard, reader, 'EXISTS', 'k59')).toBe(1);
});

test('W8: the primary decides expiry and logs it; replicas only hide', () => {
  const shard = new SimShard({ seed: 13, kinds: ['data', 'data', 'data'] });
  const primary = shard.ready();
  const client = shard.connect(primary);
  for (let i = 0; i < 50; i++) ask(shard, client, 'SET', `k${i}`, 'v', 'PX', '40');
  pass(shard, 1000);
  expect(ask(shard, client, 'DBSIZE')).toBe(0);
  pass(shard, 100);
  for (const { member } of shard.members) expect(member?.keyspace.size).toBe(0);
  expect(shard.divergence()).toEqual([]);
});

test('W8: shard time does not go back on a new primary with a slow clock', () => {
  const shard = new SimShard({ seed: 14, kinds: ['data', 'data', 'data'] });
  const primary = shard.ready();
  const client = shard.connect(primary);
  ask(shard, client, 'SET', 'k', 'v', 'PX', '100');
  pass(shard, 200);
  ask(shard, client, 'SET', 'other', 'v');
  pass(shard, 20);
  for (const place of others(shard, primary)) place.clock.wallOffsetMs -= 60_000;
  shard.crash(primary);
  const next = shard.ready();
  expect(ask(shard, shard.connect(next), 'GET', 'k')).toBe(null);
});

test('W9: at a limit sockets are no longer read, and nothing is lost', () => {
  const shard = new SimShard({ seed: 15, limits: { maxInFlightBytes: 4096, maxBatchBytes: 1024 } });
  const primary = shard.ready();
  const client = shard.connect(primary);
  for (const { disk } of others(shard, primary)) disk.stuck = true;
  for (let i = 0; i < 100; i++) client.command('SET', `k${i}`, 'x'.repeat(200));
  pass(shard, 50);
  expect(client.paused).toBe(true);
  expect(client.replies).toEqual([]);
  for (const { disk } of others(shard, primary)) disk.stuck = false;
  shard.world.runWhile(() => client.replies.length === 100, 3000);
  expect(client.replies.filter((reply) => reply === 'OK')).toHaveLength(100);
  expect(client.paused).toBe(false);
});

test('a log member that wins an election hands over to a data member', () => {
  const shard = new SimShard({ seed: 16, kinds: ['data', 'log', 'log'] });
  const primary = shard.ready();
  const client = shard.connect(primary);
  ask(shard, client, 'SET', 'k', 'v');
  isolate(shard, primary);
  pass(shard, 1500);
  shard.network.heal();
  const next = shard.ready();
  expect(next.kind).toBe('data');
  expect(ask(shard, shard.connect(next), 'GET', 'k')).toBe('v');
});

test('a cold start of the whole shard comes back by itself with everything acknowledged', () => {
  const shard = new SimShard({ seed: 17 });
  const client = shard.connect(shard.ready());
  for (let i = 0; i < 20; i++) expect(ask(shard, client, 'SET', `k${i}`, `${i}`)).toBe('OK');
  for (const place of shard.members) shard.crash(place);
  for (const place of shard.members) shard.start(place);
  const reader = shard.connect(shard.ready());
  for (let i = 0; i < 20; i++) expect(ask(shard, reader, 'GET', `k${i}`)).toBe(`${i}`);
});

test('a hand-over parks commands and loses none', async () => {
  const shard = new SimShard({ seed: 18, kinds: ['data', 'data', 'data'] });
  const primary = shard.ready();
  const client = shard.connect(primary);
  ask(shard, client, 'SET', 'k', '1');
  const raft = primary.member?.raft;
  const done = primary.member?.handOver({
    configIndex: raft?.configIndex ?? 0,
    term: raft?.term ?? 0,
    target: '',
    timeoutMs: 5000,
  });
  client.command('SET', 'k', '2');
  shard.world.runWhile(() => shard.primary !== undefined && shard.primary !== primary, 3000);
  pass(shard, 100);
  expect((await done)?.kind).toBe('done');
  const reply = client.replies.at(-1);
  expect(reply).toBeInstanceOf(ReplyError);
  expect((reply as ReplyError).line).toMatch(/^MOVED \d+ /);
});

test('W7: writes are refused while fewer than a majority of the disks have room; reads and deletes go on', () => {
  const shard = new SimShard({ seed: 77, kinds: ['data', 'data', 'data'] });
  const primary = shard.ready();
  const client = shard.connect(primary);
  const [one, other] = others(shard, primary);
  expect(ask(shard, client, 'SET', 'k', 'v')).toBe('OK');
  one.disk.freeBytes = 1000;
  pass(shard, 100);
  expect(ask(shard, client, 'SET', 'k', 'w')).toBe('OK');
  other.disk.freeBytes = 1000;
  pass(shard, 100);
  const refused = ask(shard, client, 'SET', 'k', 'x');
  expect(refused).toBeInstanceOf(ReplyError);
  expect((refused as ReplyError).line).toMatch(/^OOM .*disks/);
  expect(ask(shard, client, 'GET', 'k')).toBe('w');
  expect(ask(shard, client, 'DEL', 'k')).toBe(1);
  one.disk.freeBytes = one.disk.totalBytes;
  pass(shard, 100);
  expect(ask(shard, client, 'SET', 'k', 'y')).toBe('OK');
});
