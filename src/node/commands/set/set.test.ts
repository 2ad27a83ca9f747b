import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import { Engine } from '#node/commands/testing/engine.ts';

/** The bulk strings of a flat reply. */
function items(reply: string): string[] {
  const lines = reply.split('\r\n');
  return lines.filter((_, i) => i > 0 && /^\$\d/.test(lines[i - 1]));
}

function isIn(sets: readonly ReadonlySet<string>[], member: string): boolean {
  return sets.some((set) => set.has(member));
}

test('intersection, union and difference are those of plain sets', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const engine = new Engine();
    const random = new Prng(seed);
    // a large first set and many small others is where a difference is found the other way
    const sets = Array.from({ length: 1 + random.below(seed % 5 === 0 ? 40 : 5) }, (_, at) => {
      const size = at === 0 ? random.below(300) : random.below(seed % 2 === 0 ? 20 : 300);
      return new Set(Array.from({ length: size }, () => `m${random.below(400)}`));
    });
    const keys = sets.map((_, at) => `{s}${at}`);
    for (const [at, set] of sets.entries()) {
      if (set.size > 0) engine.call('SADD', keys[at], ...set);
    }
    const [first, ...others] = sets;
    const union = [...new Set(sets.flatMap((set) => [...set]))];
    const right = {
      SINTER: [...first].filter((member) => others.every((set) => set.has(member))),
      SUNION: union,
      SDIFF: [...first].filter((member) => !isIn(others, member)),
    };
    for (const [name, members] of Object.entries(right)) {
      const told = { seed, name };
      const wanted = { ...told, members: members.sort() };
      expect({ ...told, members: items(engine.call(name, ...keys)).sort() }).toEqual(wanted);
      const stored = engine.call(`${name}STORE`, '{s}to', ...keys);
      expect({ ...told, stored }).toEqual({ ...told, stored: `:${members.length}\r\n` });
      expect({ ...told, members: items(engine.call('SMEMBERS', '{s}to')).sort() }).toEqual(wanted);
    }
    const count = `${keys.length}`;
    const shared = right.SINTER.length;
    expect(engine.call('SINTERCARD', count, ...keys)).toBe(`:${shared}\r\n`);
    const limited = engine.call('SINTERCARD', count, ...keys, 'LIMIT', '3');
    expect(limited).toBe(`:${Math.min(3, shared)}\r\n`);
  }
});

test('a result may be stored where a source was, and takes away the expiry and whatever was there', () => {
  const engine = new Engine();
  engine.call('SADD', '{s}a', '1', '2');
  engine.call('SADD', '{s}b', '2', '3');
  engine.call('EXPIRE', '{s}a', '100');
  expect(engine.call('SUNIONSTORE', '{s}a', '{s}a', '{s}b')).toBe(':3\r\n');
  expect(engine.call('TTL', '{s}a')).toBe(':-1\r\n');
  expect(engine.call('SDIFFSTORE', '{s}a', '{s}b', '{s}a')).toBe(':0\r\n');
  expect(engine.call('EXISTS', '{s}a')).toBe(':0\r\n');
  engine.call('SET', '{s}a', 'text');
  expect(engine.call('SINTERSTORE', '{s}a', '{s}b')).toBe(':2\r\n');
  expect(engine.call('TYPE', '{s}a')).toBe('+set\r\n');
});

test('SRANDMEMBER draws without repetition, or with it when the count is negative', () => {
  const engine = new Engine();
  for (let i = 0; i < 20; i++) engine.call('SADD', 's', `m${i}`);
  for (const count of ['3', '15']) {
    const drawn = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const some = items(engine.call('SRANDMEMBER', 's', count));
      expect(new Set(some).size).toBe(Number(count));
      for (const member of some) drawn.add(member);
    }
    expect(drawn.size).toBe(20);
  }
  expect(new Set(items(engine.call('SRANDMEMBER', 's', '50'))).size).toBe(20);
  expect(items(engine.call('SRANDMEMBER', 's', '-50')).length).toBe(50);
});

test('W9: SRANDMEMBER does not fill the memory', () => {
  const engine = new Engine();
  engine.call('SADD', 's', 'm');
  expect(engine.call('SRANDMEMBER', 's', '-4611686018427387903')).toBe(
    '-ERR value is out of range\r\n',
  );
});

test('SPOP takes each member once, and the key goes with the last', () => {
  for (const size of [5, 100, 1000]) {
    const engine = new Engine();
    const members = Array.from({ length: size }, (_, i) => `m${i}`);
    engine.call('SADD', 's', ...members);
    const taken: string[] = [];
    for (const count of [1, 0, 2, size - 4, 5]) {
      const some = items(engine.call('SPOP', 's', `${count}`));
      taken.push(...some);
      expect(engine.call('SCARD', 's')).toBe(`:${size - taken.length}\r\n`);
    }
    expect(taken.sort()).toEqual(members.sort());
    expect(engine.call('EXISTS', 's')).toBe(':0\r\n');
  }
});

test('every member is about as likely to be taken by SPOP', () => {
  const times = new Map<string, number>();
  const engine = new Engine([11, 22]);
  for (let i = 0; i < 2000; i++) {
    engine.call('SADD', 's', 'a', 'b', 'c', 'd');
    const [taken] = items(engine.call('SPOP', 's'));
    times.set(taken, (times.get(taken) ?? 0) + 1);
  }
  // the seed is fixed: 500 are expected, with a deviation of about 20
  for (const count of times.values()) expect(Math.abs(count - 500)).toBeLessThan(100);
});

test('members are a set in RESP3, and what is drawn from them an array', () => {
  const engine = new Engine();
  engine.call('SADD', 's', 'm');
  engine.reply.protocol = 3;
  expect(engine.call('SMEMBERS', 's')).toBe('~1\r\n$1\r\nm\r\n');
  expect(engine.call('SUNION', 's')).toBe('~1\r\n$1\r\nm\r\n');
  expect(engine.call('SRANDMEMBER', 's', '1')).toBe('*1\r\n$1\r\nm\r\n');
  expect(engine.call('SPOP', 's', '1')).toBe('~1\r\n$1\r\nm\r\n');
  expect(engine.call('SPOP', 's')).toBe('_\r\n');
});

test('SMOVE to the same set only asks, and the key goes with its last member', () => {
  const engine = new Engine();
  engine.call('SADD', '{s}a', 'm');
  expect(engine.call('SMOVE', '{s}a', '{s}a', 'm')).toBe(':1\r\n');
  expect(engine.call('SMOVE', '{s}a', '{s}a', 'x')).toBe(':0\r\n');
  expect(engine.call('SMOVE', '{s}a', '{s}b', 'm')).toBe(':1\r\n');
  expect(engine.call('EXISTS', '{s}a', '{s}b')).toBe(':1\r\n');
  expect(engine.call('SISMEMBER', '{s}b', 'm')).toBe(':1\r\n');
});

test('a set is an intset to 512 integers, a listpack to 128 short members, a hashtable beyond', () => {
  const engine = new Engine();
  const encoding = (): string => engine.call('OBJECT', 'ENCODING', 's').split('\r\n')[1];
  for (let i = 0; i < 512; i++) engine.call('SADD', 's', `${i}`);
  expect(encoding()).toBe('intset');
  engine.call('SADD', 's', '512');
  expect(encoding()).toBe('hashtable');
  engine.call('DEL', 's');
  for (let i = 0; i < 127; i++) engine.call('SADD', 's', `${i}`);
  engine.call('SADD', 's', 'text');
  expect(encoding()).toBe('listpack');
  engine.call('SADD', 's', 'another');
  expect(encoding()).toBe('hashtable');
  engine.call('DEL', 's');
  engine.call('SADD', 's', 'x'.repeat(65));
  expect(encoding()).toBe('hashtable');
});
