/**
 * Codec: messages as bytes. One layout for all: type, term, from, to, then the type's own fields, in
 * the order of message.ts; integers as in ByteWriter. Frames, checksums and identities are the link's
 * business. What decodes is well-formed: entries follow prevIndex, their terms do not fall.
 */
import { ByteReader, type ByteWriter, latin1 } from '#base/bytes.ts';
import { invariant, unreachable } from '#base/invariant.ts';
import type { Entry } from './entry.ts';
import { decodeMembership, encodeMembership } from './membership.ts';
import type { Append, Message, Offer } from './message.ts';

/** Thrown by {@link decodeMessage}: the peer speaks another protocol, or bytes were damaged. */
export class MalformedMessageError extends Error {
  readonly code = 'MALFORMED_MESSAGE';
}

/** Wire codes: only ever added to. */
const TYPE_CODES = {
  'pre-vote': 1,
  'pre-vote-reply': 2,
  vote: 3,
  'vote-reply': 4,
  append: 5,
  'append-reply': 6,
  heartbeat: 7,
  'heartbeat-reply': 8,
  'timeout-now': 9,
  offer: 10,
} as const satisfies Record<Message['type'], number>;

const TYPES: (Message['type'] | undefined)[] = [];
for (const [type, code] of Object.entries(TYPE_CODES)) TYPES[code] = type as Message['type'];

/** The longest memberId in bytes. */
const ID_BYTES_MAX = 255;

/** The ids in messages as strings, made once each: there are as many as members. */
export class MemberIds {
  #known: string[] = [];

  /** The id in bytes[start, end). */
  of(bytes: Uint8Array, start: number, end: number): string {
    for (const id of this.#known) if (spells(id, bytes, start, end)) return id;
    const id = latin1(bytes, start, end);
    if (this.#known.length === MEMBER_IDS_MAX) this.#known = [];
    this.#known.push(id);
    return id;
  }
}

const MEMBER_IDS_MAX = 16;

function spells(id: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (id.length !== end - start) return false;
  for (let i = 0; i < id.length; i++) if (id.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

/** Appends `message` to `writer`. */
export function encodeMessage(message: Message, writer: ByteWriter): void {
  writer.uint8(TYPE_CODES[message.type]);
  writer.uint53(message.term);
  writeId(writer, message.from);
  writeId(writer, message.to);
  switch (message.type) {
    case 'pre-vote':
    case 'vote':
      writer.uint53(message.lastIndex);
      writer.uint53(message.lastTerm);
      if (message.type === 'vote') writer.uint8(message.handOver ? 1 : 0);
      return;
    case 'pre-vote-reply':
    case 'vote-reply':
      writer.uint8(message.granted ? 1 : 0);
      return;
    case 'append':
      encodeAppend(message, writer);
      return;
    case 'append-reply':
      writer.float64(message.sentMs);
      writer.uint8(message.accepted ? 1 : 0);
      writer.uint53(message.index);
      writer.uint53(message.hintIndex);
      writer.uint53(message.hintTerm);
      writer.uint53(message.freeBytes);
      return;
    case 'heartbeat':
      writer.uint53(message.commit);
      writer.uint53(message.commitTerm);
      writer.float64(message.sentMs);
      return;
    case 'heartbeat-reply':
      writer.float64(message.sentMs);
      writer.uint53(message.freeBytes);
      return;
    case 'offer':
      encodeOffer(message, writer);
      return;
    case 'timeout-now':
      return;
    default:
      unreachable(message);
  }
}

/**
 * The message that is all of `bytes`. Payloads are views of `bytes`; Raft copies what it keeps. Throws
 * {@link MalformedMessageError}, or TruncatedError when the bytes end too early.
 */
export function decodeMessage(bytes: Uint8Array, ids: MemberIds): Message {
  const reader = new ByteReader(bytes);
  const message = readMessage(reader, ids);
  if (reader.left !== 0) throw new MalformedMessageError(`${reader.left} bytes too many`);
  return message;
}

function readMessage(reader: ByteReader, ids: MemberIds): Message {
  const code = reader.uint8();
  const type = TYPES[code];
  if (type === undefined) throw new MalformedMessageError(`unknown type ${code}`);
  const term = readInteger(reader);
  const from = readId(reader, ids);
  const to = readId(reader, ids);
  switch (type) {
    case 'pre-vote':
      return {
        type,
        from,
        to,
        term,
        lastIndex: readInteger(reader),
        lastTerm: readInteger(reader),
      };
    case 'vote': {
      const lastIndex = readInteger(reader);
      const lastTerm = readInteger(reader);
      return { type, from, to, term, lastIndex, lastTerm, handOver: readFlag(reader) };
    }
    case 'pre-vote-reply':
    case 'vote-reply':
      return { type, from, to, term, granted: readFlag(reader) };
    case 'append':
      return decodeAppend(reader, from, to, term);
    case 'append-reply': {
      const sentMs = readTime(reader);
      const accepted = readFlag(reader);
      const index = readInteger(reader);
      const hintIndex = readInteger(reader);
      return {
        type,
        from,
        to,
        term,
        sentMs,
        accepted,
        index,
        hintIndex,
        hintTerm: readInteger(reader),
        freeBytes: readInteger(reader),
      };
    }
    case 'heartbeat': {
      const commit = readInteger(reader);
      const commitTerm = readInteger(reader);
      return { type, from, to, term, commit, commitTerm, sentMs: readTime(reader) };
    }
    case 'heartbeat-reply':
      return { type, from, to, term, sentMs: readTime(reader), freeBytes: readInteger(reader) };
    case 'offer':
      return decodeOffer(reader, from, to, term);
    case 'timeout-now':
      return { type, from, to, term };
    default:
      return unreachable(type);
  }
}

function encodeAppend(message: Append, writer: ByteWriter): void {
  writer.uint53(message.prevIndex);
  writer.uint53(message.prevTerm);
  writer.uint53(message.commit);
  writer.float64(message.sentMs);
  writer.uint32(message.entries.length);
  for (const { term, kind, payload } of message.entries) {
    writer.uint53(term);
    writer.uint8(kind);
    writer.block(payload);
  }
}

function decodeAppend(reader: ByteReader, from: string, to: string, term: number): Append {
  const prevIndex = readInteger(reader);
  const prevTerm = readInteger(reader);
  const commit = readInteger(reader);
  const sentMs = readTime(reader);
  const count = reader.uint32();
  const entries: Entry[] = [];
  let lastTerm = prevTerm;
  for (let i = 1; i <= count; i++) {
    const entryTerm = readInteger(reader);
    if (entryTerm < lastTerm) throw new MalformedMessageError('entry terms fall');
    lastTerm = entryTerm;
    const kind = reader.uint8();
    entries.push({ index: prevIndex + i, term: entryTerm, kind, payload: reader.block() });
  }
  if (lastTerm > term) throw new MalformedMessageError('an entry is newer than its leader');
  return { type: 'append', from, to, term, prevIndex, prevTerm, commit, sentMs, entries };
}

function encodeOffer({ meta, sentMs }: Offer, writer: ByteWriter): void {
  writer.uint53(meta.index);
  writer.uint53(meta.term);
  writer.uint53(meta.configIndex);
  writer.block(encodeMembership(meta.membership));
  writer.uint53(meta.sizeBytes);
  writer.float64(sentMs);
}

function decodeOffer(reader: ByteReader, from: string, to: string, term: number): Offer {
  const meta = {
    index: readInteger(reader),
    term: readInteger(reader),
    configIndex: readInteger(reader),
    membership: decodeMembership(reader.block()),
    sizeBytes: readInteger(reader),
  };
  if (meta.term > term) throw new MalformedMessageError('a snapshot is newer than its leader');
  if (meta.index === 0 || meta.configIndex > meta.index) {
    throw new MalformedMessageError('a snapshot covers its membership');
  }
  return { type: 'offer', from, to, term, meta, sentMs: readTime(reader) };
}

function writeId(writer: ByteWriter, id: string): void {
  invariant(id.length <= ID_BYTES_MAX, 'a memberId is short');
  writer.uint8(id.length);
  for (let i = 0; i < id.length; i++) writer.uint8(id.charCodeAt(i));
}

function readId(reader: ByteReader, ids: MemberIds): string {
  const length = reader.uint8();
  const start = reader.skip(length);
  return ids.of(reader.bytes, start, start + length);
}

function readInteger(reader: ByteReader): number {
  const value = reader.uint53();
  if (!Number.isSafeInteger(value)) throw new MalformedMessageError('an integer is too large');
  return value;
}

function readTime(reader: ByteReader): number {
  const value = reader.float64();
  if (!Number.isFinite(value)) throw new MalformedMessageError('a time is not finite');
  return value;
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.uint8();
  if (value > 1) throw new MalformedMessageError('a flag is 0 or 1');
  return value === 1;
}
