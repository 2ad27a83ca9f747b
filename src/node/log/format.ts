/**
 * The bytes of a segment file, as FORMAT.md defines them: segment header, batches, records. Pure
 * functions over byte arrays; nothing here knows files. Integers are little-endian.
 *
 * Every checksum of a segment starts from that segment's random salt, so bytes of another segment (or
 * of a client's value that looks like a record) never count as this segment's.
 */

import { invariant } from '#base/invariant.ts';
import type { Entry } from '#node/raft/entry.ts';
import { checksum } from './checksum.ts';
import { type FileCipher, type KeyRing, TAG_BYTES } from './cipher.ts';
import { LogCorruptionError, LogVersionError } from './errors.ts';

/** Of segment files and of the hard state file; rises when an older program could not read them. */
export const FORMAT_VERSION = 2;
export const SEGMENT_HEADER_BYTES = 4096;
/** A batch starts at a multiple of this, so no write changes a sector that holds durable bytes. */
export const BATCH_ALIGNMENT = 512;
/** The part of a batch's header that says something; the tag of encrypted records follows. */
const BATCH_FIELDS_BYTES = 64;
export const BATCH_HEADER_BYTES = BATCH_FIELDS_BYTES + TAG_BYTES;
export const RECORD_HEADER_BYTES = 32;
const RECORD_ALIGNMENT = 8;
const SEGMENT_MAGIC_LOW = 0x444c4f48; // "HOLD"
const SEGMENT_MAGIC_HIGH = 0x54534146; // "FAST"
export const BATCH_MAGIC = 0x31424648; // "HFB1"
const RECORD_ENTRY = 0xe1;
const RECORD_TRUNCATE = 0xe2;
const RECORD_RESTART = 0xe3;
/** The end of each segment, kept for a restart: that goes to disk also when there is no room for a segment. */
export const RESTART_ROOM_BYTES = BATCH_ALIGNMENT;

/** What the header of a segment file says. */
export interface SegmentHeader {
  /** Position in the chain of segments, from 1 without gaps; also in the file's name. */
  readonly ordinal: number;
  /** Unique per file for the life of the log, 32 bits; every batch and record repeats it. */
  readonly generation: number;
  /** Random 32 bits that every checksum in the file starts from. */
  readonly salt: number;
  /** Length of the file. */
  readonly sizeBytes: number;
  /** Null when the file is plaintext. */
  readonly cipher: FileCipher | null;
}

/** What the header of a batch says. */
export interface BatchHeader {
  /** Bytes of header and records, without padding. */
  readonly length: number;
  /** 1, 2, 3… over all segments. */
  readonly sequence: number;
  /** Batches up to this sequence were on disk before this one was written: the sync mark. */
  readonly mark: number;
  /** The log's last index and its term before this batch. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Hint: the commit index as known then. */
  readonly commit: number;
  readonly recordCount: number;
}

/** Receives the records of a valid batch in order. Offsets are into the array that is walked. */
export interface RecordVisitor {
  entry(
    index: number,
    term: number,
    kind: number,
    recordAt: number,
    payloadAt: number,
    payloadEnd: number,
  ): void;
  /** Entries with index >= `from` are dropped; `termBefore` is the term of the one before, 0 if there is none. */
  truncate(from: number, termBefore: number): void;
  /** The log begins anew after entry `index` of `term`; it holds nothing else. */
  restart(index: number, term: number): void;
}

/** A view on `bytes` for reading and writing integers. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The smallest multiple of `alignment` (a power of two) that is >= value. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** Bytes a record with this payload takes in a batch. */
export function recordBytes(payloadBytes: number): number {
  return RECORD_HEADER_BYTES + alignUp(payloadBytes, RECORD_ALIGNMENT);
}

export function getUint53(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
}

export function setUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 0x1_0000_0000, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** The first SEGMENT_HEADER_BYTES of a segment file. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, SEGMENT_MAGIC_LOW, true);
  view.setUint32(4, SEGMENT_MAGIC_HIGH, true);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(16, header.generation, true);
  view.setUint32(20, header.salt, true);
  setUint53(view, 24, header.ordinal);
  setUint53(view, 32, header.sizeBytes);
  header.cipher?.describe(bytes);
  view.setUint32(12, checksum(bytes, 16, SEGMENT_HEADER_BYTES), true);
  return bytes;
}

/** Reads a segment header. Throws {@link LogVersionError}, {@link LogCorruptionError}, or for want of a key. */
export function decodeSegmentHeader(bytes: Uint8Array, file: string, keys: KeyRing): SegmentHeader {
  const view = viewOf(bytes);
  if (
    bytes.length < SEGMENT_HEADER_BYTES ||
    view.getUint32(0, true) !== SEGMENT_MAGIC_LOW ||
    view.getUint32(4, true) !== SEGMENT_MAGIC_HIGH
  ) {
    throw new LogCorruptionError(file, 0, 'this is not a log segment of Holdfast');
  }
  const version = view.getUint32(8, true);
  if (version !== 0 && version !== FORMAT_VERSION) {
    throw new LogVersionError(file, version, FORMAT_VERSION);
  }
  if (version === 0 || view.getUint32(12, true) !== checksum(bytes, 16, SEGMENT_HEADER_BYTES)) {
    throw new LogCorruptionError(file, 0, 'the header of the segment is damaged');
  }
  return {
    generation: view.getUint32(16, true),
    salt: view.getUint32(20, true),
    ordinal: getUint53(view, 24),
    sizeBytes: getUint53(view, 32),
    cipher: keys.cipherOf(bytes, file),
  };
}

/** The batch header at `at`, or null when there is no valid one of this segment. */
export function decodeBatchHeader(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  segment: SegmentHeader,
): BatchHeader | null {
  if (
    at + BATCH_HEADER_BYTES > bytes.length ||
    view.getUint32(at, true) !== BATCH_MAGIC ||
    view.getUint32(at + 8, true) !== segment.generation ||
    (segment.cipher === null && !hasNoTag(view, at)) ||
    view.getUint32(at + 4, true) !== checksum(bytes, at + 8, at + BATCH_FIELDS_BYTES, segment.salt)
  ) {
    return null;
  }
  return {
    length: view.getUint32(at + 12, true),
    sequence: getUint53(view, at + 16),
    mark: getUint53(view, at + 24),
    lastIndex: getUint53(view, at + 32),
    lastTerm: getUint53(view, at + 40),
    commit: getUint53(view, at + 48),
    recordCount: view.getUint32(at + 56, true),
  };
}

function hasNoTag(view: DataView, at: number): boolean {
  const tag = at + BATCH_FIELDS_BYTES;
  return view.getBigUint64(tag, true) === 0n && view.getBigUint64(tag + 8, true) === 0n;
}

/** Length of the record at `at` with padding, or 0 when it is not valid or does not end by `end`. */
export function checkRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  segment: SegmentHeader,
): number {
  if (at + RECORD_HEADER_BYTES > end) return 0;
  const payloadBytes = view.getUint32(at + 8, true);
  const length = recordBytes(payloadBytes);
  if (at + length > end) return 0;
  const type = view.getUint8(at + 4);
  if (type < RECORD_ENTRY || type > RECORD_RESTART) return 0;
  if (view.getUint32(at + 12, true) !== segment.generation) return 0;
  const crcEnd = at + RECORD_HEADER_BYTES + payloadBytes;
  if (view.getUint32(at, true) !== checksum(bytes, at + 4, crcEnd, segment.salt)) return 0;
  return length;
}

/** Checks all records of the batch at `at`: -1, or the offset of the first that is not valid. */
export function checkRecords(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  header: BatchHeader,
  segment: SegmentHeader,
): number {
  const end = at + header.length;
  let record = at + BATCH_HEADER_BYTES;
  for (let count = 0; count < header.recordCount; count++) {
    const length = checkRecord(bytes, view, record, end, segment);
    if (length === 0) return record;
    record += length;
  }
  return record === end ? -1 : record;
}

/** Shows the records of a batch that {@link checkRecords} found valid (or that was just encoded). */
export function walkRecords(
  view: DataView,
  at: number,
  recordCount: number,
  visitor: RecordVisitor,
): void {
  let record = at + BATCH_HEADER_BYTES;
  for (let count = 0; count < recordCount; count++) {
    const payloadBytes = view.getUint32(record + 8, true);
    const index = getUint53(view, record + 16);
    const type = view.getUint8(record + 4);
    if (type === RECORD_ENTRY) {
      const payloadAt = record + RECORD_HEADER_BYTES;
      visitor.entry(
        index,
        getUint53(view, record + 24),
        view.getUint16(record + 6, true),
        record,
        payloadAt,
        payloadAt + payloadBytes,
      );
    } else if (type === RECORD_TRUNCATE) {
      visitor.truncate(index, getUint53(view, record + 24));
    } else {
      visitor.restart(index, getUint53(view, record + 24));
    }
    record += recordBytes(payloadBytes);
  }
}

/** The entry in the valid record at `at` (its payload copied), or null for another type of record. */
export function decodeEntry(bytes: Uint8Array, view: DataView, at: number): Entry | null {
  if (view.getUint8(at + 4) !== RECORD_ENTRY) return null;
  const payloadAt = at + RECORD_HEADER_BYTES;
  return {
    index: getUint53(view, at + 16),
    term: getUint53(view, at + 24),
    kind: view.getUint16(at + 6, true),
    payload: bytes.slice(payloadAt, payloadAt + view.getUint32(at + 8, true)),
  };
}

/** Gives a valid batch, in plaintext, to another segment: new generation, all checksums anew. `bytes` is changed. */
export function rebindBatch(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  recordCount: number,
  segment: SegmentHeader,
): void {
  let record = at + BATCH_HEADER_BYTES;
  for (let count = 0; count < recordCount; count++) {
    const payloadBytes = view.getUint32(record + 8, true);
    sealRecord(bytes, view, record, payloadBytes, segment);
    record += recordBytes(payloadBytes);
  }
  bytes.fill(0, at + BATCH_FIELDS_BYTES, at + BATCH_HEADER_BYTES);
  sealBatch(bytes, view, at, segment);
}

function sealRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  payloadBytes: number,
  segment: SegmentHeader,
): void {
  view.setUint32(at + 12, segment.generation, true);
  const end = at + RECORD_HEADER_BYTES + payloadBytes;
  view.setUint32(at, checksum(bytes, at + 4, end, segment.salt), true);
}

function sealBatch(bytes: Uint8Array, view: DataView, at: number, segment: SegmentHeader): void {
  view.setUint32(at + 8, segment.generation, true);
  const crc = checksum(bytes, at + 8, at + BATCH_FIELDS_BYTES, segment.salt);
  view.setUint32(at + 4, crc, true);
}

/** Copies a finished batch of `length` bytes at `at` to the start of `into`, encrypted for file offset `offset`. */
export function encryptBatch(
  bytes: Uint8Array,
  at: number,
  length: number,
  cipher: FileCipher,
  offset: number,
  into: Uint8Array,
): void {
  const known = bytes.subarray(at, at + BATCH_FIELDS_BYTES);
  const records = bytes.subarray(at + BATCH_HEADER_BYTES, at + length);
  into.set(known);
  cipher.seal(
    offset,
    known,
    records,
    into.subarray(BATCH_HEADER_BYTES, length),
    into.subarray(BATCH_FIELDS_BYTES, BATCH_HEADER_BYTES),
  );
}

/** Decrypts, in place, the batch of `length` bytes at `at`, at `offset` of its file; false when it is damaged. */
export function decryptBatch(
  bytes: Uint8Array,
  at: number,
  length: number,
  cipher: FileCipher,
  offset: number,
): boolean {
  const records = bytes.subarray(at + BATCH_HEADER_BYTES, at + length);
  const known = bytes.subarray(at, at + BATCH_FIELDS_BYTES);
  const tag = bytes.subarray(at + BATCH_FIELDS_BYTES, at + BATCH_HEADER_BYTES);
  const plain = cipher.open(offset, known, records, tag);
  if (plain === null) return false;
  records.set(plain);
  return true;
}

/**
 * Builds one batch in a buffer that is used again for the next. `start`, then records, then `finish`;
 * `output[0, paddedLength)` is what goes to the disk; `bytes` has the batch in plaintext.
 */
export class BatchEncoder {
  bytes: Uint8Array;
  view: DataView;
  output: Uint8Array;
  /** Bytes of header and records so far. */
  length = BATCH_HEADER_BYTES;
  recordCount = 0;
  #segment: SegmentHeader = { ordinal: 0, generation: 0, salt: 0, sizeBytes: 0, cipher: null };
  #encrypted = new Uint8Array(0);

  constructor(capacityBytes: number) {
    this.bytes = new Uint8Array(alignUp(capacityBytes, BATCH_ALIGNMENT));
    this.output = this.bytes;
    this.view = viewOf(this.bytes);
  }

  /** Bytes of the whole batch on disk. */
  get paddedLength(): number {
    return alignUp(this.length, BATCH_ALIGNMENT);
  }

  start(segment: SegmentHeader): void {
    this.#segment = segment;
    this.length = BATCH_HEADER_BYTES;
    this.recordCount = 0;
  }

  entry(entry: Entry): void {
    const { payload } = entry;
    const at = this.#record(RECORD_ENTRY, entry.kind, payload.length, entry.index, entry.term);
    this.bytes.set(payload, at + RECORD_HEADER_BYTES);
    sealRecord(this.bytes, this.view, at, payload.length, this.#segment);
  }

  truncate(from: number, termBefore: number): void {
    const at = this.#record(RECORD_TRUNCATE, 0, 0, from, termBefore);
    sealRecord(this.bytes, this.view, at, 0, this.#segment);
  }

  restart(index: number, term: number): void {
    const at = this.#record(RECORD_RESTART, 0, 0, index, term);
    sealRecord(this.bytes, this.view, at, 0, this.#segment);
  }

  /** Completes the batch, for `offset` in the file; `length` and `recordCount` are this encoder's. */
  finish(header: Omit<BatchHeader, 'length' | 'recordCount'>, offset: number): void {
    this.#reserve(0);
    const { view } = this;
    view.setUint32(0, BATCH_MAGIC, true);
    view.setUint32(12, this.length, true);
    setUint53(view, 16, header.sequence);
    setUint53(view, 24, header.mark);
    setUint53(view, 32, header.lastIndex);
    setUint53(view, 40, header.lastTerm);
    setUint53(view, 48, header.commit);
    view.setUint32(56, this.recordCount, true);
    view.setUint32(60, 0, true);
    this.bytes.fill(0, this.length, this.paddedLength);
    sealBatch(this.bytes, view, 0, this.#segment);
    const { cipher } = this.#segment;
    this.output = cipher === null ? this.bytes : this.#encrypt(cipher, offset);
  }

  #encrypt(cipher: FileCipher, offset: number): Uint8Array {
    const { bytes, length, paddedLength } = this;
    if (this.#encrypted.length < paddedLength) this.#encrypted = new Uint8Array(bytes.length);
    encryptBatch(bytes, 0, length, cipher, offset, this.#encrypted);
    this.#encrypted.fill(0, length, paddedLength);
    return this.#encrypted;
  }

  #record(type: number, kind: number, payloadBytes: number, index: number, term: number): number {
    invariant(kind >= 0 && kind <= 0xffff, 'the kind of an entry has 16 bits');
    const at = this.length;
    const end = at + recordBytes(payloadBytes);
    this.#reserve(end - at);
    const { view } = this;
    // the padding of the payload; a payload's own bytes are set by the caller
    if (end > at + RECORD_HEADER_BYTES) view.setBigUint64(end - RECORD_ALIGNMENT, 0n, true);
    view.setUint32(at + 4, type, true);
    view.setUint16(at + 6, kind, true);
    view.setUint32(at + 8, payloadBytes, true);
    setUint53(view, at + 16, index);
    setUint53(view, at + 24, term);
    this.length = end;
    this.recordCount++;
    return at;
  }

  #reserve(count: number): void {
    const need = alignUp(this.length + count, BATCH_ALIGNMENT);
    if (need <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = viewOf(grown);
  }
}
