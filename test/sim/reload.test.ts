/** DEBUG RELOAD and LOADAOF, for tests alone: the keyspace is rebuilt from the log of a serving primary. */
import { expect, test } from 'vitest';
import type { SimConnection } from './client.ts';
import { SimShard } from './shard.ts';

/** Sends a command and runs until its reply is there. */
function ask(shard: SimShard, client: SimConnection, ...words: string[]): unknown {
  const before = client.replies.length;
  client.command(...words);
  const answered = (): boolean => client.replies.length > before || client.closedByMember;
  if (!shard.world.runWhile(answered, 2000)) throw new Error(`no reply to ${words.join(' ')}`);
  return client.replies.at(-1);
}

test('a reload brings everything back that was executed before it, of every type', () => {
  const shard = new SimShard({ seed: 71 });
  const primary = shard.ready();
  const client = shard.connect(primary);
  ask(shard, client, 'SET', 's', 'v', 'PXAT', '4000000000000');
  ask(shard, client, 'HSET', 'h', 'f', 'v', 'g', 'w');
  ask(shard, client, 'RPUSH', 'l', 'a', 'b', 'c');
  ask(shard, client, 'SADD', 'u', '1', '2', 'x');
  ask(shard, client, 'ZADD', 'z', '1.5', 'a', '-inf', 'b');
  ask(shard, client, 'LPOP', 'l');
  const digest = ask(shard, client, 'DEBUG', 'DIGEST');
  for (const name of ['RELOAD', 'LOADAOF']) {
    const { term } = primary.member?.raft ?? { term: 0 };
    expect(ask(shard, client, 'DEBUG', name)).toBe('OK');
    expect(primary.member?.raft.term).toBe(term);
    expect(ask(shard, client, 'DEBUG', 'DIGEST')).toBe(digest);
    expect(ask(shard, client, 'LRANGE', 'l', '0', '-1')).toEqual(['b', 'c']);
  }
  expect(ask(shard, client, 'INCR', 'n')).toBe(1);
  expect(ask(shard, client, 'DEBUG', 'RELOAD')).toBe('OK');
  expect(ask(shard, client, 'GET', 'n')).toBe('1');
});

test('what was executed and is not committed yet is waited for; what comes after it waits', () => {
  const shard = new SimShard({ seed: 72 });
  const primary = shard.ready();
  const [writer, admin, reader] = [1, 2, 3].map(() => shard.connect(primary));
  writer.command('SET', 'k', 'v');
  admin.command('DEBUG', 'RELOAD');
  reader.command('GET', 'k');
  writer.command('SET', 'k', 'w');
  const all = (): boolean =>
    writer.replies.length === 2 && admin.replies.length === 1 && reader.replies.length === 1;
  expect(shard.world.runWhile(all, 2000)).toBe(true);
  expect([writer.replies, admin.replies]).toEqual([['OK', 'OK'], ['OK']]);
  // the reader and the second write waited together: either may have been first
  expect(['v', 'w']).toContain(reader.replies[0]);
  expect(ask(shard, reader, 'GET', 'k')).toBe('w');
});

test('W6: a primary that steps down before it can reload says nothing', () => {
  const shard = new SimShard({ seed: 73 });
  const primary = shard.ready();
  const client = shard.connect(primary);
  expect(ask(shard, client, 'SET', 'before', '1')).toBe('OK');
  shard.network.isolate(
    primary.id,
    shard.members.map(({ id }) => id),
  );
  client.replies.length = 0;
  client.command('SET', 'k', 'v');
  client.command('DEBUG', 'RELOAD');
  shard.world.runUntil(shard.world.nowMs + 3000);
  expect(client.replies).toEqual([]);
  expect(client.closedByMember).toBe(true);
});
