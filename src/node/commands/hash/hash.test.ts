import { expect, test } from 'vitest';
import { Engine } from '#node/commands/testing/engine.ts';

test('a hash becomes a hashtable above 512 fields or 64 bytes, and stays one', () => {
  const engine = new Engine();
  const encoding = (): string => engine.call('OBJECT', 'ENCODING', 'h').split('\r\n')[1];
  for (let i = 0; i < 512; i++) engine.call('HSET', 'h', `f${i}`, 'v');
  expect(encoding()).toBe('listpack');
  engine.call('HSET', 'h', 'one more', 'v');
  expect(encoding()).toBe('hashtable');
  engine.call('HDEL', 'h', 'one more');
  expect(encoding()).toBe('hashtable');
  engine.call('DEL', 'h');
  engine.call('HSET', 'h', 'f', 'v'.repeat(65));
  expect(encoding()).toBe('hashtable');
});

test('HRANDFIELD draws without repetition, or with it when the count is negative', () => {
  const engine = new Engine();
  for (let i = 0; i < 20; i++) engine.call('HSET', 'h', `f${i}`, 'v');
  const draw = (count: string): string[] =>
    engine
      .call('HRANDFIELD', 'h', count)
      .split('\r\n')
      .filter((line) => line.startsWith('f'));
  for (const count of ['5', '15']) {
    const drawn = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const some = draw(count);
      expect(new Set(some).size).toBe(Number(count));
      for (const name of some) drawn.add(name);
    }
    expect(drawn.size).toBe(20);
  }
  expect(new Set(draw('50')).size).toBe(20);
  expect(draw('-50').length).toBe(50);
});

test('W9: HRANDFIELD does not fill the memory', () => {
  const engine = new Engine();
  engine.call('HSET', 'h', 'f', 'v');
  expect(engine.call('HRANDFIELD', 'h', '-4611686018427387903')).toBe(
    '-ERR value is out of range\r\n',
  );
});

test('pairs are nested in RESP3 and flat in RESP2', () => {
  const engine = new Engine();
  engine.call('HSET', 'h', 'f', 'v');
  expect(engine.call('HRANDFIELD', 'h', '1', 'WITHVALUES')).toBe('*2\r\n$1\r\nf\r\n$1\r\nv\r\n');
  expect(engine.call('HGETALL', 'h')).toBe('*2\r\n$1\r\nf\r\n$1\r\nv\r\n');
  engine.reply.protocol = 3;
  expect(engine.call('HRANDFIELD', 'h', '1', 'WITHVALUES')).toBe(
    '*1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  );
  expect(engine.call('HGETALL', 'h')).toBe('%1\r\n$1\r\nf\r\n$1\r\nv\r\n');
});

test('the key goes with its last field', () => {
  const engine = new Engine();
  engine.call('HSET', 'h', 'f', 'v', 'g', 'v');
  expect(engine.call('HDEL', 'h', 'f', 'g', 'x')).toBe(':2\r\n');
  expect(engine.call('EXISTS', 'h')).toBe(':0\r\n');
  // what went is kept until that is committed
  engine.keyspace.committed(1);
  expect(engine.keyspace.memoryBytes).toBe(0);
});
