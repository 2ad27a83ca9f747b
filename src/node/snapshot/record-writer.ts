/**
 * Writes what a walk hands out as ops into blocks, and takes it into the digest on the way.
 *
 * Invariant: while a part is open, the digest is at the key of its value, and the part's op is the last in the block.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { ContentDigest } from '#node/keyspace/content-digest.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STRING } from '#node/keyspace/record.ts';
import type { RecordReader } from '#node/keyspace/record-reader.ts';
import type { LargeValue, WalkVisitor } from '#node/keyspace/walk-visitor.ts';
import type { BlockWriter } from './block-writer.ts';
import {
  ENCODING_SHIFT,
  EXPIRES,
  LONGEST_INLINE,
  MOST_PART_ELEMENTS,
  OP_OPEN,
  OP_PART,
  OP_PIECE,
  OP_SHIFT,
  OP_WHOLE,
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

export class RecordWriter implements WalkVisitor {
  records = 0;
  elements = 0;
  readonly content = new ContentDigest();
  readonly #out: BlockWriter;
  /** Of the part that is open: where its count is, 0 for none; how many elements it has; whose it is. */
  #countAt = 0;
  #count = 0;
  #value: LargeValue | null = null;
  /** The index that its next element must have, if it is of a string or a list. */
  #nextIndex = 0;

  constructor(out: BlockWriter) {
    this.#out = out;
  }

  /** Nothing more comes. */
  end(): void {
    this.#endPart();
  }

  whole(reader: RecordReader): void {
    const { type, value } = reader;
    const isString = type === TYPE_STRING;
    this.#begin(OP_WHOLE, reader, isString ? 8 + value.end - value.start : MOST_SMALL_BYTES);
    if (isString) this.#string(value);
    else this.#collection(reader);
  }

  begin(reader: RecordReader, value: LargeValue): void {
    this.#begin(OP_OPEN, reader, 8);
    this.#size(value.size);
    this.content.keepPlace(value.place);
  }

  chunk(value: LargeValue, index: number, view: DataView, start: number, end: number): void {
    this.#room(value, end - start, index);
    this.elements++;
    this.content.addChunk(index, view, start, end);
    this.#out.leb128(end - start);
    this.#out.view(view, start, end);
  }

  field(value: LargeValue, field: ByteRange, content: ByteRange): void {
    if (isLong(field) || isLong(content)) {
      this.#endPart();
      if (isLong(field)) this.#pieces(field);
      if (isLong(content)) this.#pieces(content);
    }
    this.#room(value, inlineBytes(field) + inlineBytes(content), 0);
    this.#field(field, content);
  }

  member(value: LargeValue, member: ByteRange): void {
    this.#roomFor(value, member, 0);
    this.#member(member);
  }

  scored(value: LargeValue, score: number, member: ByteRange): void {
    this.#roomFor(value, member, 0);
    this.#scored(score, member);
  }

  element(value: LargeValue, index: number, element: ByteRange): void {
    this.#roomFor(value, element, index);
    this.#element(index, element);
  }

  /** The beginning of a record's op; at least `room` bytes are left in the block then. */
  #begin(op: number, reader: RecordReader, room: number): void {
    const out = this.#out;
    const { key, type, expiresAtMs } = reader;
    this.#endPart();
    this.records++;
    this.content.begin(type, expiresAtMs, key);
    if (isLong(key)) this.#pieces(key);
    out.room(MOST_RECORD_BYTES + inlineBytes(key) + room);
    const expires = expiresAtMs === 0 ? 0 : EXPIRES;
    out.uint8((op << OP_SHIFT) | expires | (reader.encoding << ENCODING_SHIFT) | type);
    if (expires !== 0) out.float64(expiresAtMs);
    out.uint24(reader.accessedAt24);
    this.#range(key);
  }

  #string(value: ByteRange): void {
    this.elements++;
    this.content.addString(value);
    this.#range(value);
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
    this.content.addSize(size);
    this.#out.leb128(size);
  }

  #field(field: ByteRange, value: ByteRange): void {
    this.elements++;
    this.content.addField(field, value);
    this.#range(field);
    this.#range(value);
  }

  #member(member: ByteRange): void {
    this.elements++;
    this.content.addMember(member);
    this.#range(member);
  }

  #scored(score: number, member: ByteRange): void {
    this.elements++;
    this.content.addScored(score, member);
    this.#out.float64(score);
    this.#range(member);
  }

  #element(index: number, element: ByteRange): void {
    this.elements++;
    this.content.addElement(index, element);
    this.#range(element);
  }

  #roomFor(value: LargeValue, range: ByteRange, index: number): void {
    if (isLong(range)) {
      this.#endPart();
      this.#pieces(range);
    }
    this.#room(value, inlineBytes(range), index);
  }

  /** One more element of the value follows, of so many bytes without lengths and score, in the open part or another. */
  #room(value: LargeValue, bytes: number, index: number): void {
    const out = this.#out;
    const need = MOST_ELEMENT_BYTES + bytes;
    const indexed = value.type === TYPE_STRING || value.type === TYPE_LIST;
    const goesOn = value === this.#value && (!indexed || index === this.#nextIndex);
    this.#nextIndex = index + 1;
    if (this.#countAt !== 0 && goesOn && need <= out.left && this.#count < MOST_PART_ELEMENTS) {
      this.#count++;
      return;
    }
    this.#endPart();
    out.room(MOST_PART_BYTES + need);
    out.uint8((OP_PART << OP_SHIFT) | value.type);
    out.leb128(value.number);
    if (indexed) out.leb128(index);
    this.#countAt = out.at;
    this.#count = 1;
    this.#value = value;
    this.content.goTo(value.place);
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
