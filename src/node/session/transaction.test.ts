import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { slotOfKey } from '#base/slot.ts';
import { sha256 } from '#node/acl/sha256.ts';
import { OPEN_USER, TestHost } from './testing/host.ts';

function slot(key: string): number {
  const bytes = utf8(key);
  return slotOfKey(bytes, 0, bytes.length);
}

test('commands are queued and run by EXEC, a failing one among them included', () => {
  const client = new TestHost().connect();
  expect(client.send('multi')).toBe('+OK\r\n');
  expect(client.send('set', 'k', 'v')).toBe('+QUEUED\r\n');
  expect(client.send('incr', 'k')).toBe('+QUEUED\r\n');
  expect(client.send('get', 'k')).toBe('+QUEUED\r\n');
  expect(client.send('exec')).toBe(
    '*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nv\r\n',
  );
  expect(client.send('get', 'k')).toBe('$1\r\nv\r\n');
});

test('W4: EXEC is one unit; its reply waits for all that its commands wait for', () => {
  const host = new TestHost();
  host.durable = true;
  const other = host.connect();
  other.send('set', 'a{t}', 'v');
  host.commit();
  other.send('set', 'b{t}', 'v');
  const client = host.connect();
  client.send('multi');
  client.send('get', 'b{t}');
  client.send('get', 'a{t}');
  host.units.length = 0;
  expect(client.send('exec')).toBe('');
  expect(host.units).toEqual([host.keyspace.openIndex]);
  host.commit();
  expect(client.connection.take()).toBe('*2\r\n$1\r\nv\r\n$1\r\nv\r\n');
});

test('W2: a whole-keyspace read inside EXEC makes it wait for the newest index', () => {
  const host = new TestHost();
  host.durable = true;
  host.connect().send('set', 'k', 'v');
  const client = host.connect();
  client.send('multi');
  client.send('dbsize');
  expect(client.send('exec')).toBe('');
  expect(client.session.withheldIndex).toBe(host.keyspace.openIndex);
});

test('a command that cannot be queued breaks the transaction', () => {
  const client = new TestHost().connect();
  for (const wrong of [['nosuch'], ['get']]) {
    client.send('multi');
    client.send('set', 'k', 'v');
    expect(client.send(...wrong)).toMatch(/^-ERR/);
    expect(client.send('exec')).toBe(
      '-EXECABORT Transaction discarded because of previous errors.\r\n',
    );
    expect(client.send('get', 'k')).toBe('$-1\r\n');
  }
});

test('nested MULTI, and WATCH inside, are errors that break nothing', () => {
  const client = new TestHost().connect();
  client.send('multi');
  expect(client.send('multi')).toBe('-ERR MULTI calls can not be nested\r\n');
  expect(client.send('watch', 'k')).toBe('-ERR WATCH inside MULTI is not allowed\r\n');
  expect(client.send('exec')).toBe('*0\r\n');
  expect(client.send('exec')).toBe('-ERR EXEC without MULTI\r\n');
  expect(client.send('discard')).toBe('-ERR DISCARD without MULTI\r\n');
});

test('an EXEC with a wrong arity ends the transaction', () => {
  const client = new TestHost().connect();
  client.send('multi');
  expect(client.send('exec', 'x')).toBe(
    "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n",
  );
  expect(client.send('exec')).toBe('-ERR EXEC without MULTI\r\n');
});

test('WATCH: EXEC answers null when a watched key was changed by anyone', () => {
  const host = new TestHost();
  const client = host.connect();
  const other = host.connect();
  client.send('watch', 'k', 'k');
  client.send('multi');
  client.send('set', 'k', 'mine');
  other.send('set', 'k', 'theirs');
  expect(client.send('exec')).toBe('*-1\r\n');
  expect(client.send('get', 'k')).toBe('$6\r\ntheirs\r\n');
  client.send('watch', 'k');
  client.send('set', 'k', 'own');
  client.send('multi');
  expect(client.send('exec')).toBe('*-1\r\n');
});

test('WATCH: nothing changed, EXEC runs, and the watch is over', () => {
  const host = new TestHost();
  const client = host.connect();
  const other = host.connect();
  client.send('watch', 'k');
  client.send('multi');
  client.send('incr', 'k');
  expect(client.send('exec')).toBe('*1\r\n:1\r\n');
  other.send('incr', 'k');
  client.send('multi');
  client.send('incr', 'k');
  expect(client.send('exec')).toBe('*1\r\n:3\r\n');
  for (const forget of [['unwatch'], ['reset']]) {
    client.send('watch', 'k');
    other.send('incr', 'k');
    client.send(...forget);
    client.send('multi');
    expect(client.send('exec')).toBe('*0\r\n');
  }
  client.send('watch', 'k');
  client.send('multi');
  client.send('discard');
  other.send('incr', 'k');
  client.send('multi');
  expect(client.send('exec')).toBe('*0\r\n');
});

test('W2: an EXEC that a watched key aborted waits for the write that changed it', () => {
  const host = new TestHost();
  const client = host.connect();
  const other = host.connect();
  client.send('watch', 'k');
  client.send('multi');
  host.durable = true;
  other.send('set', 'k', 'v');
  expect(client.send('exec')).toBe('');
  expect(client.session.withheldIndex).toBe(host.keyspace.openIndex);
  host.commit();
  expect(client.connection.take()).toBe('*-1\r\n');
});

test('a watched key whose time passes counts as changed', () => {
  const host = new TestHost();
  const client = host.connect();
  client.send('set', 'k', 'v', 'px', '100');
  client.send('watch', 'k');
  client.send('multi');
  client.send('ping');
  host.nowMs += 1000;
  expect(client.send('exec')).toBe('*-1\r\n');
});

test('the slots of all queued commands are asked about together', () => {
  const host = new TestHost();
  const client = host.connect();
  client.send('multi');
  client.send('set', 'a', '1');
  client.send('set', 'b', '1');
  expect(client.send('exec')).toBe("-CROSSSLOT Keys in request don't hash to the same slot\r\n");
  expect(client.send('exec')).toBe('-ERR EXEC without MULTI\r\n');
  client.send('multi');
  client.send('set', 'a', '1');
  host.refusals.set(slot('a'), { kind: 'moved', endpoint: 'x:1' });
  expect(client.send('exec')).toBe(`-MOVED ${slot('a')} x:1\r\n`);
  client.send('multi');
  expect(client.send('get', 'a')).toBe(`-MOVED ${slot('a')} x:1\r\n`);
  expect(client.send('exec')).toMatch(/^-EXECABORT/);
});

test('rights are checked again when EXEC runs', () => {
  const app = {
    name: 'app',
    on: true,
    passwordSha256: [sha256(utf8('p'))],
    noPassword: false,
    accessString: '~* +@all',
  };
  const host = new TestHost([OPEN_USER, app]);
  const client = host.connect();
  client.send('auth', 'app', 'p');
  client.send('multi');
  client.send('set', 'k', 'v');
  client.send('ping');
  host.setUsers([OPEN_USER, { ...app, accessString: '~* +exec +ping' }]);
  expect(client.send('exec')).toMatch(
    /^\*2\r\n-NOPERM ACLs rules changed .* no permission to execute the command or subcommand\r\n\+PONG\r\n$/,
  );
});

test('a queue has a limit', () => {
  const host = new TestHost();
  const client = host.connect();
  client.send('multi');
  const value = 'x'.repeat(100_000);
  for (let i = 0; i < 20 && client.connection.state === 'open'; i++) client.send('set', 'k', value);
  expect(client.connection.state).toBe('closed');
  expect(host.keyspace.size).toBe(0);
});
