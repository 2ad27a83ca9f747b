import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { slotOfKey } from '#base/slot.ts';
import { sha256 } from '#node/acl/sha256.ts';
import { UserTable } from '#node/acl/users.ts';
import { OPEN_USER, request, TestHost } from './testing/host.ts';

function slot(key: string): number {
  const bytes = utf8(key);
  return slotOfKey(bytes, 0, bytes.length);
}

const APP = {
  name: 'app',
  on: true,
  passwordSha256: [sha256(utf8('secret'))],
  noPassword: false,
  accessString: '~app:* +@all -flushall',
};
const CLOSED_DEFAULT = { ...OPEN_USER, noPassword: false };

// Input

test('commands are found wherever the stream is cut', () => {
  const bytes = new Uint8Array([
    ...request('set', 'k', 'v'),
    ...request('get', 'k'),
    ...utf8('PING\r\n'),
  ]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const client = new TestHost().connect();
    client.raw(bytes.subarray(0, cut));
    client.raw(bytes.subarray(cut));
    expect(client.connection.take()).toBe('+OK\r\n$1\r\nv\r\n+PONG\r\n');
  }
});

test('what a client that goes away has sent of a request is dropped', () => {
  const client = new TestHost().connect();
  client.raw(utf8('*2\r\n$3\r\nGET\r\n$1000\r\nk'));
  expect(client.session.heldInputBytes).toBeGreaterThan(0);
  client.session.closed();
  expect(client.session.heldInputBytes).toBe(0);
});

test('keys seen ahead are forgotten when the read buffer is filled anew', () => {
  const client = new TestHost().connect();
  client.send('set', 'key:b', 'right');
  // refused before their keys are looked up, so nothing has passed what was seen
  const refused = request('get', 'key:a', 'x');
  const buffer = new Uint8Array([...refused, ...refused]);
  client.raw(buffer);
  client.connection.take();
  const single = request('get', 'key:b');
  buffer.set(single);
  client.session.feed(buffer, 0, single.length);
  expect(client.connection.take()).toBe('$5\r\nright\r\n');
});

test('a protocol error is answered behind the replies before it, and closes', () => {
  const client = new TestHost().connect();
  client.raw(utf8('PING\r\n*1\r\nnonsense\r\nPING\r\n'));
  expect(client.connection.take()).toBe("+PONG\r\n-ERR Protocol error: expected '$', got 'n'\r\n");
  expect(client.connection.state).toBe('closed');
  expect(client.session.ended).toBe(true);
});

test('before authentication requests are kept small', () => {
  const client = new TestHost([CLOSED_DEFAULT]).connect();
  client.raw(utf8('*1\r\n$100000\r\n'));
  expect(client.connection.take()).toBe('-ERR Protocol error: unauthenticated bulk length\r\n');
  expect(client.connection.state).toBe('closed');
});

// The order of checks

test('an unknown command, a wrong arity and a missing right come in that order', () => {
  const host = new TestHost([CLOSED_DEFAULT, APP]);
  const client = host.connect();
  expect(client.send('nosuch', 'a', 'b')).toBe(
    "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' \r\n",
  );
  expect(client.send('client', 'nosuch')).toBe(
    "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n",
  );
  expect(client.send('get')).toBe("-ERR wrong number of arguments for 'get' command\r\n");
  expect(client.send('client')).toBe("-ERR wrong number of arguments for 'client' command\r\n");
  expect(client.send('get', 'app:1')).toBe('-NOAUTH Authentication required.\r\n');
  expect(client.send('auth', 'app', 'wrong')).toBe(
    '-WRONGPASS invalid username-password pair or user is disabled.\r\n',
  );
  expect(client.send('auth', 'app', 'secret')).toBe('+OK\r\n');
  host.refusals.set(slot('other'), { kind: 'moved', endpoint: 'x:1' });
  expect(client.send('get', 'other')).toBe('-NOPERM No permissions to access a key\r\n');
  expect(client.send('flushall')).toBe(
    "-NOPERM User app has no permissions to run the 'flushall' command\r\n",
  );
  expect(client.send('get', 'app:1')).toBe('$-1\r\n');
  expect(host.aclLog.newest(9).map((e) => [e.reason, e.object, e.userName])).toEqual([
    ['command', 'flushall', 'app'],
    ['key', 'other', 'app'],
    ['auth', 'auth', 'app'],
  ]);
});

test('a slot that is served elsewhere is answered MOVED, several slots CROSSSLOT', () => {
  const host = new TestHost();
  const client = host.connect();
  host.refusals.set(slot('k'), { kind: 'moved', endpoint: 'shop-0001-002.nodes:6379' });
  host.refusals.set(slot('down'), { kind: 'error', line: 'CLUSTERDOWN Hash slot not served' });
  expect(client.send('get', 'k')).toBe(`-MOVED ${slot('k')} shop-0001-002.nodes:6379\r\n`);
  expect(client.send('get', 'down')).toBe('-CLUSTERDOWN Hash slot not served\r\n');
  expect(client.send('mget', 'k', 'other')).toBe(
    "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
  );
  expect(client.send('mget', '{x}1', '{x}2')).toBe('*2\r\n$-1\r\n$-1\r\n');
});

test('a key-less command that touches the keyspace is asked about as slot -1', () => {
  const host = new TestHost();
  host.refusals.set(-1, {
    kind: 'error',
    line: "READONLY You can't write against a read only replica.",
  });
  const client = host.connect();
  expect(client.send('flushall')).toBe(
    "-READONLY You can't write against a read only replica.\r\n",
  );
  expect(client.send('ping')).toBe('+PONG\r\n');
});

test('without memory only what takes memory is refused', () => {
  const host = new TestHost();
  const client = host.connect();
  client.send('set', 'k', 'v');
  host.outOfMemory = true;
  expect(client.send('set', 'k', 'w')).toMatch(/^-OOM /);
  expect(client.send('get', 'k')).toBe('$1\r\nv\r\n');
  expect(client.send('del', 'k')).toBe(':1\r\n');
  client.send('multi');
  expect(client.send('get', 'k')).toMatch(/^-OOM /);
  expect(client.send('exec')).toMatch(/^-EXECABORT/);
});

test('while loading only what may run then runs; without any settings nothing does', () => {
  const host = new TestHost();
  const client = host.connect();
  host.loaded = false;
  expect(client.send('get', 'k')).toBe('-LOADING Redis is loading the dataset in memory\r\n');
  expect(client.send('echo', 'a')).toBe('$1\r\na\r\n');
  host.users = new UserTable();
  expect(client.send('auth', 'x')).toBe('-LOADING Redis is loading the dataset in memory\r\n');
});

// W1, W2, W3

test('W1: the reply to a write leaves when its index is committed', () => {
  const host = new TestHost();
  host.durable = true;
  const client = host.connect();
  expect(client.send('set', 'k', 'v')).toBe('');
  client.session.release(0);
  expect(client.connection.take()).toBe('');
  expect(client.session.withheldIndex).toBe(host.keyspace.openIndex);
  host.commit();
  expect(client.connection.take()).toBe('+OK\r\n');
  expect(client.session.withholding).toBe(false);
});

test('W1: an error found before the keyspace was read leaves at once', () => {
  const host = new TestHost();
  host.durable = true;
  const client = host.connect();
  expect(client.send('nosuch')).toMatch(/^-ERR unknown/);
  expect(client.send('get')).toMatch(/^-ERR wrong number/);
  expect(client.send('ping')).toBe('+PONG\r\n');
  expect(host.units).toEqual([]);
});

test('W2: a read of what another connection wrote waits for that write', () => {
  const host = new TestHost();
  host.durable = true;
  const writer = host.connect();
  const reader = host.connect();
  writer.send('set', 'k', 'v');
  expect(reader.send('get', 'k')).toBe('');
  expect(reader.session.withheldIndex).toBe(host.keyspace.openIndex);
  expect(reader.send('get', 'other')).toBe('');
  host.commit();
  expect(reader.connection.take()).toBe('$1\r\nv\r\n$-1\r\n');
});

test('W2: a read of what nobody wrote waits for the lease alone', () => {
  const host = new TestHost();
  host.durable = true;
  host.connect().send('set', 'k', 'v');
  const reader = host.connect();
  expect(reader.send('get', 'other')).toBe('');
  expect(reader.session.withheldIndex).toBe(0);
  reader.session.release(0);
  expect(reader.connection.take()).toBe('$-1\r\n');
});

test('W2: replies without effect wait too: absent after DEL, a failed NX, WRONGTYPE', () => {
  const host = new TestHost();
  const writer = host.connect();
  writer.send('set', 'gone', 'v');
  host.durable = true;
  writer.send('del', 'gone');
  writer.send('set', 'there', 'v');
  const index = host.keyspace.openIndex;
  for (const words of [
    ['get', 'gone'],
    ['exists', 'gone'],
    ['set', 'there', 'x', 'nx'],
    ['hget', 'there', 'f'],
  ]) {
    const reader = host.connect();
    expect(reader.send(...words)).toBe('');
    expect([words, reader.session.withheldIndex]).toEqual([words, index]);
  }
});

test('W2: what reads everything waits for the newest index', () => {
  const host = new TestHost();
  host.durable = true;
  const writer = host.connect();
  writer.send('set', 'k', 'v');
  const reader = host.connect();
  expect(reader.send('dbsize')).toBe('');
  expect(reader.session.withheldIndex).toBe(host.keyspace.openIndex);
});

test('with durability async a reply waits for the lease alone, whatever is not committed', () => {
  const host = new TestHost();
  host.durable = true;
  host.waitsForCommit = false;
  const client = host.connect();
  for (const words of [['set', 'k', 'v'], ['get', 'k'], ['dbsize']]) {
    expect(client.send(...words)).toBe('');
    expect(client.session.withheldIndex).toBe(0);
  }
  client.session.release(0);
  expect(client.connection.take()).toBe('+OK\r\n$1\r\nv\r\n:1\r\n');
});

test('W3: nothing overtakes a withheld reply of its connection', () => {
  const host = new TestHost();
  host.durable = true;
  const client = host.connect();
  client.send('ping');
  expect(client.send('set', 'k', 'v')).toBe('');
  expect(client.send('ping')).toBe('');
  expect(client.send('nosuch')).toBe('');
  host.commit();
  expect(client.connection.take()).toMatch(/^\+OK\r\n\+PONG\r\n-ERR unknown/);
});

test('QUIT and a protocol error close only when the withheld replies before them have left', () => {
  const host = new TestHost();
  host.durable = true;
  for (const last of ['QUIT\r\n', '*1\r\nx\r\n']) {
    const client = host.connect();
    client.send('set', 'k', 'v');
    client.raw(utf8(last));
    expect(client.connection.state).toBe('open');
    host.commit();
    expect(client.connection.take()).toMatch(/^\+OK\r\n/);
    expect(client.connection.state).toBe('closed');
  }
});

test('W6: an aborted session sends nothing more', () => {
  const host = new TestHost();
  host.durable = true;
  const client = host.connect();
  client.send('set', 'k', 'v');
  expect(client.session.entangled).toBe(true);
  client.session.abort();
  host.commit();
  expect(client.connection.take()).toBe('');
  expect(client.connection.state).toBe('destroyed');
  expect(host.sessions.size).toBe(0);
});

test('W6: MULTI and WATCH entangle a session, a plain one is free', () => {
  const host = new TestHost();
  const client = host.connect();
  client.send('get', 'k');
  expect(client.session.entangled).toBe(false);
  client.send('watch', 'k');
  expect(client.session.entangled).toBe(true);
  client.send('unwatch');
  expect(client.session.entangled).toBe(false);
  client.send('multi');
  expect(client.session.entangled).toBe(true);
  client.send('discard');
  expect(client.session.entangled).toBe(false);
});

// W9

test('W9: an overloaded host stops input; what came is kept and runs later', () => {
  const host = new TestHost();
  const client = host.connect();
  host.overloaded = true;
  expect(client.send('set', 'k', 'v')).toBe('');
  expect(client.send('get', 'k')).toBe('');
  expect(client.connection.paused).toBe(true);
  expect(client.session.heldInputBytes).toBeGreaterThan(0);
  host.overloaded = false;
  client.session.resume();
  expect(client.connection.take()).toBe('+OK\r\n$1\r\nv\r\n');
  expect(client.connection.paused).toBe(false);
});

test('W9: a client that does not read its replies is not read from', () => {
  const host = new TestHost();
  const client = host.connect();
  client.connection.bufferedBytes = host.limits.withheldReplyBytes + 1;
  expect(client.send('ping')).toBe('');
  expect(client.connection.paused).toBe(true);
  client.connection.bufferedBytes = 0;
  client.session.drained();
  expect(client.connection.take()).toBe('+PONG\r\n');
  expect(client.connection.paused).toBe(false);
});

test('W9: too many withheld bytes stop input until they have left', () => {
  const host = new TestHost();
  host.durable = true;
  const client = host.connect();
  client.send('set', 'k', 'x'.repeat(100_000));
  host.commit();
  client.connection.take();
  client.send('set', 'other', 'v');
  for (let i = 0; i < 20; i++) client.send('get', 'k');
  expect(client.session.stopped).toBe(true);
  expect(client.session.withheldBytes).toBeLessThan(host.limits.withheldReplyBytes + 200_000);
  host.commit();
  expect([...host.later]).toEqual([client.session]);
  client.session.resume();
  host.commit();
  expect(client.connection.take().match(/\$100000/g)).toHaveLength(20);
  expect(client.session.stopped).toBe(false);
});

// Parking

test('a parked command runs once when the host lets it, before what came after it', () => {
  const host = new TestHost();
  const client = host.connect();
  host.refusals.set(slot('n'), { kind: 'park' });
  client.raw(new Uint8Array([...request('incr', 'n'), ...request('ping')]));
  expect(client.send('incr', 'n')).toBe('');
  expect(client.connection.paused).toBe(true);
  client.session.resume();
  expect(client.connection.take()).toBe('');
  host.refusals.clear();
  client.session.resume();
  expect(client.connection.take()).toBe(':1\r\n+PONG\r\n:2\r\n');
  expect(client.connection.paused).toBe(false);
});

test('a parked command that may go while the connection has no room runs when it has', () => {
  const host = new TestHost();
  const client = host.connect();
  host.refusals.set(slot('n'), { kind: 'park' });
  client.send('incr', 'n');
  client.connection.bufferedBytes = host.limits.withheldReplyBytes + 1;
  client.session.drained();
  host.refusals.clear();
  client.session.resume();
  expect(client.connection.take()).toBe('');
  client.connection.bufferedBytes = 0;
  client.session.drained();
  expect(client.connection.take()).toBe(':1\r\n');
});

test('what was parked may be refused in the end', () => {
  const host = new TestHost();
  const client = host.connect();
  host.refusals.set(slot('n'), { kind: 'park' });
  client.send('incr', 'n');
  host.refusals.set(slot('n'), { kind: 'moved', endpoint: 'x:1' });
  client.session.resume();
  expect(client.connection.take()).toBe(`-MOVED ${slot('n')} x:1\r\n`);
});

test('in MULTI only EXEC is parked', () => {
  const host = new TestHost();
  const client = host.connect();
  host.refusals.set(slot('n'), { kind: 'park' });
  client.send('multi');
  expect(client.send('incr', 'n')).toBe('+QUEUED\r\n');
  expect(client.send('exec')).toBe('');
  host.refusals.clear();
  client.session.resume();
  expect(client.connection.take()).toBe('*1\r\n:1\r\n');
});

// Users

test('the connections of a removed or disabled user are closed, others get the new rights', () => {
  const host = new TestHost([CLOSED_DEFAULT, APP, { ...APP, name: 'gone' }]);
  const app = host.connect();
  const gone = host.connect();
  app.send('auth', 'app', 'secret');
  gone.send('auth', 'gone', 'secret');
  host.setUsers([CLOSED_DEFAULT, { ...APP, passwordSha256: [], accessString: '~b:* +get' }]);
  expect(gone.connection.state).toBe('destroyed');
  expect(app.connection.state).toBe('open');
  expect(app.send('get', 'b:1')).toBe('$-1\r\n');
  expect(app.send('get', 'app:1')).toMatch(/^-NOPERM/);
  host.setUsers([CLOSED_DEFAULT, { ...APP, on: false }]);
  expect(app.connection.state).toBe('destroyed');
});

test('a connection that never authenticated loses everything when the default user is closed', () => {
  const host = new TestHost();
  const client = host.connect();
  expect(client.send('get', 'k')).toBe('$-1\r\n');
  host.setUsers([CLOSED_DEFAULT]);
  expect(client.send('get', 'k')).toBe('-NOAUTH Authentication required.\r\n');
});

// CLIENT REPLY

test('CLIENT REPLY SKIP drops one reply, OFF all until ON', () => {
  const client = new TestHost().connect();
  expect(client.send('client', 'reply', 'skip')).toBe('');
  expect(client.send('set', 'k', 'v')).toBe('');
  expect(client.send('get', 'k')).toBe('$1\r\nv\r\n');
  expect(client.send('client', 'reply', 'off')).toBe('');
  expect(client.send('nosuch')).toBe('');
  expect(client.send('incr', 'n')).toBe('');
  expect(client.send('client', 'reply', 'on')).toBe('+OK\r\n');
  expect(client.send('get', 'n')).toBe('$1\r\n1\r\n');
});

test('calls, refusals and errors are counted by command and code', () => {
  const host = new TestHost();
  const client = host.connect();
  const { commands } = host.node;
  client.send('set', 'k', 'v');
  client.send('hget', 'k', 'f');
  client.send('get');
  client.send('nosuch');
  const id = (name: string): number => commands.byName(name)?.id ?? -1;
  expect(host.statistics.calls[id('set')]).toBe(1);
  expect(host.statistics.failed[id('hget')]).toBe(1);
  expect(host.statistics.rejected[id('get')]).toBe(1);
  expect([...host.statistics.errors]).toEqual([
    ['WRONGTYPE', 1],
    ['ERR', 2],
  ]);
});
