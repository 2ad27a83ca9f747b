import { expect, test } from 'vitest';
import { utf8 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { COMMANDS } from '#node/commands/table.ts';
import { OPEN_USER, request, type TestClient, TestHost } from './testing/host.ts';

const ROUNDS = 4000;

/** What is sent back must be whole RESP2 or RESP3 replies. */
function replies(text: string): number {
  let count = 0;
  let at = 0;
  while (at < text.length) {
    at = skip(text, at);
    count++;
  }
  return count;
}

function skip(text: string, at: number): number {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd < 0) throw new Error(`no line end in a reply: ${JSON.stringify(text.slice(at))}`);
  const type = text[at];
  const line = text.slice(at + 1, lineEnd);
  const next = lineEnd + 2;
  if ('+-:_,(#'.includes(type)) return next;
  const length = Number(line);
  if (!Number.isInteger(length)) throw new Error(`no count in ${type}${line}`);
  if (type === '$' || type === '=') return length < 0 ? next : next + length + 2;
  if (!'*%~>'.includes(type)) throw new Error(`no reply starts with ${JSON.stringify(type)}`);
  let end = next;
  for (let i = 0; i < (type === '%' ? length * 2 : length); i++) end = skip(text, end);
  return end;
}

/** Throws, saying what led there, when what came back is not whole replies. */
function check(client: TestClient, what: unknown): void {
  const text = client.connection.take();
  try {
    replies(text);
  } catch (error) {
    throw new Error(`after ${JSON.stringify(what)}: ${JSON.stringify(text)}`, { cause: error });
  }
  if (client.connection.state === 'closed' && !client.session.ended) {
    throw new Error(`closed but not ended after ${JSON.stringify(what)}`);
  }
}

test('random bytes never throw, and end in a protocol error or go on', () => {
  const seed = 1122;
  const random = new Prng(seed);
  const alphabet = utf8('*$0123456789-\r\n\r\n "\'\\xGETSPING\0\xff');
  const host = new TestHost();
  let client = host.connect();
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = new Uint8Array(random.below(60)).map(() =>
      random.chance(0.9) ? alphabet[random.below(alphabet.length)] : random.below(256),
    );
    client.raw(bytes);
    check(client, { seed, round, bytes: [...bytes] });
    if (client.session.ended || random.chance(0.05)) {
      client.session.closed();
      client = host.connect();
    }
  }
  expect(host.sessions.size).toBeLessThanOrEqual(1);
});

test('mutated requests for every command never throw', () => {
  const seed = 2211;
  const random = new Prng(seed);
  const names = COMMANDS.flatMap((spec) => [
    [spec.name],
    ...(spec.subcommands ?? []).map((sub) => [spec.name, sub.name]),
  ]);
  const words = [
    'k',
    '{k}2',
    '0',
    '-1',
    '1',
    '9223372036854775807',
    '1e400',
    '',
    '*',
    'on',
    'NX',
    'a b',
    '\xff',
    '3',
    'SETNAME',
    'ID',
    'default',
  ];
  const host = new TestHost([
    OPEN_USER,
    { ...OPEN_USER, name: 'u', accessString: '~k +@all -set' },
  ]);
  let client = host.connect();
  for (let round = 0; round < ROUNDS * 3; round++) {
    const line: string[] = [...names[random.below(names.length)]];
    for (let n = random.below(6); n > 0; n--) line.push(words[random.below(words.length)]);
    const bytes = request(...line);
    if (random.chance(0.15)) bytes[random.below(bytes.length)] = random.below(256);
    const cut = random.below(bytes.length);
    client.raw(bytes.subarray(0, cut));
    client.raw(bytes.subarray(cut));
    check(client, { seed, round, line });
    if (random.chance(0.02)) host.nowMs += random.below(10_000);
    if (client.session.ended || random.chance(0.03)) {
      client.session.closed();
      client = host.connect();
      if (random.chance(0.3)) client.send('auth', 'u', 'x');
      client.connection.take();
    }
  }
});

test('whatever the host does in between, replies stay whole, in order and one each', () => {
  const seed = 3311;
  const random = new Prng(seed);
  const host = new TestHost();
  host.durable = true;
  for (let round = 0; round < 300; round++) {
    const client = host.connect();
    let sent = 0;
    let received = '';
    for (let step = 0; step < 30; step++) {
      const n = sent++;
      client.raw(random.chance(0.3) ? request('set', 'k', n) : request('echo', `e${n}`));
      if (random.chance(0.2)) host.overloaded = !host.overloaded;
      if (random.chance(0.3)) host.commit();
      if (!host.overloaded && random.chance(0.5)) client.session.resume();
      received += client.connection.take();
    }
    host.overloaded = false;
    client.session.resume();
    host.commit();
    received += client.connection.take();
    expect({ seed, round, replies: replies(received) }).toEqual({ seed, round, replies: sent });
    const echoed = [...received.matchAll(/\r\ne(\d+)\r\n/g)].map((m) => Number(m[1]));
    expect(echoed).toEqual([...echoed].sort((a, b) => a - b));
    client.session.closed();
  }
});
