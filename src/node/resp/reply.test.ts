import { expect, test } from 'vitest';
import { latin1, utf8 } from '#base/bytes.ts';
import { ReplyWriter } from './reply.ts';

function written(protocol: 2 | 3, write: (reply: ReplyWriter) => void): string {
  const reply = new ReplyWriter();
  reply.protocol = protocol;
  write(reply);
  return latin1(reply.bytes, 0, reply.length);
}

const CASES: readonly (readonly [string, (reply: ReplyWriter) => void, string, string])[] = [
  ['ok', (r) => r.ok(), '+OK\r\n', '+OK\r\n'],
  ['simple', (r) => r.simple('PONG'), '+PONG\r\n', '+PONG\r\n'],
  ['error', (r) => r.error('ERR no'), '-ERR no\r\n', '-ERR no\r\n'],
  ['an error with line ends', (r) => r.error("ERR '\r\n'\n"), "-ERR '  '\r\n", "-ERR '  '\r\n"],
  ['integer', (r) => r.integer(1234567890), ':1234567890\r\n', ':1234567890\r\n'],
  ['negative integer', (r) => r.integer(-7), ':-7\r\n', ':-7\r\n'],
  [
    'large integer',
    (r) => r.integer(2n ** 62n),
    ':4611686018427387904\r\n',
    ':4611686018427387904\r\n',
  ],
  ['2^32 and more', (r) => r.integer(4294967296), ':4294967296\r\n', ':4294967296\r\n'],
  ['bulk', (r) => r.bulk(utf8('xabcx'), 1, 4), '$3\r\nabc\r\n', '$3\r\nabc\r\n'],
  ['bulk text', (r) => r.bulkText('é'), '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n'],
  ['bulk latin1', (r) => r.bulkLatin1('é'), '$1\r\n\xe9\r\n', '$1\r\n\xe9\r\n'],
  ['null', (r) => r.null(), '$-1\r\n', '_\r\n'],
  ['null array', (r) => r.nullArray(), '*-1\r\n', '_\r\n'],
  ['array', (r) => r.array(2), '*2\r\n', '*2\r\n'],
  ['map', (r) => r.map(2), '*4\r\n', '%2\r\n'],
  ['set', (r) => r.set(2), '*2\r\n', '~2\r\n'],
  ['push', (r) => r.push(2), '*2\r\n', '>2\r\n'],
  ['double', (r) => r.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
  ['infinity', (r) => r.double(-Infinity), '$4\r\n-inf\r\n', ',-inf\r\n'],
  ['boolean', (r) => r.boolean(true), ':1\r\n', '#t\r\n'],
  [
    'big number',
    (r) => r.bigNumber(10n ** 20n),
    `$21\r\n1${'0'.repeat(20)}\r\n`,
    `(1${'0'.repeat(20)}\r\n`,
  ],
  ['verbatim', (r) => r.verbatim('txt', 'hé'), '$3\r\nh\xc3\xa9\r\n', '=7\r\ntxt:h\xc3\xa9\r\n'],
];

for (const [name, write, resp2, resp3] of CASES) {
  test(`${name} in RESP2 and RESP3`, () => {
    expect(written(2, write)).toBe(resp2);
    expect(written(3, write)).toBe(resp3);
  });
}

test('an aggregate counted afterwards is the same as one counted before', () => {
  const write = (r: ReplyWriter): void => {
    r.ok();
    const at = r.beginArray();
    for (let i = 0; i < 300; i++) r.integer(i);
    r.endArray(at, 300);
    const map = r.beginArray();
    r.integer(1);
    r.null();
    r.endMap(map, 1);
  };
  const expected = (r: ReplyWriter): void => {
    r.ok();
    r.array(300);
    for (let i = 0; i < 300; i++) r.integer(i);
    r.map(1);
    r.integer(1);
    r.null();
  };
  expect(written(2, write)).toBe(written(2, expected));
  expect(written(3, write)).toBe(written(3, expected));
});

test('what was written can be cut at either end, and a large buffer is given back', () => {
  const reply = new ReplyWriter();
  reply.bulk(new Uint8Array(100_000));
  reply.discardFront(100_000);
  expect(reply.length).toBe(11);
  reply.ok();
  reply.truncate(11);
  reply.discardFront(11);
  expect(reply.length).toBe(0);
  expect(reply.bytes.length).toBeLessThan(1000);
});

test('W9: a writer stops at its limit and says so', () => {
  const reply = new ReplyWriter(1000);
  for (let i = 0; i < 9; i++) reply.bulk(new Uint8Array(90));
  expect(reply.overflowed).toBe(false);
  reply.bulk(new Uint8Array(200));
  reply.ok();
  reply.endArray(0, 1);
  expect(reply.overflowed).toBe(true);
  expect(reply.bytes.length).toBeLessThanOrEqual(1000);
});

test('a reply that was large gives its memory back when it has been sent', () => {
  const reply = new ReplyWriter();
  reply.bulk(new Uint8Array(9_000_000), 0, 9_000_000);
  const { buffer } = reply.bytes;
  reply.discardFront(reply.length - 1);
  expect(buffer.detached).toBe(false);
  reply.discardFront(1);
  expect(buffer.detached).toBe(true);
  reply.ok();
  expect(latin1(reply.bytes, 0, reply.length)).toBe('+OK\r\n');
});
