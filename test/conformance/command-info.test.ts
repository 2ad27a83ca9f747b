/** Our specs against COMMAND INFO of a real redis-server: arity, flags, ACL categories and key specs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandEntry, CommandIndex } from '#node/commands/command-index.ts';
import { extractKeys, KeyPositions } from '#node/commands/keys.ts';
import type { CommandSpec } from '#node/commands/spec.ts';
import { COMMANDS } from '#node/commands/table.ts';
import { Arguments } from '#node/resp/arguments.ts';
import { parseReply, type ReplyValue } from './reply-parser.ts';
import { RedisConnection, type RedisServer, startRedis } from './redis-server.ts';

const index = new CommandIndex(COMMANDS);
let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await server?.stop();
});

/** Groups that are compared: all commands of theirs here are Redis' own. */
const GROUPS = new Set(['string', 'hash', 'list', 'set', 'sorted-set', 'generic']);

interface Described {
  name: string;
  arity: number;
  flags: string[];
  categories: string[];
  keys: unknown[];
}

/** The text of a simple or bulk string, the number of an integer, without RESP around it. */
function plain(value: ReplyValue): string {
  if (typeof value !== 'string') throw new Error('not a scalar');
  const [head, body] = value.split('\r\n', 2);
  return value.startsWith('$') ? body : head.slice(1);
}

function list(value: ReplyValue): ReplyValue[] {
  if (!Array.isArray(value)) throw new Error('not an array');
  return value;
}

function toMap(value: ReplyValue): Map<string, ReplyValue> {
  const items = list(value);
  const map = new Map<string, ReplyValue>();
  for (let i = 0; i < items.length; i += 2) map.set(plain(items[i]), items[i + 1]);
  return map;
}

function field(map: Map<string, ReplyValue>, name: string): ReplyValue {
  const value = map.get(name);
  if (value === undefined) throw new Error(`no ${name}`);
  return value;
}

function theirKeySpec(value: ReplyValue): unknown {
  const map = toMap(value);
  const part = (name: string): Record<string, string> => {
    const outer = toMap(field(map, name));
    const inner = [...toMap(field(outer, 'spec'))].map(([k, v]) => [k, plain(v)]);
    return { type: plain(field(outer, 'type')), ...Object.fromEntries(inner) };
  };
  return {
    flags: list(field(map, 'flags')).map(plain).sort(),
    begin: part('begin_search'),
    find: part('find_keys'),
  };
}

function describeTheirs(value: ReplyValue): Described[] {
  const [name, arity, flags, , , , categories, , keys, subcommands] = list(value);
  const own = {
    name: plain(name),
    arity: ARITY_OF_72[plain(name)] ?? Number(plain(arity)),
    // movablekeys is told from the key specs, as COMMAND INFO here does (session.test.ts)
    flags: list(flags)
      .map(plain)
      .filter((flag) => flag !== 'movablekeys')
      .sort(),
    categories: list(categories).map(plain).sort(),
    keys: list(keys).map(theirKeySpec),
  };
  return [own, ...list(subcommands).flatMap(describeTheirs)];
}

function describeOurs({ spec, fullName, subcommands }: CommandEntry): Described[] {
  const speed = spec.flags.includes('fast') ? 'fast' : 'slow';
  const own = {
    name: fullName,
    arity: spec.arity,
    flags: [...spec.flags].sort(),
    categories: [...spec.categories, speed].map((category) => `@${category}`).sort(),
    keys: spec.keys.map(ourKeySpec),
  };
  return [own, ...subcommands.flatMap(describeOurs)];
}

function ourKeySpec({ flags, begin, find }: CommandSpec['keys'][number]): unknown {
  const from =
    'locate' in begin
      ? { type: 'unknown' }
      : 'index' in begin
        ? { type: 'index', index: String(begin.index) }
        : { type: 'keyword', keyword: begin.keyword, startfrom: String(begin.startFrom) };
  const to =
    'unknown' in find
      ? { type: 'unknown' }
      : 'last' in find
        ? {
            type: 'range',
            lastkey: String(find.last),
            keystep: String(find.step),
            limit: String(find.limit),
          }
        : {
            type: 'keynum',
            keynumidx: String(find.keyNumIndex),
            firstkey: String(find.first),
            keystep: String(find.step),
          };
  return { flags: [...flags].sort(), begin: from, find: to };
}

/** Compared with a server that knows them as 7.2 does: wait.test.ts. */
const ELSEWHERE: ReadonlySet<string> = new Set(['wait', 'waitaof']);

/** Commands that have had more arguments since 7.0. */
const ARITY_OF_72: Readonly<Record<string, number>> = { zrank: -3, zrevrank: -3 };

const byName = (a: Described, b: Described): number => (a.name < b.name ? -1 : 1);

test('arity, flags, categories and key specs are those of Redis', async () => {
  const redis = await RedisConnection.open(server.port);
  const compared = COMMANDS.filter(({ group, name }) => GROUPS.has(group) && !ELSEWHERE.has(name));
  const replies = await redis.pipeline(compared.map(({ name }) => ['COMMAND', 'INFO', name]));
  for (const [i, spec] of compared.entries()) {
    const [theirs] = list(parseReply(replies[i]));
    const ours = describeOurs(index.of(spec)).sort(byName);
    expect(ours).toEqual(describeTheirs(theirs).sort(byName));
  }
  redis.close();
});

test('the keys of a command are found as COMMAND GETKEYS finds them', async () => {
  const redis = await RedisConnection.open(server.port);
  const lines = [
    ['GET', 'a'],
    ['MSET', 'a', '1', 'b', '2'],
    ['MSETNX', 'a', '1', 'b', '2', 'c', '3'],
    ['DEL', 'a', 'b', 'c'],
    ['COPY', 'a', 'b', 'REPLACE'],
    ['LCS', 'a', 'b', 'IDX'],
    ['OBJECT', 'ENCODING', 'a'],
    ['HSET', 'a', 'f', 'v'],
    ['ZUNIONSTORE', 'a', '2', 'b', 'c', 'WEIGHTS', '1', '2'],
    ['ZINTERCARD', '2', 'b', 'c', 'LIMIT', '1'],
    ['ZRANGESTORE', 'a', 'b', '0', '1'],
    ['ZMPOP', '1', 'a', 'MIN'],
    ['SORT', 'a', 'BY', 'STORE', 'STORE', 'd', 'LIMIT', '0', 'STORE', 'store', 'e'],
    ['MEMORY', 'USAGE', 'a'],
    ['LMOVE', 'a', 'b', 'LEFT', 'RIGHT'],
    ['LMPOP', '2', 'a', 'b', 'LEFT', 'COUNT', '2'],
    ['SINTERCARD', '3', 'a', 'b', 'c', 'LIMIT', '1'],
    ['SDIFFSTORE', 'a', 'b', 'c'],
    ['SMOVE', 'a', 'b', 'm'],
  ];
  for (const line of lines) {
    const args = Arguments.of(...line);
    const command = index.find(args);
    if (command === undefined) throw new Error(`no ${line[0]}`);
    const { spec } = command.subcommand(args) ?? command;
    const out = new KeyPositions();
    expect(extractKeys(spec, args, out)).toBe(true);
    const reply = await redis.call('COMMAND', 'GETKEYS', ...line);
    const theirs = list(parseReply(reply)).map(plain);
    expect([line, out.positions.slice(0, out.count).map((position) => line[position])]).toEqual([
      line,
      theirs,
    ]);
  }
  redis.close();
});
