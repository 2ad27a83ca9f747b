/** What a walk hands out, and to whom. */
import type { ByteRange } from '#base/byte-range.ts';
import type { DigestPlace } from './content-digest.ts';
import type { RecordReader } from './record-reader.ts';

/** A value that is handed out in parts, because it is large. */
export interface LargeValue {
  /** From 0, in the order in which they were begun in this walk. */
  readonly number: number;
  /** TYPE_STRING and so on. */
  readonly type: number;
  /** Its elements, or bytes of a string, when the walk began. */
  readonly size: number;
  /** For the visitor, who may digest the parts of several values in turn. */
  readonly place: DigestPlace;
}

/**
 * Is given each record once, as it was when the walk began; it may read what it is given until it returns, and must
 * not change the keyspace.
 *
 * After `begin` all that is in the value follows, each once: the chunks (content-digest.ts) of a string, and the
 * elements of a list, in any order but with their index, and other elements in any order. Other records and parts of
 * other values may come between.
 */
export interface WalkVisitor {
  /** A record with all that is in it. */
  whole(record: RecordReader): void;
  begin(record: RecordReader, value: LargeValue): void;
  /** Bytes of a view from `start` to `end`. */
  chunk(value: LargeValue, index: number, view: DataView, start: number, end: number): void;
  field(value: LargeValue, field: ByteRange, content: ByteRange): void;
  member(value: LargeValue, member: ByteRange): void;
  scored(value: LargeValue, score: number, member: ByteRange): void;
  element(value: LargeValue, index: number, element: ByteRange): void;
}
