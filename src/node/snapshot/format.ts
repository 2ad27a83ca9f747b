/** What a snapshot file is made of: the numbers of FORMAT.md, its head, and how damage is reported. */
import { ByteReader, ByteWriter, TruncatedError, utf8 } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { CHUNK_BYTES } from '#node/keyspace/record.ts';

export const FORMAT_VERSION = 1;
export const MAGIC = utf8('HOLDSNAP');
/** Magic and format version. */
export const PREAMBLE_BYTES = 12;

/** Length, checksum and kind, then the payload. */
export const BLOCK_HEADER_BYTES = 12;
/** The longest payload of a block that is no head. */
export const MOST_PAYLOAD_BYTES = 64 * 1024;
/** The longest head: settings with very many users. */
export const MOST_HEAD_BYTES = 64 * 1024 * 1024;
export const TRAILER_BYTES = 40;

/** Kinds of blocks, in the order in which they stand in a file: one head, any number of data, one trailer. */
export const BLOCK_HEAD = 1;
export const BLOCK_DATA = 2;
export const BLOCK_TRAILER = 3;

// An op begins with a byte: what it is, whether an expiry follows, encoding, type.
/** A record with all that is in it. */
export const OP_WHOLE = 0;
/** A record whose value comes in parts. */
export const OP_OPEN = 1;
/** A part of such a value. */
export const OP_PART = 2;
/** Bytes of the long byte strings of the next op. */
export const OP_PIECE = 3;
export const OP_SHIFT = 6;
export const EXPIRES = 1 << 5;
export const ENCODING_SHIFT = 3;

/** A longer byte string does not stand in its op: pieces before it hold its bytes. */
export const LONGEST_INLINE = CHUNK_BYTES;
/** No byte string is longer: `proto-max-bulk-len` cannot be set higher. */
export const LONGEST_BYTES = 2 ** 31 - 2 ** 20;
/** A part has no more elements, because its count has two bytes. */
export const MOST_PART_ELEMENTS = 0xffff;

/** What a file says of itself before its content. */
export interface SnapshotHead {
  readonly clusterId: string;
  readonly shard: string;
  /** The last entry of the log that is in it. */
  readonly index: number;
  readonly term: number;
  /** The entry that says `membership`; 0 for the initial one. */
  readonly configIndex: number;
  readonly membership: { readonly voters: readonly string[]; readonly learners: readonly string[] };
  /** Milliseconds since the Unix epoch (rule W8). */
  readonly shardTimeMs: number;
  /** The payload of the newest settings entry; empty when there was none. */
  readonly settings: Uint8Array;
  /** Of the file. */
  readonly formatVersion: number;
}

/** A snapshot file is not what was written: damaged, cut off, or of a version that this program does not know. */
export class SnapshotCorruptError extends Error {
  readonly code = 'SNAPSHOT_CORRUPT';
  /** Where in the file, in bytes: at or a little before what is wrong. */
  readonly offset: number;
  /** What is wrong. */
  readonly what: string;

  constructor(offset: number, what: string) {
    super(`snapshot file, offset ${offset}: ${what}`);
    this.name = 'SnapshotCorruptError';
    this.offset = offset;
    this.what = what;
  }
}

/** What the checksum of a block starts from: a block counts only in its place, and in its own file. */
export function checksumSeed(salt: number, ordinal: number, length: number): number {
  return (salt ^ Math.imul(ordinal, 0x9e3779b1) ^ (length << 8)) | 0;
}

/** The payload of the head's block. */
export function encodeHead(head: SnapshotHead): Uint8Array {
  invariant(head.formatVersion === FORMAT_VERSION, 'files are written in the newest version');
  const writer = new ByteWriter(512);
  writer.string(head.clusterId);
  writer.string(head.shard);
  writer.uint53(head.index);
  writer.uint53(head.term);
  writer.uint53(head.configIndex);
  writer.float64(head.shardTimeMs);
  for (const list of [head.membership.voters, head.membership.learners]) {
    writer.uint16(list.length);
    for (const id of list) writer.string(id);
  }
  writer.block(head.settings);
  invariant(writer.length <= MOST_HEAD_BYTES, 'settings fit into the head of a snapshot');
  return writer.copy();
}

/** The inverse of {@link encodeHead}; null when the bytes are no head. */
export function decodeHead(payload: Uint8Array): SnapshotHead | null {
  const reader = new ByteReader(payload);
  try {
    const head: SnapshotHead = {
      clusterId: reader.string(),
      shard: reader.string(),
      index: reader.uint53(),
      term: reader.uint53(),
      configIndex: reader.uint53(),
      shardTimeMs: reader.float64(),
      membership: { voters: readList(reader), learners: readList(reader) },
      settings: reader.block().slice(),
      formatVersion: FORMAT_VERSION,
    };
    const numbers = [head.index, head.term, head.configIndex];
    const sound = numbers.every(Number.isSafeInteger) && Number.isFinite(head.shardTimeMs);
    return sound && reader.left === 0 ? head : null;
  } catch (error) {
    if (error instanceof TruncatedError) return null;
    throw error;
  }
}

function readList(reader: ByteReader): string[] {
  const list: string[] = [];
  for (let count = reader.uint16(); count > 0; count--) list.push(reader.string());
  return list;
}
