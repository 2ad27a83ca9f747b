/**
 * The same commands to a real redis-server (7.0, cluster mode, all slots) and to sessions here: the replies
 * must be the same bytes. What Redis 7.2 words differently is rewritten first, see `as72`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { latin1, utf8 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { sha256 } from '#node/acl/sha256.ts';
import type { UserDefinition } from '#node/acl/users.ts';
import { COMMANDS } from '#node/commands/table.ts';
import { OPEN_USER, request, type TestClient, TestHost } from '#node/session/testing/host.ts';
import { parseReply, type ReplyValue } from './reply-parser.ts';
import { RedisConnection, type RedisServer, startRedis } from './redis-server.ts';

let server: RedisServer;
let admin: RedisConnection;
const opened: RedisConnection[] = [];

async function open(): Promise<RedisConnection> {
  const connection = await RedisConnection.open(server.port);
  opened.push(connection);
  return connection;
}

beforeAll(async () => {
  server = await startRedis();
  admin = await open();
});

afterAll(async () => {
  for (const connection of opened) connection.close();
  await server?.stop();
});

/** Redis 7.0's words as 7.2 has them, and what must differ between two servers left out. */
function as72(reply: string): string {
  return reply
    .replace('$6\r\n7.0.15\r\n', '$5\r\n7.2.4\r\n')
    .replace(/(\$2\r\nid\r\n):\d+/, '$1:0')
    .replace(/-NOPERM this user has no permissions to run the '(.*)' command/i, '-NOPERM run $1')
    .replace(/-NOPERM User .* has no permissions to run the '(.*)' command/, '-NOPERM run $1')
    .replace(/-NOPERM this user has no permissions to access one of the keys.*/i, '-NOPERM key')
    .replace('-NOPERM No permissions to access a key', '-NOPERM key');
}

type Word = string | number | Uint8Array;

/** Two servers side by side; connections are made in the same order on both. */
class Pair {
  readonly host: TestHost;
  #ours: TestClient[] = [];
  #theirs: RedisConnection[] = [];

  constructor(users?: readonly UserDefinition[]) {
    this.host = new TestHost(users);
  }

  async connect(): Promise<void> {
    this.#ours.push(this.host.connect());
    this.#theirs.push(await open());
  }

  async both(connection: number, ...words: Word[]): Promise<[string, string]> {
    return this.raw(connection, request(...words));
  }

  async raw(connection: number, bytes: Uint8Array): Promise<[string, string]> {
    const theirs = as72(await this.#theirs[connection].raw(latin1(bytes)));
    this.#ours[connection].raw(bytes);
    return [as72(this.#ours[connection].connection.take()), theirs];
  }

  /** Sends and expects the same reply. */
  async same(connection: number, ...words: Word[]): Promise<string> {
    const [ours, theirs] = await this.both(connection, ...words);
    if (ours !== theirs) {
      throw new Error(
        `${words.join(' ')}: ${JSON.stringify(ours)}, Redis ${JSON.stringify(theirs)}`,
      );
    }
    return ours;
  }
}

async function pairOf(connections: number, users?: readonly UserDefinition[]): Promise<Pair> {
  await admin.call('FLUSHALL');
  const pair = new Pair(users);
  for (let i = 0; i < connections; i++) await pair.connect();
  return pair;
}

test('connection commands and their errors', async () => {
  const pair = await pairOf(1);
  const lines = `
    PING | PING hello | PING a b | ECHO x | ECHO | SELECT 0 | SELECT 1 | SELECT x | SELECT 99999999999999999999 | SELECT 2147483648
    HELLO 4 | HELLO x | HELLO 1 | HELLO 3 WHAT | HELLO 3 AUTH a | HELLO 3 AUTH default x SETNAME c | CLIENT GETNAME
    HELLO 2 | HELLO | HELLO 3 | CLIENT GETNAME | CLIENT SETNAME | CLIENT GETREDIR | CLUSTER KEYSLOT a | HELLO 2
    HELLO 2 SETNAME n | HELLO 3 SETNAME | CLIENT GETNAME | CLIENT SETNAME x | CLIENT GETNAME | RESET | CLIENT GETNAME
    AUTH x | AUTH a b | AUTH default x | AUTH a b c | AUTH | CLIENT | CLIENT NOSUCH | CLIENT REPLY WHAT | CLIENT REPLY
    CLIENT NO-EVICT ON | CLIENT NO-EVICT OFF | CLIENT NO-EVICT X | CLIENT KILL | CLIENT KILL 1.2.3.4:5
    CLIENT KILL ID 0 | CLIENT KILL ID x | CLIENT KILL TYPE x | CLIENT KILL USER nosuch | CLIENT KILL SKIPME x
    CLIENT KILL ID | CLIENT KILL WHAT x | CLIENT KILL ID 999999 | CLIENT KILL ADDR 1.2.3.4:5 LADDR 1.2.3.4:6
    CLIENT LIST TYPE x | CLIENT LIST ID x | CLIENT LIST ID | CLIENT LIST TYPE pubsub | CLIENT LIST ID 999999
    READONLY | READWRITE | READONLY x | ASKING | CLIENT REPLY ON | QUIT x`;
  for (const line of words(lines)) await pair.same(0, ...line);
});

test('names with spaces and control characters are refused alike', async () => {
  const pair = await pairOf(1);
  for (const name of ['a b', 'a\nb', 'é', '', '~', '\x7f']) {
    await pair.same(0, 'CLIENT', 'SETNAME', name);
    await pair.same(0, 'CLIENT', 'GETNAME');
    await pair.same(0, 'HELLO', 2, 'SETNAME', name);
  }
});

test('unknown commands, subcommands and arities', async () => {
  const pair = await pairOf(1);
  const lines = `
    NOSUCH | NOSUCH a b c | CLUSTER | CLUSTER NOSUCH | COMMAND NOSUCH | ACL NOSUCH | ACL | GET | GET a b | SET a
    CLUSTER INFO x | CLUSTER KEYSLOT | COMMAND COUNT x | ACL WHOAMI x | MULTI x | EXEC x | DISCARD x | WATCH
    UNWATCH x | TIME x | HSET a b | CLUSTER COUNTKEYSINSLOT x | CLUSTER COUNTKEYSINSLOT 16384
    CLUSTER COUNTKEYSINSLOT -1 | CLUSTER COUNTKEYSINSLOT 1 | CLUSTER GETKEYSINSLOT 1 -1 | CLUSTER GETKEYSINSLOT 1 x
    CLUSTER GETKEYSINSLOT 16384 1 | CLUSTER GETKEYSINSLOT 1 1 | CLUSTER KEYSLOT {x}y | CLUSTER KEYSLOT {}y
    CLUSTER REPLICAS nosuch | CLUSTER COUNT-FAILURE-REPORTS nosuch | ACL CAT nosuch | ACL CAT a b | ACL GETUSER nosuch
    ACL LOG x | ACL DRYRUN nosuch get | ACL DRYRUN default nosuch | ACL DRYRUN default get | ACL DRYRUN default get k
    ACL WHOAMI | COMMAND GETKEYS get a b | COMMAND GETKEYS nosuch a | COMMAND GETKEYS ping a | COMMAND GETKEYS get k
    COMMAND GETKEYS mget a b c | COMMAND GETKEYSANDFLAGS get k | COMMAND GETKEYSANDFLAGS mset a 1 b 2
    COMMAND GETKEYS client list | COMMAND GETKEYS client nosuch | COMMAND LIST FILTERBY x y | COMMAND LIST x
    COMMAND LIST FILTERBY MODULE x | COMMAND LIST FILTERBY ACLCAT nosuch | COMMAND INFO nosuch | COMMAND DOCS nosuch`;
  for (const line of words(lines)) await pair.same(0, ...line);
  await pair.same(0, 'nosuch', 'x'.repeat(300), 'y');
  await pair.same(0, 'n'.repeat(300), 'x'.repeat(100), 'y'.repeat(100));
  await pair.same(0, 'no\r\nsuch', 'x\ny');
  await pair.same(0, 'client', 'x'.repeat(300));
});

test('transactions: scripted flows over three connections', async () => {
  const pair = await pairOf(3);
  const flows = `
    0 MULTI | 0 SET a 1 | 0 GET a | 0 EXEC | 0 EXEC | 0 DISCARD | 0 MULTI | 0 MULTI | 0 WATCH a | 0 DISCARD
    0 MULTI | 0 NOSUCH | 0 SET a 2 | 0 EXEC | 0 GET a | 0 MULTI | 0 GET | 0 EXEC | 0 MULTI | 0 EXEC x | 0 EXEC
    0 MULTI | 0 SET a 1 | 0 SET b 1 | 0 EXEC | 0 MULTI | 0 MGET a b | 0 EXEC | 0 GET a
    0 WATCH a | 1 SET a 5 | 0 MULTI | 0 GET a | 0 EXEC | 0 WATCH a | 1 GET a | 0 MULTI | 0 GET a | 0 EXEC
    0 WATCH a b | 0 WATCH {a}1 {a}2 | 0 WATCH a | 0 WATCH b | 1 DEL b | 0 MULTI | 0 EXEC | 0 WATCH b | 1 SET b x
    0 UNWATCH | 0 MULTI | 0 PING | 0 ECHO x | 0 EXEC | 0 WATCH nokey | 1 SET nokey 1 | 1 DEL nokey | 0 MULTI | 0 EXEC
    0 WATCH a | 0 SET a 9 | 0 MULTI | 0 EXEC | 0 MULTI | 0 INCR a | 0 HSET a f v | 0 INCR a | 0 EXEC
    0 MULTI | 0 HELLO 3 | 0 CLIENT GETNAME | 0 EXEC | 0 MULTI | 0 EXEC | 0 WATCH a | 1 INCR a | 0 MULTI | 0 EXEC
    0 HELLO 2 | 0 MULTI | 0 SELECT 1 | 0 AUTH a b | 0 EXEC | 0 MULTI | 0 RESET | 0 EXEC | 0 MULTI | 0 ASKING | 0 EXEC
    0 WATCH a | 2 MULTI | 2 INCR a | 2 EXEC | 0 MULTI | 0 GET a | 0 EXEC | 0 MULTI | 0 UNWATCH | 0 EXEC
    0 SET t 1 | 0 WATCH t | 1 PEXPIRE t 100000 | 0 MULTI | 0 EXEC | 0 WATCH t | 1 FLUSHALL | 0 MULTI | 0 EXEC
    0 WATCH none | 1 FLUSHALL | 0 MULTI | 0 EXEC | 0 MULTI | 0 CLIENT REPLY WHAT | 0 EXEC | 0 MULTI | 0 QUIT`;
  for (const [connection, ...line] of words(flows)) await pair.same(Number(connection), ...line);
});

test('transactions: random commands over three connections', async () => {
  const seed = 20_251_122;
  const random = new Prng(seed);
  const pair = await pairOf(3);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)];
  const history: string[] = [];
  for (let step = 0; step < 2500; step++) {
    const key = `{t}${random.below(4)}`;
    const line = pick<Word[]>([
      ['MULTI'],
      ['EXEC'],
      ['EXEC'],
      ['DISCARD'],
      ['WATCH', key],
      ['UNWATCH'],
      ['SET', key, step],
      ['GET', key],
      ['INCR', key],
      ['DEL', key],
      ['HSET', key, 'f', step],
      ['HGET', key, 'f'],
      ['GET'],
      ['SET', 'elsewhere', '1'],
      ['MGET', key, 'elsewhere'],
      ['PING'],
    ]);
    const connection = random.below(3);
    history.push(`${connection} ${line.join(' ')}`);
    const [ours, theirs] = await pair.both(connection, ...line);
    // Redis queues nothing more once a watched key has changed; here that is seen by EXEC, after the slots
    const late = /^(\*-1|-EXECABORT)/.test(theirs) && ours.startsWith('-CROSSSLOT');
    const told = { seed, history: history.slice(-25), ours };
    expect(told).toEqual({ ...told, ours: late ? ours : theirs });
  }
});

const RULES = [
  '~* &* +@all',
  '',
  '~a:* +get +set',
  '%R~a:* +@all',
  '%W~a:* +@all',
  '%R~a:* %W~a:* +@all',
  '~* +@all -@dangerous -set',
  '~* -@all +@read +client|id',
  '~a:* +get (~b:* +set) (%R~c:* +@all)',
  '~* +@hash -hset +select|0',
  '~* +@connection -client|list',
];

test('rights: ACL DRYRUN and NOPERM agree for many users and commands', async () => {
  const users = RULES.map((accessString, at) => ({
    name: `u${at}`,
    on: true,
    passwordSha256: [sha256(utf8('p'))],
    noPassword: false,
    accessString,
  }));
  const pair = await pairOf(1, [OPEN_USER, ...users]);
  for (const { name, accessString } of users) {
    const rules = accessString.split(' ').filter((rule) => rule !== '');
    const reply = await admin.call(
      'ACL',
      'SETUSER',
      name,
      'reset',
      'on',
      '>p',
      ...mergeSelectors(rules),
    );
    expect([accessString, reply]).toEqual([accessString, '+OK\r\n']);
  }
  const commands = words(`
    GET a:1 | SET a:1 x | SET b:1 x | GET b:1 | GET c:1 | SET c:1 x | MGET a:1 a:2 | DEL a:1 | HSET h f v | HGET h f
    PING | CLIENT LIST | CLIENT ID | SELECT 0 | SELECT 1 | FLUSHALL | AUTH x | HELLO | QUIT | ACL WHOAMI | MULTI
    EXEC | GETDEL a:1 | APPEND a:1 x | TTL a:1 | EXPIRE a:1 10 | COMMAND | COMMAND COUNT | CLUSTER NODES`);
  for (const { name } of users) {
    for (const line of commands) {
      const [ours, theirs] = await pair.both(0, 'ACL', 'DRYRUN', name, ...line);
      const user = `User ${name} has no permissions`;
      const theirsAs72 = bulkText(theirs).replace('This user has no permissions', user);
      expect({ name, line, reply: bulkText(ours) }).toEqual({ name, line, reply: theirsAs72 });
    }
    await pair.same(0, 'AUTH', name, 'wrong');
    await pair.same(0, 'AUTH', name, 'p');
    for (const line of [
      ['GET', 'a:1'],
      ['SET', 'b:1', 'x'],
      ['SET', 'a:1', 'y'],
      ['CLIENT', 'ID', 'x'],
    ]) {
      await pair.same(0, ...line);
    }
    await pair.same(0, 'RESET');
  }
});

test('rights: ACL GETUSER and LIST show keys, channels, selectors and simple commands alike', async () => {
  for (const accessString of ['~* &* +@all', '~a:* %R~b &c* +get', '(~b:* +set)', '%W~a ~c']) {
    const name = 'shown';
    const pair = await pairOf(1, [
      OPEN_USER,
      { name, on: true, passwordSha256: [], noPassword: false, accessString },
    ]);
    const rules = mergeSelectors(accessString.split(' '));
    await admin.call('ACL', 'SETUSER', name, 'reset', 'on', 'sanitize-payload', ...rules);
    await pair.same(0, 'ACL', 'GETUSER', name);
    const [ours, theirs] = await pair.both(0, 'ACL', 'LIST');
    const line = (reply: string): string | undefined => /user shown .*/.exec(reply)?.[0];
    expect(line(ours)).toBe(line(theirs));
    await admin.call('ACL', 'DELUSER', name);
  }
});

/** A scalar's text without RESP around it; an aggregate's items, sorted when it is a set of flags. */
function plain(value: ReplyValue, isSet = false): unknown {
  if (typeof value === 'string') return value.split('\r\n')[value.startsWith('$') ? 1 : 0];
  const items = value.map((item) => plain(item));
  return isSet ? items.map(String).sort((a, b) => (a < b ? -1 : 1)) : items;
}

interface Described {
  readonly name: string;
  readonly subcommands: readonly string[];
  readonly [more: string]: unknown;
}

/** Of COMMAND INFO: what two versions of Redis agree on. */
function described(reply: string): Described {
  const [info] = parseReply(reply);
  if (!Array.isArray(info)) throw new Error(`no information: ${reply}`);
  const [name, arity, flags, first, last, step, categories, , keySpecs, subcommands] = info;
  const names = Array.isArray(subcommands) ? subcommands.map((sub) => plain(sub[0])) : [];
  return {
    name: String(plain(name)),
    arity: plain(arity),
    flags: plain(flags, true),
    range: [first, last, step],
    categories: plain(categories, true),
    keySpecs: plain(keySpecs),
    subcommands: names.map(String),
  };
}

/** What 7.0 described otherwise. */
function asOf72(info: Described): Described {
  const { name } = info;
  if (/^z(rev)?rank$/.test(name)) return { ...info, arity: ':-3' };
  if (name.startsWith('command|getkeys')) return { ...info, arity: ':-3' };
  if (/^cluster.(slots|shards)$/.test(name)) return { ...info, flags: ['+loading', '+stale'] };
  return info;
}

/** Commands and subcommands that came after 7.0, or changed then (for WAIT see wait.test.ts). */
const AFTER_70 = new Set([
  'client|setinfo',
  'client|no-touch',
  'cluster|myshardid',
  'wait',
  'waitaof',
]);

test('COMMAND INFO: every command here is described as Redis describes it', async () => {
  const pair = await pairOf(1);
  const names = COMMANDS.flatMap((spec) => [
    spec.name,
    ...(spec.subcommands ?? []).map((sub) => `${spec.name}|${sub.name}`),
  ]).filter((name) => !AFTER_70.has(name));
  const differing: unknown[] = [];
  for (const name of names) {
    const [ours, theirs] = await pair.both(0, 'COMMAND', 'INFO', name);
    const mine = described(ours);
    const real = asOf72(described(theirs));
    // containers have fewer subcommands here, but none that Redis does not know
    const known = new Set([...real.subcommands, ...AFTER_70]);
    expect(mine.subcommands.filter((sub) => !known.has(sub))).toEqual([]);
    const pairOfTexts = [mine, real].map((info) => JSON.stringify({ ...info, subcommands: [] }));
    if (pairOfTexts[0] !== pairOfTexts[1]) differing.push(pairOfTexts);
  }
  expect(differing).toEqual([]);
});

test('protocol errors are worded alike, and close', async () => {
  for (const bytes of [
    '*1\r\nx\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$x\r\n',
    '*x\r\n',
    '*9999999999\r\n',
    'GET "a\r\n',
    '*1\r\n$999999999999\r\n',
  ]) {
    const pair = await pairOf(1);
    const [ours, theirs] = await pair.raw(0, utf8(bytes));
    expect([bytes, ours]).toEqual([bytes, theirs]);
  }
});

/** Redis takes a selector as one argument. */
function mergeSelectors(rules: readonly string[]): string[] {
  const out: string[] = [];
  let open = '';
  for (const rule of rules) {
    if (open !== '' || rule.startsWith('(')) {
      open = open === '' ? rule : `${open} ${rule}`;
      if (!rule.endsWith(')')) continue;
      out.push(open);
      open = '';
    } else {
      out.push(rule);
    }
  }
  return out;
}

function bulkText(reply: string): string {
  return String(plain(parseReply(reply)));
}

/** Commands between `|` and line ends, words between spaces. */
function words(text: string): string[][] {
  return text
    .split(/[|\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
}
