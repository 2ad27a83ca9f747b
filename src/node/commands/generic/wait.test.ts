import { expect, test } from 'vitest';
import { ERRORS } from '#node/resp/errors.ts';
import { type TestClient, TestHost } from '#node/session/testing/host.ts';

function setUp(): { host: TestHost; client: TestClient } {
  const host = new TestHost();
  return { host, client: host.connect() };
}

test('WAIT and WAITAOF answer at once when enough have the writes, and say how many have', () => {
  const { host, client } = setUp();
  host.replicas = 2;
  client.send('set', 'k', 'v');
  expect(client.send('wait', 2, 0)).toBe(':2\r\n');
  expect(client.send('wait', 0, 100)).toBe(':2\r\n');
  expect(client.send('wait', -5, 100)).toBe(':2\r\n');
  expect(client.send('waitaof', 1, 2, 0)).toBe('*2\r\n:1\r\n:2\r\n');
  expect(host.blocked.size).toBe(0);
});

test('a blocked connection runs nothing; what it sent meanwhile runs when enough have the writes', () => {
  const { host, client } = setUp();
  expect(client.send('wait', 1, 0)).toBe('');
  expect(client.send('set', 'k', 'v')).toBe('');
  expect(client.send('get', 'k')).toBe('');
  expect(host.keyspace.size).toBe(0);
  host.wake(0);
  expect(client.connection.take()).toBe('');
  host.wake(1);
  expect(client.connection.take()).toBe(':1\r\n');
  for (const session of host.later) session.resume();
  expect(client.connection.take()).toBe('+OK\r\n$1\r\nv\r\n');
});

test('at its timeout it answers how many there are by then', () => {
  const { host, client } = setUp();
  const other = host.connect();
  expect(client.send('wait', 2, 100)).toBe('');
  expect(other.send('waitaof', 1, 3, 101)).toBe('');
  host.nowMs += 99;
  host.wake(1);
  expect(client.connection.take()).toBe('');
  host.nowMs += 1;
  host.wake(1);
  expect(client.connection.take()).toBe(':1\r\n');
  expect(other.connection.take()).toBe('');
  host.nowMs += 1;
  host.wake(1);
  expect(other.connection.take()).toBe('*2\r\n:1\r\n:1\r\n');
});

test('inside EXEC it never blocks', () => {
  const { host, client } = setUp();
  client.send('multi');
  expect(client.send('wait', 3, 0)).toBe('+QUEUED\r\n');
  expect(client.send('waitaof', 1, 3, 0)).toBe('+QUEUED\r\n');
  expect(client.send('exec')).toBe('*2\r\n:0\r\n*2\r\n:1\r\n:0\r\n');
  expect(host.blocked.size).toBe(0);
});

test('only a blocked connection that sends much is not read, and one that goes is forgotten', () => {
  const { host, client } = setUp();
  client.send('wait', 1, 0);
  client.send('echo', 'x'.repeat(1000));
  expect(client.connection.paused).toBe(false);
  client.send('echo', 'x'.repeat(70_000));
  expect(client.connection.paused).toBe(true);
  host.wake(1);
  for (const session of host.later) session.resume();
  expect(client.connection.paused).toBe(false);
  expect(client.connection.take().length).toBeGreaterThan(71_000);
  client.send('wait', 2, 0);
  client.session.closed();
  expect(host.blocked.size).toBe(0);
});

test('CLIENT KILL ends it, and CLIENT LIST shows it as blocked', () => {
  const { host, client } = setUp();
  const other = host.connect();
  client.send('wait', 1, 0);
  expect(other.send('client', 'list', 'id', client.session.id)).toContain(' flags=b ');
  expect(other.send('client', 'kill', 'id', client.session.id)).toBe(':1\r\n');
  expect(client.connection.state).toBe('destroyed');
  expect(host.blocked.size).toBe(0);
});

test('CLIENT REPLY SKIP before it drops its reply and no other', () => {
  const { host, client } = setUp();
  client.send('client', 'reply', 'skip');
  client.send('wait', 1, 0);
  client.send('ping');
  host.wake(1);
  for (const session of host.later) session.resume();
  expect(client.connection.take()).toBe('+PONG\r\n');
});

test('with a write that is not committed its reply waits behind that of the write', () => {
  const { host, client } = setUp();
  host.durable = true;
  host.replicas = 1;
  client.send('client', 'reply', 'off');
  client.send('set', 'k', 'v');
  client.send('client', 'reply', 'on');
  expect(client.send('wait', 1, 0)).toBe('');
  expect(client.session.withheldIndex).toBe(client.session.lastWrite);
  host.commit();
  expect(client.connection.take()).toBe(':1\r\n');
});

test('a replica refuses', () => {
  const { host, client } = setUp();
  Object.assign(host.node, { role: 'replica' });
  expect(client.send('wait', 'x', 0)).toBe(`-${ERRORS.waitOnReplica}\r\n`);
  expect(client.send('waitaof', 0, 0, 'x')).toBe(
    '-ERR timeout is not an integer or out of range\r\n',
  );
  expect(client.send('waitaof', 0, 0, 0)).toBe(`-${ERRORS.waitAofOnReplica}\r\n`);
});
