import { expect, test } from 'vitest';
import { CommandIndex } from '#node/commands/command-index.ts';
import { admittedCommands } from '#node/commands/table.ts';
import { OPEN_USER, TestHost } from '#node/session/testing/host.ts';

test('without enable-test-commands CONFIG and DEBUG are unknown commands', () => {
  const host = new TestHost([OPEN_USER], new CommandIndex(admittedCommands(false)));
  const client = host.connect();
  expect(client.send('CONFIG', 'GET', 'maxmemory')).toBe(
    "-ERR unknown command 'CONFIG', with args beginning with: 'GET' 'maxmemory' \r\n",
  );
  expect(client.send('CONFIG', 'NOSUCH')).toMatch("-ERR unknown command 'CONFIG'");
  expect(client.send('DEBUG', 'SLEEP', '0')).toMatch("-ERR unknown command 'DEBUG'");
  expect(client.send('COMMAND', 'INFO', 'debug')).toBe('*1\r\n$-1\r\n');
  expect(client.send('COMMAND', 'LIST')).not.toMatch('config');
  expect(client.send('FUNCTION', 'FLUSH')).toBe('+OK\r\n');
  expect(client.send('SCRIPT', 'FLUSH', 'ASYNC')).toBe('+OK\r\n');
});

test('thresholds have an old and a new name, and say what OBJECT ENCODING answers from then on', () => {
  const client = new TestHost().connect();
  expect(client.send('CONFIG', 'SET', 'zset-max-ziplist-entries', '2')).toBe('+OK\r\n');
  expect(client.send('CONFIG', 'GET', 'zset-max-*-entries')).toBe(
    '*4\r\n$25\r\nzset-max-listpack-entries\r\n$1\r\n2\r\n$24\r\nzset-max-ziplist-entries\r\n$1\r\n2\r\n',
  );
  client.send('ZADD', 'z', '1', 'a', '2', 'b');
  expect(client.send('OBJECT', 'ENCODING', 'z')).toBe('$8\r\nlistpack\r\n');
  client.send('ZADD', 'z', '3', 'c');
  expect(client.send('OBJECT', 'ENCODING', 'z')).toBe('$8\r\nskiplist\r\n');
  client.send('CONFIG', 'SET', 'hash-max-listpack-value', '1k');
  client.send('HSET', 'h', 'f', 'v'.repeat(1000));
  expect(client.send('OBJECT', 'ENCODING', 'h')).toBe('$8\r\nlistpack\r\n');
});

test('CONFIG SET sets all or nothing, in the words of Redis', () => {
  const client = new TestHost().connect();
  const set = (...words: string[]): string => client.send('CONFIG', 'SET', ...words);
  const value = (name: string): string | undefined =>
    client.send('CONFIG', 'GET', name).split('\r\n').at(4);
  const failed = "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - ";
  expect(set('hz', '50', 'maxmemory', 'abc')).toBe(`${failed}argument must be a memory value\r\n`);
  expect(value('hz')).toBe('10');
  expect(set('maxmemory', '1', 'MAXMEMORY', '2')).toMatch('duplicate parameter');
  expect(set('maxmemory', '100mb')).toBe('+OK\r\n');
  expect(value('maxmemory')).toBe('104857600');
  expect(set('appendonly', 'maybe')).toMatch("argument must be 'yes' or 'no'");
  expect(set('maxmemory-policy', 'none')).toMatch('must be one of the following: volatile-lru,');
  expect(set('hz', '-1')).toMatch('must be between 0 and');
  expect(set('slowlog-log-slower-than', '-1')).toBe('+OK\r\n');
  expect(set('a', 'b', 'c')).toBe("-ERR wrong number of arguments for 'config|set' command\r\n");
  expect(set('something-else', 'kept')).toBe('+OK\r\n');
  expect(value('something-else')).toBe('kept');
});

test('proto-max-bulk-len holds for connections that are open', () => {
  const client = new TestHost().connect();
  client.send('CONFIG', 'SET', 'proto-max-bulk-len', '1kb');
  expect(client.send('SET', 'k', 'v'.repeat(1024))).toBe('+OK\r\n');
  expect(client.send('APPEND', 'k', 'v')).toMatch('string exceeds maximum allowed size');
  expect(client.send('SETRANGE', 'k', '1023', 'vv')).toMatch('string exceeds maximum allowed size');
  expect(client.send('SET', 'k', 'v'.repeat(1025))).toMatch('invalid bulk length');
});

test('DEBUG DIGEST-VALUE is about contents, not names or how they are kept', () => {
  const client = new TestHost().connect();
  for (const key of ['{k}a', '{k}b']) {
    client.send('ZADD', `${key}z`, '1', 'a', '2.5', 'b');
    client.send('RPUSH', `${key}l`, 'x', 'y');
    client.send('HSET', `${key}h`, 'f', 'v', 'g', 'w');
    client.send('SADD', `${key}s`, '1', '2');
  }
  client.send('CONFIG', 'SET', 'zset-max-listpack-entries', '0');
  client.send('ZADD', '{k}bz', '3', 'c');
  client.send('ZREM', '{k}bz', 'c');
  const digest = (key: string): string => client.send('DEBUG', 'DIGEST-VALUE', key);
  const seen = new Set<string>();
  for (const type of ['z', 'l', 'h', 's']) {
    expect([type, digest(`{k}a${type}`)]).toEqual([type, digest(`{k}b${type}`)]);
    expect(digest(`{k}a${type}`)).toMatch(/^\*1\r\n\+[0-9a-f]{40}\r\n$/);
    seen.add(digest(`{k}a${type}`));
  }
  expect(seen.size).toBe(4);
  client.send('LSET', '{k}bl', '0', 'y');
  client.send('LSET', '{k}bl', '1', 'x');
  expect(digest('{k}al')).not.toBe(digest('{k}bl'));
  expect(digest('none')).toBe(`*1\r\n+${'0'.repeat(40)}\r\n`);
});

test('DEBUG: what suites for Redis ask for', () => {
  const client = new TestHost().connect();
  const debug = (...words: string[]): string => client.send('DEBUG', ...words);
  expect(debug('DIGEST')).toBe(`+${'0'.repeat(40)}\r\n`);
  expect(debug('POPULATE', '3', 'p', '5')).toBe('+OK\r\n');
  expect(client.send('GET', 'p:2')).toBe('$5\r\nvalue\r\n');
  expect(debug('DIGEST')).toMatch(/^\+[0-9a-f]{40}\r\n$/);
  expect(debug('OBJECT', 'p:2')).toMatch(/^\+Value at:0x[0-9a-f]+ refcount:1 encoding:embstr /);
  expect(debug('OBJECT', 'none')).toBe('-ERR no such key\r\n');
  expect(debug('JMAP')).toBe('+OK\r\n');
  expect(debug('QUICKLIST-PACKED-THRESHOLD', '10b')).toBe('+OK\r\n');
  expect(debug('SLEEP', '0.1')).toBe('+OK\r\n');
  expect(debug('ERROR', 'CODE text')).toBe('-CODE text\r\n');
  expect(debug('STRINGMATCH-LEN', 'a*', 'abc')).toBe(':1\r\n');
  expect(debug('NOSUCH')).toBe(
    "-ERR unknown subcommand or wrong number of arguments for 'NOSUCH'. Try DEBUG HELP.\r\n",
  );
  expect(debug('PROTOCOL', 'map')).toBe('*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n');
  expect(debug('RELOAD')).toMatch(/^-ERR This member cannot rebuild/);
});

test('MEMORY USAGE says what a key takes, more for more', () => {
  const client = new TestHost().connect();
  client.send('SET', 's', 'x'.repeat(1000));
  const small = Number(client.send('MEMORY', 'USAGE', 's').slice(1));
  expect(small).toBeGreaterThan(1000);
  expect(small).toBeLessThan(1500);
  client.send('RPUSH', 'l', 'x'.repeat(5000), 'y');
  expect(Number(client.send('MEMORY', 'USAGE', 'l', 'SAMPLES', '0').slice(1))).toBeGreaterThan(
    5000,
  );
  expect(client.send('MEMORY', 'USAGE', 'none')).toBe('$-1\r\n');
  expect(client.send('MEMORY', 'USAGE', 's', 'SAMPLES', '-1')).toBe('-ERR syntax error\r\n');
});
