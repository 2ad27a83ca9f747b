/** The wire form of messages: what goes in comes out, and nothing else comes in. */
import { expect, test } from 'vitest';
import { ByteWriter } from '#base/bytes.ts';
import { decodeMessage, encodeMessage, MalformedMessageError, MemberIds } from './codec.ts';

const ids = new MemberIds();
import type { Message } from './message.ts';

const TO = { from: '0123456789abcdef', to: 'fedcba9876543210', term: 2 ** 40 };
const BIG = Number.MAX_SAFE_INTEGER;

/** One of each type: a missing one does not compile. */
const SAMPLES: { readonly [K in Message['type']]: Extract<Message, { type: K }> } = {
  'pre-vote': { ...TO, type: 'pre-vote', lastIndex: BIG, lastTerm: 3 },
  'pre-vote-reply': { ...TO, type: 'pre-vote-reply', granted: true },
  vote: { ...TO, type: 'vote', lastIndex: 7, lastTerm: 3, handOver: true },
  'vote-reply': { ...TO, type: 'vote-reply', granted: false },
  append: {
    ...TO,
    type: 'append',
    prevIndex: 41,
    prevTerm: 5,
    commit: 40,
    sentMs: 12345.678,
    entries: [
      { index: 42, term: 5, kind: 2, payload: new Uint8Array([1, 2, 3]) },
      { index: 43, term: 6, kind: 255, payload: new Uint8Array(0) },
    ],
  },
  'append-reply': {
    ...TO,
    type: 'append-reply',
    sentMs: 0.5,
    accepted: false,
    index: 9,
    hintIndex: 8,
    hintTerm: 2,
    freeBytes: BIG,
  },
  heartbeat: { ...TO, type: 'heartbeat', commit: 11, commitTerm: 3, sentMs: -3.25 },
  'heartbeat-reply': { ...TO, type: 'heartbeat-reply', sentMs: 1e12, freeBytes: 0 },
  offer: {
    ...TO,
    type: 'offer',
    meta: {
      index: BIG,
      term: 2 ** 40,
      configIndex: 12,
      membership: { voters: ['a', 'b', 'c'], learners: ['d'] },
      sizeBytes: 1e12,
    },
    sentMs: 17.5,
  },
  'timeout-now': { ...TO, type: 'timeout-now' },
};

function encode(message: Message): Uint8Array {
  const writer = new ByteWriter(4);
  encodeMessage(message, writer);
  return writer.copy();
}

test.each(Object.values(SAMPLES))('a $type message comes out as it went in', (message) => {
  expect(decodeMessage(encode(message), ids)).toEqual(message);
});

test.each(Object.values(SAMPLES))(
  'a $type message that is cut or too long is refused',
  (message) => {
    const bytes = encode(message);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decodeMessage(bytes.slice(0, end), ids)).toThrow(Error);
    }
    expect(() => decodeMessage(new Uint8Array([...bytes, 0]), ids)).toThrow(MalformedMessageError);
  },
);

test('what no member would send is refused with a code', () => {
  const { append, offer } = SAMPLES;
  const bad: Message[] = [
    { ...append, prevTerm: 6 },
    { ...append, term: 5 },
    { ...append, sentMs: Number.NaN },
    { ...offer, term: 2 ** 39 },
    { ...offer, meta: { ...offer.meta, index: 11 } },
    { ...offer, meta: { ...offer.meta, index: 0, configIndex: 0 } },
  ];
  for (const message of bad) {
    expect(() => decodeMessage(encode(message), ids)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_MESSAGE' }),
    );
  }
  expect(() => decodeMessage(new Uint8Array([0]), ids)).toThrow(MalformedMessageError);
  const flag = encode(SAMPLES['vote-reply']);
  flag[flag.length - 1] = 2;
  expect(() => decodeMessage(flag, ids)).toThrow(MalformedMessageError);
  const integer = encode(SAMPLES['timeout-now']);
  integer.fill(255, 1, 9);
  expect(() => decodeMessage(integer, ids)).toThrow(MalformedMessageError);
});

test('an id is one string however often it is read, and never another id’s', () => {
  const few = new MemberIds();
  const bytes = new Uint8Array(60).map((_, at) => 97 + (at % 26));
  for (let round = 0; round < 3; round++) {
    for (let start = 0; start < 26; start++) {
      expect(few.of(bytes, start, start + 2)).toBe(
        String.fromCharCode(bytes[start], bytes[start + 1]),
      );
    }
  }
  expect(few.of(bytes, 0, 0)).toBe('');
});
