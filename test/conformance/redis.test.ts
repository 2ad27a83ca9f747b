/**
 * The same generated commands on a real redis-server and on our engine in this process, reply by reply. What
 * may differ is written down in `normalise`; nothing else does.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromLatin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { Engine } from '#node/commands/testing/engine.ts';
import { Keyspace } from '#node/keyspace/keyspace.ts';
import { Draw, drawLine, KEYS, type Line } from './generate.ts';
import { parseReply, type ReplyValue } from './reply-parser.ts';
import { RedisConnection, type RedisServer, request, startRedis } from './redis-server.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server?.stop();
});

/** Replies with a time in them may differ by this many of their units. */
const TIME_TOLERANCE: Readonly<Record<string, number>> = {
  TTL: 2,
  PTTL: 2000,
  EXPIRETIME: 2,
  PEXPIRETIME: 2000,
};

/** Replies in no promised order; the number says how many neighbours belong together. */
const UNORDERED: Readonly<Record<string, number>> = {
  KEYS: 1,
  HGETALL: 2,
  HKEYS: 1,
  HVALS: 1,
};

/** What of two replies must be equal. */
function normalise(line: Line, reply: string): ReplyValue {
  const name = line[0].toUpperCase();
  // an error may repeat what was sent; of that we print only what is UTF-8
  if (reply.startsWith('-')) return reply.replace(/[\x80-\xff].*/s, '');
  // Redis says that small integers are shared, except in a copy (COPY); we always say so
  if (name === 'OBJECT' && line[1].toUpperCase() === 'REFCOUNT') {
    return reply.replace(':2147483647', ':1');
  }
  if (name in UNORDERED) return sorted(parseReply(reply), UNORDERED[name]);
  const value = parseReply(reply);
  if (name === 'SCAN' || name === 'HSCAN')
    return [value[0], sorted(value[1], name === 'SCAN' ? 1 : 2)];
  if (name === 'HRANDFIELD') return Array.isArray(value) ? shape(value) : value.slice(0, 1);
  if (name in TIME_TOLERANCE) {
    const time = Number(reply.slice(1));
    const unit = TIME_TOLERANCE[name];
    return time < 0 ? reply : `about ${Math.round(time / unit / 100)}`;
  }
  // the only text of these commands that 7.2, which we are, words otherwise than 7.0
  return reply.replace('    Prints this help.', '    Print this help.');
}

function sorted(value: ReplyValue, together: number): ReplyValue {
  if (!Array.isArray(value)) return value;
  const groups: string[] = [];
  for (let i = 0; i < value.length; i += together) {
    groups.push(JSON.stringify(value.slice(i, i + together)));
  }
  return groups.sort();
}

function shape(value: readonly ReplyValue[]): ReplyValue {
  return value.map((item) => (Array.isArray(item) ? shape(item) : item.slice(0, 1)));
}

/** Is the difference of two times within what the clocks of two processes explain? */
function timesAgree(line: Line, ours: string, theirs: string): boolean {
  const tolerance = TIME_TOLERANCE[line[0].toUpperCase()];
  if (tolerance === undefined) return false;
  const [a, b] = [Number(ours.slice(1)), Number(theirs.slice(1))];
  // beyond 2^53 ms our times are doubles, Redis' are 64-bit integers
  return a > 0 && b > 0 && Math.abs(a - b) <= tolerance + a * 1e-15;
}

/** A step of a walk that is not over: what it gives depends on how the table is laid out. */
function isPartOfWalk(line: Line, reply: string): boolean {
  return /^h?scan$/i.test(line[0]) && /^\*2\r\n\$\d+\r\n[1-9]/.test(reply);
}

async function compareSequence(seed: number, protocol: 2 | 3, lineCount: number): Promise<void> {
  const redis = await RedisConnection.open(server.port);
  const engine = new Engine();
  const replica = new Keyspace({ hashSeed: [seed, 99] });
  replica.role = 'replica';
  replica.recording = false;
  if (protocol === 3) await redis.call('HELLO', '3');
  await redis.call('FLUSHALL');
  engine.reply.protocol = protocol;
  const random = new Prng(seed);
  const history: string[] = [];
  for (let sent = 0; sent < lineCount; sent += 100) {
    engine.keyspace.nowMs = Date.now();
    const draw = new Draw(random, engine.keyspace.nowMs);
    const lines: Line[] = Array.from({ length: 100 }, () => drawLine(draw));
    const ours: string[] = [];
    for (const line of lines) {
      ours.push(engine.feed(fromLatin1(request(line))));
      const effects = engine.keyspace.effects.copy();
      engine.keyspace.effects.clear();
      replica.apply(effects, 0, effects.length);
    }
    const theirs = await redis.pipeline(lines);
    for (const [i, line] of lines.entries()) {
      history.push(JSON.stringify(line));
      if (timesAgree(line, ours[i], theirs[i])) continue;
      if (isPartOfWalk(line, ours[i]) || isPartOfWalk(line, theirs[i])) continue;
      const seen = { seed, last: history.slice(-1), reply: normalise(line, ours[i]) };
      expect(seen).toEqual({ ...seen, reply: normalise(line, theirs[i]) });
    }
    expect(replica.digest()).toBe(engine.keyspace.digest());
  }
  for (const key of KEYS) {
    const dump = [
      ['GET', key],
      ['HGETALL', key],
      ['PEXPIRETIME', key],
      ['OBJECT', 'ENCODING', key],
    ];
    const theirs = await redis.pipeline(dump);
    for (const [i, line] of dump.entries()) {
      const ours = engine.call(...line.map((word) => fromLatin1(word)));
      if (timesAgree(line, ours, theirs[i])) continue;
      expect([line, normalise(line, ours)]).toEqual([line, normalise(line, theirs[i])]);
    }
  }
  redis.close();
}

for (const protocol of [2, 3] as const) {
  test(`generated sequences get the same replies in RESP${protocol}, and a replica the same keys`, async () => {
    for (let seed = 1; seed <= 12; seed++)
      await compareSequence(seed * 10 + protocol, protocol, 2000);
  });
}

/** All that a walk gives, by `step` from cursor to reply. */
async function walk(step: (cursor: string) => Promise<string> | string): Promise<string[]> {
  const found: string[] = [];
  let cursor = '0';
  do {
    const [next, items] = parseReply(await step(cursor));
    if (typeof next !== 'string' || !Array.isArray(items)) throw new Error('not a walk');
    [, cursor] = next.split('\r\n');
    found.push(...items.map(String));
  } while (cursor !== '0');
  return found.sort();
}

test('whole walks by SCAN and HSCAN give the same keys and fields', async () => {
  const redis = await RedisConnection.open(server.port);
  const engine = new Engine();
  await redis.call('FLUSHALL');
  const lines: string[][] = [];
  for (let i = 0; i < 1500; i++) {
    lines.push(i % 3 === 0 ? ['HSET', `key:${i}`, 'f', 'v'] : ['SET', `key:${i}`, 'v']);
    lines.push(['HSET', 'large', `field:${i}`, String(i)]);
  }
  for (const line of lines) engine.call(...line);
  await redis.pipeline(lines);
  const optionLists = [
    [],
    ['COUNT', '7'],
    ['COUNT', '100000'],
    ['MATCH', '*[1-4]?'],
    ['MATCH', 'key:1*', 'COUNT', '33', 'TYPE', 'hash'],
    ['TYPE', 'STRING'],
    ['TYPE', 'nosuch'],
  ];
  for (const options of optionLists) {
    const ours = await walk((cursor) => engine.call('SCAN', cursor, ...options));
    const theirs = await walk((cursor) => redis.call('SCAN', cursor, ...options));
    expect(ours).toEqual(theirs);
    if (options.includes('TYPE')) continue;
    const ourFields = await walk((cursor) => engine.call('HSCAN', 'large', cursor, ...options));
    const theirFields = await walk((cursor) => redis.call('HSCAN', 'large', cursor, ...options));
    expect(ourFields).toEqual(theirFields);
  }
  redis.close();
});

test('times that are past delete or hide keys as in Redis', async () => {
  const redis = await RedisConnection.open(server.port);
  const engine = new Engine();
  engine.keyspace.nowMs = Date.now();
  await redis.call('FLUSHALL');
  const lines: string[][] = [];
  for (const times of [
    ['EXAT', '1'],
    ['PXAT', '1'],
    ['EX', '-1'],
    ['PX', '0'],
  ]) {
    lines.push(['SET', 'k', 'v', ...times], ['GET', 'k'], ['EXISTS', 'k'], ['STRLEN', 'k']);
    lines.push(['SET', 'k', 'v'], ['GETEX', 'k', ...times], ['TTL', 'k'], ['DBSIZE']);
  }
  for (const [name, time] of [
    ['EXPIRE', '-1'],
    ['PEXPIRE', '0'],
    ['EXPIREAT', '5'],
    ['PEXPIREAT', '-5'],
  ]) {
    lines.push(['SET', 'k', 'v'], [name, 'k', time, 'GT'], [name, 'k', time], ['TTL', 'k']);
    lines.push(['HSET', 'h', 'f', 'v'], [name, 'h', time, 'LT'], ['HLEN', 'h'], ['DBSIZE']);
  }
  lines.push(['SET', 'k', '5', 'PXAT', '1'], ['INCR', 'k'], ['TTL', 'k'], ['GETSET', 'k', '1']);
  lines.push(['SET', 'k', 'v', 'PXAT', '1'], ['HSET', 'k', 'f', 'v'], ['TYPE', 'k'], ['DEL', 'k']);
  lines.push(
    ['SET', 'k', 'v', 'PXAT', '1'],
    ['DEL', 'k'],
    ['SET', 'k', 'v', 'PXAT', '1'],
    ['RENAME', 'k', 'k'],
  );
  const ours = lines.map((line) => [line, engine.call(...line)]);
  const theirs = await redis.pipeline(lines);
  expect(ours).toEqual(lines.map((line, i) => [line, theirs[i]]));
  redis.close();
});
