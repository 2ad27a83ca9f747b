import { expect, test } from 'vitest';
import { Engine } from '#node/commands/testing/engine.ts';

test('GT, LT, NX and XX say which scores are set; CH counts the changed ones too', () => {
  const engine = new Engine();
  const add = (...words: string[]): string => engine.call('ZADD', 'z', ...words);
  expect(add('XX', '1', 'a')).toBe(':0\r\n');
  expect(engine.call('EXISTS', 'z')).toBe(':0\r\n');
  expect(add('5', 'a', '5', 'b')).toBe(':2\r\n');
  expect(add('GT', 'CH', '4', 'a', '6', 'b', '1', 'c')).toBe(':2\r\n');
  expect(add('LT', 'XX', 'CH', '4', 'a', '7', 'b', '1', 'd')).toBe(':1\r\n');
  expect(add('NX', '9', 'a', '9', 'e')).toBe(':1\r\n');
  expect(engine.call('ZRANGE', 'z', '0', '-1', 'WITHSCORES')).toBe(
    [
      '*8',
      '$1\r\nc',
      '$1\r\n1',
      '$1\r\na',
      '$1\r\n4',
      '$1\r\nb',
      '$1\r\n6',
      '$1\r\ne',
      '$1\r\n9\r\n',
    ].join('\r\n'),
  );
  expect(add('NX', 'GT', '1', 'a')).toMatch(/^-ERR GT, LT, and\/or NX options/);
  expect(add('NX', 'XX', '1', 'a')).toMatch(/^-ERR XX and NX options/);
});

test('a condition that fails makes ZADD INCR answer null', () => {
  const engine = new Engine();
  expect(engine.call('ZADD', 'z', 'INCR', '2', 'a')).toBe('$1\r\n2\r\n');
  expect(engine.call('ZADD', 'z', 'NX', 'INCR', '2', 'a')).toBe('$-1\r\n');
  expect(engine.call('ZADD', 'z', 'GT', 'INCR', '-2', 'a')).toBe('$-1\r\n');
  expect(engine.call('ZADD', 'z', 'XX', 'INCR', '2', 'b')).toBe('$-1\r\n');
  expect(engine.call('ZADD', 'z', 'INCR', 'inf', 'a')).toBe('$3\r\ninf\r\n');
  expect(engine.call('ZINCRBY', 'z', '-inf', 'a')).toMatch('not a number (NaN)');
});

test('one bad score and nothing is added', () => {
  const engine = new Engine();
  expect(engine.call('ZADD', 'z', '1', 'a', 'x', 'b')).toBe('-ERR value is not a valid float\r\n');
  expect(engine.call('EXISTS', 'z')).toBe(':0\r\n');
});

test('a member may be added and then changed by the same line', () => {
  const engine = new Engine();
  expect(engine.call('ZADD', 'z', 'GT', '1', 'a', '3', 'a', '2', 'a')).toBe(':1\r\n');
  expect(engine.call('ZSCORE', 'z', 'a')).toBe('$1\r\n3\r\n');
});

test('scores are doubles in RESP3 and nested with their members', () => {
  const engine = new Engine();
  engine.reply.protocol = 3;
  engine.call('ZADD', 'z', '1.5', 'a', 'inf', 'b');
  expect(engine.call('ZSCORE', 'z', 'b')).toBe(',inf\r\n');
  expect(engine.call('ZRANGE', 'z', '0', '0', 'WITHSCORES')).toBe(
    '*1\r\n*2\r\n$1\r\na\r\n,1.5\r\n',
  );
  expect(engine.call('ZRANK', 'z', 'b', 'WITHSCORE')).toBe('*2\r\n:1\r\n,inf\r\n');
  expect(engine.call('ZRANK', 'z', 'c', 'WITHSCORE')).toBe('_\r\n');
  expect(engine.call('ZPOPMIN', 'z')).toBe('*2\r\n$1\r\na\r\n,1.5\r\n');
  expect(engine.call('ZPOPMAX', 'z', '5')).toBe('*1\r\n*2\r\n$1\r\nb\r\n,inf\r\n');
  expect(engine.call('EXISTS', 'z')).toBe(':0\r\n');
});

test('an operation may store where one of its sources was', () => {
  const engine = new Engine();
  engine.call('ZADD', '{k}a', '1', 'x', '2', 'y');
  engine.call('SADD', '{k}b', 'y', 'z');
  expect(engine.call('ZUNIONSTORE', '{k}a', '2', '{k}a', '{k}b', 'WEIGHTS', '2', '10')).toBe(
    ':3\r\n',
  );
  expect(engine.call('ZMSCORE', '{k}a', 'x', 'y', 'z')).toBe(
    '*3\r\n$1\r\n2\r\n$2\r\n14\r\n$2\r\n10\r\n',
  );
  expect(engine.call('ZINTERSTORE', '{k}b', '2', '{k}a', '{k}b')).toBe(':2\r\n');
  expect(engine.call('ZRANGESTORE', '{k}a', '{k}a', '0', '0')).toBe(':1\r\n');
  expect(engine.call('ZRANGESTORE', '{k}a', '{k}none', '0', '0')).toBe(':0\r\n');
  expect(engine.call('EXISTS', '{k}a')).toBe(':0\r\n');
});

test('ZDIFF of large and small keys is the same whichever way it is found', () => {
  const engine = new Engine();
  for (let i = 0; i < 300; i++) engine.call('ZADD', '{d}a', String(i), `m${i}`);
  for (let key = 0; key < 8; key++) {
    for (let i = key; i < 300; i += 9) engine.call('ZADD', `{d}${key}`, '1', `m${i}`);
  }
  const others = Array.from({ length: 8 }, (_, key) => `{d}${key}`);
  const all = engine.call('ZDIFF', '9', '{d}a', ...others);
  const expected = Array.from({ length: 300 }, (_, i) => i).filter((i) => i % 9 === 8);
  expect(all).toBe(
    `*${expected.length}\r\n${expected.map((i) => `$${`m${i}`.length}\r\nm${i}\r\n`).join('')}`,
  );
  expect(engine.call('ZDIFF', '2', '{d}a', '{d}a')).toBe('*0\r\n');
});

test('ZRANDMEMBER draws without repetition, or with it when the count is negative', () => {
  const engine = new Engine();
  for (let i = 0; i < 100; i++) engine.call('ZADD', 'z', String(i), `m${i}`);
  const draw = (count: string): string[] =>
    engine
      .call('ZRANDMEMBER', 'z', count)
      .split('\r\n')
      .filter((line) => line.startsWith('m'));
  const drawn = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const five = draw('5');
    expect(new Set(five).size).toBe(5);
    for (const name of five) drawn.add(name);
  }
  expect(drawn.size).toBe(100);
  expect(new Set(draw('60')).size).toBe(60);
  expect(new Set(draw('500')).size).toBe(100);
  expect(draw('-500').length).toBe(500);
});

test('W9: ZRANDMEMBER does not fill the memory', () => {
  const engine = new Engine();
  engine.call('ZADD', 'z', '1', 'm');
  expect(engine.call('ZRANDMEMBER', 'z', '-4611686018427387903')).toBe(
    '-ERR value is out of range\r\n',
  );
});

test('removing a range removes the key with its last member', () => {
  const engine = new Engine();
  const fill = (): void => {
    for (let i = 0; i < 200; i++) engine.call('ZADD', 'z', String(i), `m${i}`);
  };
  fill();
  expect(engine.call('ZREMRANGEBYSCORE', 'z', '(10', '20')).toBe(':10\r\n');
  expect(engine.call('ZREMRANGEBYRANK', 'z', '-5', '-1')).toBe(':5\r\n');
  expect(engine.call('ZCARD', 'z')).toBe(':185\r\n');
  expect(engine.call('ZREMRANGEBYRANK', 'z', '0', '-1')).toBe(':185\r\n');
  expect(engine.call('EXISTS', 'z')).toBe(':0\r\n');
  fill();
  expect(engine.call('ZREMRANGEBYSCORE', 'z', '-inf', '+inf')).toBe(':200\r\n');
  expect(engine.call('EXISTS', 'z')).toBe(':0\r\n');
});

test('the scores that ZSCAN prints have 17 digits once it is a skiplist', () => {
  const engine = new Engine();
  engine.call('ZADD', 'z', '0.1', 'a');
  expect(engine.call('ZSCAN', 'z', '0')).toMatch('\r\n$3\r\n0.1\r\n');
  engine.call('ZADD', 'z', '1', 'x'.repeat(65));
  expect(engine.call('ZSCAN', 'z', '0', 'COUNT', '100')).toMatch('\r\n0.10000000000000001\r\n');
});
