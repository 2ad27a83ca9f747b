/**
 * Reads the ops in data blocks (FORMAT.md): checks each, takes it into the digest and, when there is a keyspace to
 * fill, into that.
 *
 * Invariant: the long byte strings of an op have all stood in the pieces before it, and nothing else has.
 */
import { ByteRange } from '#base/byte-range.ts';
import { ByteWriter } from '#base/bytes.ts';
import { viewOf } from '#base/copy.ts';
import { ContentDigest, type DigestPlace, newPlace } from '#node/keyspace/content-digest.ts';
import type { Loader } from '#node/keyspace/loader.ts';
import {
  CHUNK_BYTES,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_SORTED_SET,
  TYPE_STRING,
} from '#node/keyspace/record.ts';
import {
  ENCODING_SHIFT,
  EXPIRES,
  LONGEST_BYTES,
  LONGEST_INLINE,
  OP_OPEN,
  OP_PART,
  OP_PIECE,
  OP_SHIFT,
  OP_WHOLE,
  SnapshotCorruptError,
} from './format.ts';
import { ListParts } from './list-parts.ts';

const TYPE_MASK = 7;
const ENCODING_MASK = 3;
const LARGEST_ENCODING = 2;
/** What a record takes besides key and value, and to spare: together they must fit into one block of memory. */
const RECORD_OVERHEAD = 4096;
const NOTHING = new Uint8Array(0);

/** A value of which parts have come. */
interface OpenValue {
  readonly type: number;
  /** Where the loader has it; 0 when nothing is loaded. */
  readonly record: number;
  /** Elements, or bytes of a string. */
  readonly size: number;
  received: number;
  /** Where the digest was after the key. */
  readonly place: DigestPlace;
  readonly list: ListParts | null;
  /** Of a string: 1 for each chunk that has come. */
  readonly chunks: Uint8Array;
}

export class OpReader {
  records = 0;
  elements = 0;
  readonly content = new ContentDigest();
  readonly #loader: Loader | null;
  readonly #open = new Map<number, OpenValue>();
  #opened = 0;
  readonly #pieces = new ByteWriter(0);
  #piecesAt = 0;

  #bytes: Uint8Array = NOTHING;
  #view: DataView = new DataView(NOTHING.buffer);
  #at = 0;
  #end = 0;
  #blockOffset = 0;

  /** What stands at the beginning of a record, for the loader. */
  readonly #head = { type: 0, encoding: 0, expiresAtMs: 0, accessedAt24: 0 };
  readonly #key = new ByteRange();
  readonly #first = new ByteRange();
  readonly #second = new ByteRange();

  constructor(loader: Loader | null) {
    this.#loader = loader;
  }

  /** All values that were begun are whole. */
  get settled(): boolean {
    return this.#open.size === 0 && this.#pieces.length === 0;
  }

  /** Reads all ops in a block, bytes[start, end); the bytes at 0 stand at `offset` in the file. */
  read(bytes: Uint8Array, view: DataView, start: number, end: number, offset: number): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#at = start;
    this.#end = end;
    this.#blockOffset = offset;
    while (this.#at < this.#end) this.#op();
    this.#bytes = NOTHING;
  }

  #op(): void {
    const byte = this.#bytes[this.#at++];
    const op = byte >>> OP_SHIFT;
    if (op === OP_PIECE) {
      if ((byte & ((1 << OP_SHIFT) - 1)) !== 0) this.#corrupt('an unknown op');
      this.#piece();
      return;
    }
    if (op === OP_PART) this.#part(byte & ((1 << OP_SHIFT) - 1));
    else this.#record(op, byte);
    if (this.#piecesAt !== this.#pieces.length) this.#corrupt('bytes that belong to nothing');
    if (this.#piecesAt === 0) return;
    this.#pieces.clear();
    this.#piecesAt = 0;
  }

  #piece(): void {
    const length = this.#leb128();
    const start = this.#skip(length);
    if (length < 1 || this.#pieces.length + length > 2 * LONGEST_BYTES) {
      this.#corrupt('a piece of an impossible length');
    }
    this.#pieces.view(this.#view, start, start + length);
  }

  #record(op: number, byte: number): void {
    const head = this.#head;
    const key = this.#key;
    head.type = byte & TYPE_MASK;
    head.encoding = (byte >>> ENCODING_SHIFT) & ENCODING_MASK;
    head.expiresAtMs = 0;
    if (head.type < TYPE_STRING || head.type > TYPE_SORTED_SET) this.#corrupt('an unknown type');
    if (head.encoding > LARGEST_ENCODING) this.#corrupt('an unknown encoding');
    if ((byte & EXPIRES) !== 0) {
      head.expiresAtMs = this.#float64();
      if (!Number.isFinite(head.expiresAtMs) || head.expiresAtMs === 0) this.#corrupt('no expiry');
    }
    const at = this.#skip(3);
    head.accessedAt24 = this.#view.getUint16(at, true) | (this.#bytes[at + 2] << 16);
    this.#range(key);
    this.records++;
    this.content.begin(head.type, head.expiresAtMs, key);
    if (op === OP_OPEN) this.#beginParts();
    else if (op === OP_WHOLE && head.type === TYPE_STRING) this.#string();
    else this.#collection();
  }

  #string(): void {
    const value = this.#first;
    this.#range(value);
    if (value.length > CHUNK_BYTES) this.#corrupt('a long string that is not in chunks');
    this.content.addString(value);
    this.elements++;
    if (this.#loader?.addString(this.#head, this.#key, value) === false) this.#twice();
  }

  #collection(): void {
    const size = this.#leb128();
    if (size < 1) this.#corrupt('a collection without elements');
    this.content.addSize(size);
    if (this.#loader?.begin(this.#head, this.#key) === 0) this.#twice();
    this.#elements(this.#head.type, 0, size);
    this.#loader?.end();
  }

  #beginParts(): void {
    const { type } = this.#head;
    const size = this.#leb128();
    const isString = type === TYPE_STRING;
    const least = isString ? CHUNK_BYTES + 1 : 1;
    if (size < least || size > LONGEST_BYTES) this.#corrupt('a value of an impossible size');
    const together = this.#key.length + size + RECORD_OVERHEAD;
    if (isString && together > 2 ** 31) this.#corrupt('a key and value too long together');
    this.content.addSize(size);
    const place = newPlace();
    this.content.keepPlace(place);
    this.#open.set(this.#opened++, {
      type,
      record: this.#load(isString ? size : -1),
      size,
      received: 0,
      place,
      list: type === TYPE_LIST ? new ListParts(this.#loader) : null,
      chunks: new Uint8Array(isString ? Math.ceil(size / CHUNK_BYTES) : 0),
    });
  }

  /** Makes the record of a large value: a string of this size, or with -1 a collection. */
  #load(stringSize: number): number {
    const loader = this.#loader;
    if (loader === null) return 0;
    if (stringSize >= 0) {
      const record = loader.beginString(this.#head, this.#key, stringSize);
      if (record === 0) this.#twice();
      return record;
    }
    const record = loader.begin(this.#head, this.#key);
    if (record === 0) this.#twice();
    loader.end();
    return record;
  }

  #part(type: number): void {
    const id = this.#leb128();
    const value = this.#open.get(id);
    if (value === undefined || value.type !== type) this.#corrupt('a part of nothing');
    const indexed = type === TYPE_STRING || type === TYPE_LIST;
    const index = indexed ? this.#leb128() : 0;
    const count = this.#view.getUint16(this.#skip(2), true);
    if (count < 1) this.#corrupt('a part without elements');
    this.content.goTo(value.place);
    if (type === TYPE_STRING) {
      this.#chunks(value, index, count);
    } else {
      if (count > value.size - value.received) this.#corrupt('more elements than there are');
      this.#loader?.resume(value.record);
      if (value.list === null) this.#elements(type, 0, count);
      else this.#listPart(value.list, index, count, value.size);
      this.#loader?.end();
      value.received += count;
    }
    if (value.received === value.size) this.#open.delete(id);
  }

  #chunks(value: OpenValue, firstIndex: number, count: number): void {
    const { size, chunks, record } = value;
    const range = this.#first;
    if (firstIndex + count > chunks.length) this.#corrupt('a chunk after the end');
    for (let index = firstIndex; index < firstIndex + count; index++) {
      this.#range(range);
      const offset = index * CHUNK_BYTES;
      if (range.length !== Math.min(CHUNK_BYTES, size - offset)) this.#corrupt('a short chunk');
      if (chunks[index] !== 0) this.#corrupt('a chunk that was there before');
      chunks[index] = 1;
      value.received += range.length;
      this.elements++;
      this.content.addChunk(index, range.view, range.start, range.end);
      this.#loader?.writeString(record, offset, range);
    }
  }

  #listPart(list: ListParts, index: number, count: number, size: number): void {
    const element = this.#first;
    if (index + count > size || !list.begin(index, index + count)) {
      this.#corrupt('elements out of place');
    }
    for (let i = index; i < index + count; i++) {
      this.#range(element);
      this.content.addElement(i, element);
      list.add(element);
      this.elements++;
    }
    list.end();
  }

  /** Reads elements of the collection that the digest and the loader are at. */
  #elements(type: number, firstIndex: number, count: number): void {
    const { content } = this;
    const loader = this.#loader;
    const first = this.#first;
    const second = this.#second;
    for (let i = 0; i < count; i++) {
      if (type === TYPE_HASH) {
        this.#range(first);
        this.#range(second);
        content.addField(first, second);
        if (loader?.addField(first, second) === false) this.#twice();
      } else if (type === TYPE_LIST) {
        this.#range(first);
        content.addElement(firstIndex + i, first);
        loader?.addElement(first);
      } else if (type === TYPE_SET) {
        this.#range(first);
        content.addMember(first);
        if (loader?.addMember(first) === false) this.#twice();
      } else {
        const score = this.#float64();
        this.#range(first);
        if (Number.isNaN(score)) this.#corrupt('a score that is no number');
        content.addScored(score, first);
        if (loader?.addScored(score, first) === false) this.#twice();
      }
      this.elements++;
    }
  }

  /** Goes to a byte string, in the block or in the pieces. */
  #range(range: ByteRange): void {
    const length = this.#leb128();
    if (length <= LONGEST_INLINE) {
      const start = this.#skip(length);
      range.set(this.#bytes, this.#view, start, start + length);
      return;
    }
    const start = this.#piecesAt;
    if (length > LONGEST_BYTES || length > this.#pieces.length - start) {
      this.#corrupt('a byte string without its bytes');
    }
    const { bytes } = this.#pieces;
    this.#piecesAt = start + length;
    range.set(bytes, viewOf(bytes), start, start + length);
  }

  #leb128(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      if (this.#at >= this.#end) this.#corrupt('a number without its end');
      const byte = this.#bytes[this.#at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return this.#corrupt('a number too long');
  }

  #float64(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  #skip(count: number): number {
    const start = this.#at;
    if (count > this.#end - start) this.#corrupt('a value without its end');
    this.#at = start + count;
    return start;
  }

  #twice(): never {
    return this.#corrupt('a key, field or member twice');
  }

  #corrupt(what: string): never {
    throw new SnapshotCorruptError(this.#blockOffset + this.#at, what);
  }
}
