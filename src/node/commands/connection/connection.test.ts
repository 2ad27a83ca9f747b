import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { sha256 } from '#node/acl/sha256.ts';
import { OPEN_USER, TestHost } from '#node/session/testing/host.ts';

const APP = {
  name: 'app',
  on: true,
  passwordSha256: [sha256(utf8('secret'))],
  noPassword: false,
  accessString: '~* +@all',
};

test('HELLO 3 switches the protocol and says what this is', () => {
  const client = new TestHost().connect();
  expect(client.send('hello', 3)).toBe(
    '%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n$5\r\nproto\r\n:3\r\n' +
      '$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$7\r\ncluster\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n',
  );
  expect(client.send('get', 'k')).toBe('_\r\n');
});

test('HELLO authenticates and names in one step, or changes nothing', () => {
  const client = new TestHost([{ ...OPEN_USER, noPassword: false }, APP]).connect();
  expect(client.send('hello', 3)).toMatch(/^-NOAUTH HELLO must be called/);
  expect(client.send('hello', 3, 'auth', 'app', 'wrong', 'setname', 'n')).toMatch(/^-WRONGPASS/);
  expect(client.session.protocol).toBe(2);
  expect(client.session.clientName).toBe('');
  expect(client.send('hello', 3, 'auth', 'app', 'secret', 'setname', 'n')).toMatch(/^%7/);
  expect(client.session.userName).toBe('app');
  expect(client.session.clientName).toBe('n');
});

test('RESET makes the connection as new', () => {
  const client = new TestHost([OPEN_USER, APP]).connect();
  client.send('hello', 3, 'auth', 'app', 'secret', 'setname', 'n');
  client.send('readonly');
  client.send('multi');
  expect(client.send('reset')).toBe('+RESET\r\n');
  expect(client.session.describe()).toMatch(
    /name= .* flags=N .* multi=-1 .*user=default .* resp=2/,
  );
});

test('CLIENT LIST and INFO show a line as Redis does', () => {
  const host = new TestHost();
  const client = host.connect();
  const other = host.connect();
  other.send('client', 'setname', 'other');
  other.send('client', 'setinfo', 'LIB-NAME', 'redis-py');
  other.send('client', 'setinfo', 'lib-ver', '5.0.1');
  other.send('multi');
  host.nowMs += 3500;
  const list = client.send('client', 'list');
  expect(list).toContain(
    '\r\nid=1 addr=127.0.0.1:40001 laddr=127.0.0.1:6379 fd=-1 name= age=3 idle=0 flags=N',
  );
  expect(list).toContain('\nid=2 addr=127.0.0.1:40002');
  expect(list).toMatch(
    /name=other age=3 idle=3 flags=x .* cmd=multi user=default redir=-1 resp=2 lib-name=redis-py lib-ver=5.0.1\n/,
  );
  expect(client.send('client', 'list', 'id', 2, 99)).not.toContain('id=1 ');
  expect(client.send('client', 'info')).toMatch(/cmd=client\|info /);
});

test('CLIENT KILL closes others at once and itself after the reply', () => {
  const host = new TestHost([OPEN_USER, APP]);
  const client = host.connect();
  const [a, b, c] = [host.connect(), host.connect(), host.connect()];
  b.send('auth', 'app', 'secret');
  expect(client.send('client', 'kill', 'id', a.session.id)).toBe(':1\r\n');
  expect(a.connection.state).toBe('destroyed');
  expect(client.send('client', 'kill', 'user', 'app')).toBe(':1\r\n');
  expect(b.connection.state).toBe('destroyed');
  expect(client.send('client', 'kill', c.session.remoteAddress)).toBe('+OK\r\n');
  expect(client.send('client', 'kill', 'id', client.session.id)).toBe(':0\r\n');
  expect(client.send('client', 'kill', 'id', client.session.id, 'skipme', 'no')).toBe(':1\r\n');
  expect(client.connection.state).toBe('closed');
  expect(host.sessions.size).toBe(0);
});

test('library names are printable', () => {
  const client = new TestHost().connect();
  expect(client.send('client', 'setinfo', 'lib-name', 'a b')).toBe(
    '-ERR lib-name cannot contain spaces, newlines or special characters.\r\n',
  );
  expect(client.send('client', 'setinfo', 'what', 'a')).toBe("-ERR Unrecognized option 'what'\r\n");
  expect(client.send('client', 'no-touch', 'on')).toBe('+OK\r\n');
});

test('every container answers HELP with its name', () => {
  const client = new TestHost().connect();
  for (const container of ['client', 'cluster', 'command', 'acl']) {
    const reply = client.send(container, 'help');
    expect(reply).toContain(`+${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...].`);
    expect(reply.endsWith('+HELP\r\n+    Print this help.\r\n')).toBe(true);
  }
});
