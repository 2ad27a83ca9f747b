import { expect, test } from 'vitest';
import { ByteReader } from '#base/bytes.ts';
import { Engine } from '#node/commands/testing/engine.ts';
import { Keyspace } from '#node/keyspace/keyspace.ts';

const NOW = 1_700_000_000_000;

test('SET logs the time at which the key expires, not how long it lives', () => {
  const engine = new Engine();
  expect(engine.call('SET', 'k', 'v', 'EX', '10')).toBe('+OK\r\n');
  const effects = engine.keyspace.effects.copy();
  // op, key length, key, flags, expiry
  expect(new ByteReader(effects, 4).float64()).toBe(NOW + 10_000);
  const replica = new Keyspace({ hashSeed: [3, 4] });
  replica.role = 'replica';
  replica.recording = false;
  replica.apply(effects, 0, effects.length);
  expect(replica.digest()).toBe(engine.keyspace.digest());
});

test('W2: a refused write waits for the key that it read', () => {
  const engine = new Engine();
  const { keyspace } = engine;
  const refused: [string[], string][] = [
    [['SETNX', 'k', 'w'], ':0\r\n'],
    [['SET', 'k', 'w', 'NX'], '$-1\r\n'],
    [['INCR', 'k'], '-ERR value is not an integer or out of range\r\n'],
    [
      ['MSETNX', 'other', 'w', 'k', 'w'],
      "-CROSSSLOT Keys in request don't hash to the same slot\r\n",
    ],
    [['GETRANGE', 'k', '0', '-1'], '$1\r\nv\r\n'],
    [['HGET', 'k', 'f'], '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'],
  ];
  keyspace.openIndex = 7;
  engine.call('SET', 'k', 'v');
  for (const [line, reply] of refused) {
    expect(engine.call(...line)).toBe(reply);
    expect(keyspace.waitIndex).toBe(line[0] === 'MSETNX' ? 0 : 7);
  }
  keyspace.committed(7);
  keyspace.openIndex = 8;
  engine.call('SETNX', 'k', 'w');
  expect(keyspace.waitIndex).toBe(0);
});

test('W1: an error found before the keyspace is read waits for nothing', () => {
  const engine = new Engine();
  engine.call('SET', 'k', 'v');
  for (const line of [
    ['SET', 'k', 'v', 'EX', '0'],
    ['SET', 'k', 'v', 'BAD'],
    ['INCRBY', 'k', 'x'],
    ['GETRANGE', 'k', 'x', '1'],
    ['SETRANGE', 'k', '-1', 'v'],
    ['GET'],
  ]) {
    expect(engine.call(...line)).toMatch(/^-ERR/);
    expect(engine.keyspace.waitIndex).toBe(0);
  }
});

test('an increment keeps the expiry, SET takes it away, KEEPTTL keeps it', () => {
  const engine = new Engine();
  const expiry = (): string => engine.call('PEXPIRETIME', 'k');
  engine.call('SET', 'k', '1', 'PX', '500');
  engine.call('INCR', 'k');
  engine.call('INCRBYFLOAT', 'k', '1.5');
  engine.call('APPEND', 'k', '0');
  expect(expiry()).toBe(`:${NOW + 500}\r\n`);
  engine.call('SET', 'k', '1', 'KEEPTTL');
  expect(expiry()).toBe(`:${NOW + 500}\r\n`);
  engine.call('SET', 'k', '1');
  expect(expiry()).toBe(':-1\r\n');
});

test('integers are counted exactly up to 64 bits', () => {
  const engine = new Engine();
  engine.call('SET', 'k', '9007199254740992');
  expect(engine.call('INCR', 'k')).toBe(':9007199254740993\r\n');
  engine.call('SET', 'k', '9223372036854775806');
  expect(engine.call('INCR', 'k')).toBe(':9223372036854775807\r\n');
  expect(engine.call('INCR', 'k')).toBe('-ERR increment or decrement would overflow\r\n');
  expect(engine.call('DECRBY', 'k', '-9223372036854775808')).toBe(
    '-ERR decrement would overflow\r\n',
  );
});

test('LCS gives the runs from the end of the strings', () => {
  const engine = new Engine();
  engine.reply.protocol = 3;
  engine.call('MSET', '{t}a', 'ohmytext', '{t}b', 'mynewtext');
  expect(engine.call('LCS', '{t}a', '{t}b')).toBe('$6\r\nmytext\r\n');
  expect(engine.call('LCS', '{t}a', '{t}b', 'LEN')).toBe(':6\r\n');
  expect(engine.call('LCS', '{t}a', '{t}b', 'IDX', 'MINMATCHLEN', '4', 'WITHMATCHLEN')).toBe(
    '%2\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$3\r\nlen\r\n:6\r\n',
  );
});
