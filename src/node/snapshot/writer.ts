/**
 * A keyspace → a snapshot file, in steps, while it changes: what the point-in-time walk hands out goes into blocks
 * and, element by element, into the digest. FORMAT.md has the bytes.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { invariant } from '#base/invariant.ts';
import type { KeyspaceCore } from '#node/keyspace/keyspace-core.ts';
import { CHUNK_BYTES, ContentDigest } from '#node/keyspace/content-digest.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STRING } from '#node/keyspace/record.ts';
import type { RecordReader } from '#node/keyspace/record-reader.ts';
import type { Walk } from '#node/keyspace/walk.ts';
import { BlockWriter } from './block-writer.ts';
import {
  BLOCK_DATA,
  BLOCK_HEAD,
  BLOCK_TRAILER,
  ENCODING_SHIFT,
  encodeHead,
  EXPIRES,
  FORMAT_VERSION,
  LONGEST_INLINE,
  MAGIC,
  MOST_PART_ELEMENTS,
  OP_OPEN,
  OP_PART,
  OP_PIECE,
  OP_SHIFT,
  OP_WHOLE,
  PREAMBLE_BYTES,
  type SnapshotHead,
  TRAILER_BYTES,
} from './format.ts';

/** Op, expiry, last access, length of the key. */
const MOST_RECORD_BYTES = 1 + 8 + 3 + 8;
/** Op, id, index, count. */
const MOST_PART_BYTES = 1 + 8 + 8 + 2;
/** Of an element besides its bytes: two lengths, or a score and a length. */
const MOST_ELEMENT_BYTES = 16;
/** A collection that is not large: at most 64 elements in 4 KiB. */
const MOST_SMALL_BYTES = 8 * 1024;
const PIECE_BYTES = 32 * 1024;

export class SnapshotWriter {
  records = 0;
  elements = 0;
  readonly #content = new ContentDigest();
  readonly #out: BlockWriter;
  #walk: Walk | null = null;
  /** Which of the walks is this writer's. */
  #number = 0;
  #state: 'made' | 'writing' | 'done' | 'abandoned' = 'made';
  /** Of the large value that is written: its type and number; the number is -1 while none is. */
  #type = 0;
  #id = -1;
  #opened = 0;
  /** Of the part that is open: where its count is, 0 for none, and how many elements it has. */
  #countAt = 0;
  #count = 0;

  /** Emits the head at once. `emit` must copy what it is given. */
  constructor(head: SnapshotHead, emit: (bytes: Uint8Array) => void) {
    const preamble = new Uint8Array(PREAMBLE_BYTES);
    preamble.set(MAGIC);
    new DataView(preamble.buffer).setUint32(MAGIC.length, FORMAT_VERSION, true);
    emit(preamble);
    this.#out = new BlockWriter(emit, BLOCK_DATA);
    this.#out.head(encodeHead(head), BLOCK_HEAD);
  }

  /** The digest of what has been written: that of the keyspace as it was, when all is. */
  get digest(): string {
    return this.#content.text;
  }

  /** The file will never be whole: {@link abandon} was called, or the keyspace has ended the walk by itself. */
  get abandoned(): boolean {
    return this.#state === 'abandoned';
  }

  /** What is in the keyspace now will be written. */
  begin({ walk }: KeyspaceCore): void {
    invariant(this.#state === 'made', 'a writer writes one file');
    this.#state = 'writing';
    this.#walk = walk;
    walk.begin((reader) => this.#record(reader));
    this.#number = walk.begun;
  }

  /** Writes about so many records more; true when the file is whole. False for ever when it was {@link abandoned}. */
  step(maxRecords: number): boolean {
    const walk = this.#walk;
    invariant(walk !== null, 'a writer is begun before it steps');
    if (this.#state !== 'writing') return this.#state === 'done';
    if (walk.begun === this.#number && !walk.step(maxRecords)) return false;
    if (walk.completed === this.#number) this.#finish();
    else this.#state = 'abandoned';
    return !this.abandoned;
  }

  /** Nothing more is written. */
  abandon(): void {
    if (this.#state === 'writing' && this.#walk?.begun === this.#number) this.#walk.abandon();
    if (this.#state !== 'done') this.#state = 'abandoned';
  }

  #finish(): void {
    const out = this.#out;
    out.flush();
    const bytes = out.payloadBytes;
    out.setKind(BLOCK_TRAILER);
    out.room(TRAILER_BYTES);
    out.uint53(this.records);
    out.uint53(this.elements);
    out.uint53(bytes);
    for (const word of this.#content.sum) out.int32(word);
    out.flush();
    this.#state = 'done';
  }

  #record(reader: RecordReader): void {
    const { type, value } = reader;
    this.records++;
    this.#content.begin(type, reader.expiresAtMs, reader.key);
    if (!reader.isLarge) {
      const isString = type === TYPE_STRING;
      this.#begin(OP_WHOLE, reader, isString ? 8 + value.end - value.start : MOST_SMALL_BYTES);
      if (isString) this.#string(value);
      else this.#collection(reader);
      return;
    }
    this.#begin(OP_OPEN, reader, 8);
    this.#type = type;
    this.#id = this.#opened++;
    if (type === TYPE_STRING) this.#chunks(value);
    else this.#collection(reader);
    this.#endPart();
    this.#id = -1;
  }

  /** The beginning of a record's op; at least `room` bytes are left in the block then. */
  #begin(op: number, reader: RecordReader, room: number): void {
    const out = this.#out;
    const { key, type, expiresAtMs } = reader;
    if (isLong(key)) this.#pieces(key);
    out.room(MOST_RECORD_BYTES + inlineBytes(key) + room);
    const expires = expiresAtMs === 0 ? 0 : EXPIRES;
    out.uint8((op << OP_SHIFT) | expires | (reader.encoding << ENCODING_SHIFT) | type);
    if (expires !== 0) out.float64(expiresAtMs);
    out.uint24(reader.accessedAt24);
    this.#range(key);
  }

  #string(value: ByteRange): void {
    this.#content.addString(value);
    this.elements++;
    this.#range(value);
  }

  #chunks({ view, start, end }: ByteRange): void {
    this.#size(end - start);
    for (let index = 0, at = start; at < end; index++) {
      const to = Math.min(at + CHUNK_BYTES, end);
      this.#room(to - at, index);
      this.#content.addChunk(index, view, at, to);
      this.#out.leb128(to - at);
      this.#out.view(view, at, to);
      at = to;
    }
  }

  #collection({ type, values }: RecordReader): void {
    const { hash, list, set, sortedSet } = values;
    if (type === TYPE_HASH) {
      this.#size(hash.size);
      for (let more = hash.first(); more; more = hash.next()) this.#field(hash.field, hash.value);
    } else if (type === TYPE_LIST) {
      this.#size(list.size);
      let index = 0;
      for (let more = list.seek(0); more; more = list.next()) this.#element(index++, list.element);
    } else if (type === TYPE_SET) {
      this.#size(set.size);
      for (let more = set.first(); more; more = set.next()) this.#member(set.member);
    } else {
      this.#size(sortedSet.size);
      for (let more = sortedSet.seek(0); more; more = sortedSet.next()) {
        this.#scored(sortedSet.score, sortedSet.member);
      }
    }
  }

  #size(size: number): void {
    this.#content.addSize(size);
    this.#out.leb128(size);
  }

  #field(field: ByteRange, value: ByteRange): void {
    if (isLong(field) || isLong(value)) {
      this.#endPart();
      if (isLong(field)) this.#pieces(field);
      if (isLong(value)) this.#pieces(value);
    }
    this.#room(inlineBytes(field) + inlineBytes(value), 0);
    this.#content.addField(field, value);
    this.#range(field);
    this.#range(value);
  }

  #member(member: ByteRange): void {
    this.#roomFor(member, 0);
    this.#content.addMember(member);
    this.#range(member);
  }

  #scored(score: number, member: ByteRange): void {
    this.#roomFor(member, 0);
    this.#content.addScored(score, member);
    this.#out.float64(score);
    this.#range(member);
  }

  #element(index: number, element: ByteRange): void {
    this.#roomFor(element, index);
    this.#content.addElement(index, element);
    this.#range(element);
  }

  #roomFor(range: ByteRange, index: number): void {
    if (isLong(range)) {
      this.#endPart();
      this.#pieces(range);
    }
    this.#room(inlineBytes(range), index);
  }

  /** One more element follows, of so many bytes without lengths and score: in the open part, or in a new one. */
  #room(bytes: number, index: number): void {
    this.elements++;
    if (this.#id === -1) return;
    const out = this.#out;
    const need = MOST_ELEMENT_BYTES + bytes;
    if (this.#countAt !== 0) {
      this.#count++;
      if (need <= out.left && this.#count <= MOST_PART_ELEMENTS) return;
      this.#count--;
      this.#endPart();
    }
    out.room(MOST_PART_BYTES + need);
    out.uint8((OP_PART << OP_SHIFT) | this.#type);
    out.leb128(this.#id);
    if (this.#type === TYPE_STRING || this.#type === TYPE_LIST) out.leb128(index);
    this.#countAt = out.at;
    this.#count = 1;
    out.uint16(0);
  }

  #endPart(): void {
    if (this.#countAt === 0) return;
    this.#out.setUint16(this.#countAt, this.#count);
    this.#countAt = 0;
  }

  /** Length and bytes; the bytes of a long one stand in pieces before its op. */
  #range(range: ByteRange): void {
    const length = range.end - range.start;
    this.#out.leb128(length);
    if (length <= LONGEST_INLINE) this.#out.view(range.view, range.start, range.end);
  }

  #pieces({ view, start, end }: ByteRange): void {
    const out = this.#out;
    for (let at = start; at < end; ) {
      const to = Math.min(at + PIECE_BYTES, end);
      out.room(1 + 8 + to - at);
      out.uint8(OP_PIECE << OP_SHIFT);
      out.leb128(to - at);
      out.view(view, at, to);
      at = to;
    }
  }
}

function isLong(range: ByteRange): boolean {
  return range.end - range.start > LONGEST_INLINE;
}

/** How many of its bytes stand in its op. */
function inlineBytes(range: ByteRange): number {
  const length = range.end - range.start;
  return length <= LONGEST_INLINE ? length : 0;
}
