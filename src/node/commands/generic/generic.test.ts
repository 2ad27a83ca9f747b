import { expect, test } from 'vitest';
import { Engine } from '#node/commands/testing/engine.ts';

test('W8: a read that finds a key past its time logs that and waits for it', () => {
  const engine = new Engine();
  const { keyspace } = engine;
  engine.call('SET', 'k', 'v', 'PX', '100');
  keyspace.committed(1);
  keyspace.openIndex = 2;
  keyspace.effects.clear();
  keyspace.nowMs += 101;
  expect(engine.call('TTL', 'k')).toBe(':-2\r\n');
  expect(keyspace.waitIndex).toBe(2);
  expect(keyspace.effects.length).toBeGreaterThan(0);
});

test('RENAME moves value and expiry and makes both names hazards', () => {
  const engine = new Engine();
  const { keyspace } = engine;
  engine.call('SET', '{t}a', 'v', 'PXAT', '1800000000000');
  engine.call('HSET', '{t}b', 'f', 'v');
  keyspace.committed(1);
  keyspace.openIndex = 2;
  expect(engine.call('RENAME', '{t}a', '{t}b')).toBe('+OK\r\n');
  expect(engine.call('PEXPIRETIME', '{t}b')).toBe(':1800000000000\r\n');
  expect(keyspace.waitIndex).toBe(2);
  expect(engine.call('EXISTS', '{t}a')).toBe(':0\r\n');
  expect(keyspace.waitIndex).toBe(2);
  expect(engine.call('RENAMENX', '{t}a', '{t}b')).toBe('-ERR no such key\r\n');
});

test('OBJECT IDLETIME counts seconds since a read, not since TTL or OBJECT', () => {
  const engine = new Engine();
  engine.call('SET', 'k', 'v');
  engine.keyspace.nowMs += 5000;
  engine.call('TTL', 'k');
  expect(engine.call('OBJECT', 'IDLETIME', 'k')).toBe(':5\r\n');
  engine.call('GET', 'k');
  expect(engine.call('OBJECT', 'IDLETIME', 'k')).toBe(':0\r\n');
});

test('conditions of EXPIRE', () => {
  const engine = new Engine();
  const expire = (seconds: string, ...options: string[]): string =>
    engine.call('EXPIRE', 'k', seconds, ...options);
  engine.call('SET', 'k', 'v');
  expect(expire('10', 'XX')).toBe(':0\r\n');
  expect(expire('10', 'GT')).toBe(':0\r\n');
  expect(expire('10', 'LT')).toBe(':1\r\n');
  expect(expire('20', 'NX')).toBe(':0\r\n');
  expect(expire('20', 'LT')).toBe(':0\r\n');
  expect(expire('20', 'GT', 'XX')).toBe(':1\r\n');
  expect(expire('20', 'NX', 'XX')).toMatch('not compatible');
  expect(expire('20', 'GT', 'LT')).toMatch('not compatible');
  expect(engine.call('TTL', 'k')).toBe(':20\r\n');
});

test('any cursor is taken, also one that SCAN never gave', () => {
  const engine = new Engine();
  for (let i = 0; i < 50; i++) engine.call('SET', `k${i}`, 'v');
  for (const cursor of ['-1', '+5', '', '18446744073709551615', '4294967295']) {
    expect(engine.call('SCAN', cursor)).toMatch(/^\*2\r\n/);
  }
  expect(engine.call('SCAN', '18446744073709551616')).toBe('-ERR invalid cursor\r\n');
  expect(engine.call('SCAN', 'x')).toBe('-ERR invalid cursor\r\n');
});
