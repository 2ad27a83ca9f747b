import { expect, test } from 'vitest';
import { fromLatin1 } from '#base/bytes.ts';
import { Prng } from '#base/prng.ts';
import { Arguments } from './arguments.ts';
import { DEFAULT_DECODER_LIMITS, RequestDecoder } from './decoder.ts';

/** What a decoder gives for `input` cut into pieces of `pieceBytes`: commands as word lists, then an error. */
function decode(input: string, pieceBytes: number, authenticated = true): unknown[] {
  const decoder = new RequestDecoder();
  decoder.setLimits(DEFAULT_DECODER_LIMITS, authenticated);
  const bytes = fromLatin1(input);
  const readBuffer = new Uint8Array(pieceBytes + 3);
  const out: unknown[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    readBuffer.fill(0x21);
    readBuffer.set(piece, 3);
    decoder.feed(readBuffer, 3, 3 + piece.length);
    for (;;) {
      const outcome = decoder.next();
      if (outcome === 'more') break;
      if (outcome === 'error') return [...out, decoder.error];
      const { args } = decoder;
      out.push(Array.from({ length: args.count }, (_, i) => args.latin1(i)));
    }
  }
  return out;
}

const CASES: readonly (readonly [string, string, unknown[]])[] = [
  ['an array of bulks', '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', [['GET', 'k']]],
  ['an empty bulk', '*2\r\n$3\r\nGET\r\n$0\r\n\r\n', [['GET', '']]],
  ['bytes that look like RESP', '*1\r\n$5\r\n$1\r\na\r\n', [['$1\r\na']]],
  [
    'several commands',
    '*1\r\n$4\r\nPING\r\nPING\r\n*1\r\n$1\r\nx\r\n',
    [['PING'], ['PING'], ['x']],
  ],
  ['empty and negative arrays are skipped', '*0\r\n*-1\r\n*1\r\n$1\r\nx\r\n', [['x']]],
  ['an inline command', 'SET  k\t v \r\n', [['SET', 'k', 'v']]],
  ['an inline command ended by LF', 'PING\nPING\n', [['PING'], ['PING']]],
  ['empty lines are skipped', '\r\n\r\nPING\r\n', [['PING']]],
  ['quotes', `SET "a b" 'c d'\r\n`, [['SET', 'a b', 'c d']]],
  ['escapes', `"\\x41\\n\\"\\q\\xzz" '\\'\\n'\r\n`, [['A\n"qxzz', "'\\n"]]],
  ['a quote inside a word', `a"b c" d\r\n`, [['ab c', 'd']]],
  ['empty quotes', `SET k ""\r\n`, [['SET', 'k', '']]],
  ['an open quote', `GET "k\r\n`, ['ERR Protocol error: unbalanced quotes in request']],
  ['text after a quote', `GET "k"x\r\n`, ['ERR Protocol error: unbalanced quotes in request']],
  ['no count', '*\r\n', ['ERR Protocol error: invalid multibulk length']],
  ['a count that is no number', '*x\r\n', ['ERR Protocol error: invalid multibulk length']],
  ['too many arguments', '*1048577\r\n', ['ERR Protocol error: invalid multibulk length']],
  ['no dollar', '*1\r\nx1\r\n', [`ERR Protocol error: expected '$', got 'x'`]],
  ['a negative bulk', '*1\r\n$-1\r\n', ['ERR Protocol error: invalid bulk length']],
  ['a bulk that is no number', '*1\r\n$a\r\n', ['ERR Protocol error: invalid bulk length']],
  ['a bulk too large', '*1\r\n$536870913\r\n', ['ERR Protocol error: invalid bulk length']],
  ['a line too long', 'x'.repeat(65537), ['ERR Protocol error: too big inline request']],
  ['a count too long', `*${'1'.repeat(65537)}`, ['ERR Protocol error: too big mbulk count string']],
  [
    'a length too long',
    `*1\r\n$${'1'.repeat(65537)}`,
    ['ERR Protocol error: too big bulk count string'],
  ],
  [
    'an error after a command',
    'PING\r\n*x\r\nPING\r\n',
    [['PING'], 'ERR Protocol error: invalid multibulk length'],
  ],
];

for (const [name, input, expected] of CASES) {
  test(`${name}: whole and byte by byte`, () => {
    expect(decode(input, input.length)).toEqual(expected);
    expect(decode(input, 1)).toEqual(expected);
    expect(decode(input, 7)).toEqual(expected);
  });
}

test('an unauthenticated client may send 10 arguments of 16384 bytes', () => {
  const bulk = (bytes: number): string => `$${bytes}\r\n${'a'.repeat(bytes)}\r\n`;
  const ten = `*10\r\n${bulk(1).repeat(9)}${bulk(16384)}`;
  expect(decode(ten, ten.length, false)).toHaveLength(1);
  expect(decode('*11\r\n', 1, false)).toEqual([
    'ERR Protocol error: unauthenticated multibulk length',
  ]);
  expect(decode('*1\r\n$16385\r\n', 1, false)).toEqual([
    'ERR Protocol error: unauthenticated bulk length',
  ]);
});

test('any cutting of any stream gives the same commands', () => {
  const seed = 20260;
  const random = new Prng(seed);
  for (let round = 0; round < 200; round++) {
    let input = '';
    const expected: string[][] = [];
    for (let c = random.below(6); c >= 0; c--) {
      const words = Array.from({ length: 1 + random.below(5) }, () =>
        'ab\r\n*$ 1'.repeat(random.below(9)).slice(0, random.below(60)),
      );
      expected.push(words);
      input += `*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join('')}`;
    }
    const piece = 1 + random.below(80);
    const commands = decode(input, piece);
    expect({ seed, round, piece, commands }).toEqual({ seed, round, piece, commands: expected });
  }
});

test('a large value that comes in many reads is copied a bounded number of times', () => {
  const decoder = new RequestDecoder();
  const size = 32 * 1024 * 1024;
  const head = fromLatin1(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${size}\r\n`);
  decoder.feed(head, 0, head.length);
  expect(decoder.next()).toBe('more');
  const piece = new Uint8Array(65536).fill(0x61);
  for (let sent = 0; sent < size; sent += piece.length) {
    decoder.feed(piece, 0, piece.length);
    expect(decoder.next()).toBe('more');
  }
  decoder.feed(fromLatin1('\r\n'), 0, 2);
  expect(decoder.next()).toBe('command');
  expect(decoder.args.length(2)).toBe(size);
  expect(decoder.next()).toBe('more');
  expect(decoder.heldBytes).toBe(0);
});

test('a request beyond the query buffer limit is refused', () => {
  const limits = { bulkBytes: 1000, argumentCount: 100, requestBytes: 100 };
  const decoder = new RequestDecoder(limits);
  const input = fromLatin1(`*1\r\n$900\r\n${'a'.repeat(200)}`);
  decoder.feed(input, 0, input.length);
  expect(decoder.next()).toBe('error');
  expect(decoder.error).toBe('ERR Protocol error: request exceeds the query buffer limit');
});

test('input that was not asked for is kept by hold() and goes before what is fed later', () => {
  const decoder = new RequestDecoder();
  const readBuffer = fromLatin1('A\r\nB\r\nC');
  decoder.feed(readBuffer, 0, readBuffer.length);
  expect(decoder.next()).toBe('command');
  decoder.hold();
  readBuffer.fill(0);
  decoder.feed(fromLatin1('D\r\n'), 0, 3);
  expect(decoder.next()).toBe('command');
  expect(decoder.args.latin1(0)).toBe('B');
  expect(decoder.next()).toBe('command');
  expect(decoder.args.latin1(0)).toBe('CD');
  expect(decoder.next()).toBe('more');
});

test('looking ahead finds the first arguments of what has arrived whole, and consumes nothing', () => {
  const bulk = (...words: readonly string[]): string =>
    `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
  const commands = [['SET', 'a', '1'], ['PING'], ['GET', 'bc'], ['GET', 'd']];
  const whole = commands.map((words) => bulk(...words)).join('');
  const decoder = new RequestDecoder();
  const ahead = new Arguments();
  const see = (most: number): string[] => {
    decoder.firstArgumentsAhead(ahead, most);
    return Array.from({ length: ahead.count }, (_, i) => ahead.latin1(i));
  };
  const input = fromLatin1(`${whole}GET inline\r\n${bulk('GET', 'e')}*2\r\n$3\r\nGE`);
  decoder.feed(input, 0, input.length);
  expect(see(16)).toEqual(['a', 'bc', 'd']);
  expect(see(3)).toEqual(['a', 'bc']);
  for (const words of commands) {
    expect(decoder.next()).toBe('command');
    expect(Array.from(words, (_, i) => decoder.args.latin1(i))).toEqual(words);
  }
  expect(see(16)).toEqual([]);
  expect(decoder.next()).toBe('command');
  expect(see(16)).toEqual(['e']);
  expect(decoder.next()).toBe('command');
  expect(decoder.next()).toBe('more');
  expect(see(16)).toEqual([]);
});

/** A decoder that holds a SET of ten million bytes, all but its last line end. */
function withLargeRequest(): RequestDecoder {
  const decoder = new RequestDecoder();
  const value = new Uint8Array(10_000_000).fill(0x76);
  for (const part of [fromLatin1(`*2\r\n$3\r\nSET\r\n$${value.length}\r\n`), value]) {
    decoder.feed(part, 0, part.length);
    expect(decoder.next()).toBe('more');
  }
  return decoder;
}

test('the memory of a large request is given back when it has been run', () => {
  const decoder = withLargeRequest();
  const { buffer } = decoder.args.bytes;
  decoder.feed(fromLatin1('\r\n'), 0, 2);
  expect(decoder.next()).toBe('command');
  expect(decoder.args.bytes[decoder.args.end(1) - 1]).toBe(0x76);
  expect(decoder.next()).toBe('more');
  expect(buffer).toHaveProperty('detached', true);
  decoder.feed(fromLatin1('PING\r\n'), 0, 6);
  expect(decoder.next()).toBe('command');
});

test('the memory of a large request is given back when it will never be complete', () => {
  const decoder = withLargeRequest();
  const { buffer } = decoder.args.bytes;
  decoder.close();
  expect(buffer).toHaveProperty('detached', true);
  expect(decoder.next()).toBe('error');
});
