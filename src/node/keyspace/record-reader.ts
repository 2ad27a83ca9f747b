/**
 * Reads whole records one after the other (walk, digest), apart from where commands stand: it has positions and
 * collections of its own. One is kept, so reading makes no objects.
 */
import { ByteRange } from '#base/byte-range.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import type { ExpiryHeap } from './expiry-heap.ts';
import {
  CHUNK_BYTES,
  ENCODING_MASK,
  ENCODING_SHIFT,
  HEADER_BYTES,
  TIME_SHIFT,
  TYPE_MASK,
  TYPE_STRING,
} from './record.ts';
import { Values } from './values.ts';

export class RecordReader {
  readonly key = new ByteRange();
  /** Of a string. */
  readonly value = new ByteRange();
  /** TYPE_STRING and so on. */
  type = 0;
  encoding = 0;
  /** Milliseconds since the Unix epoch; 0 when it does not expire. */
  expiresAtMs = 0;
  /** Seconds, modulo 2^24. */
  accessedAt24 = 0;
  /** A string of more than one chunk (content-digest.ts), or a collection that is more than one small block. */
  isLarge = false;
  /** The collection, if it is one, is open in the one of these that its type names. */
  readonly values: Values;
  readonly #arena: Arena;

  constructor(arena: Arena, hashSeed: readonly [number, number]) {
    this.#arena = arena;
    this.values = new Values(arena, hashSeed);
  }

  /** Goes to a record whose expiry is in this heap. */
  read(record: number, heap: ExpiryHeap): void {
    const { words, bytes, views } = this.#arena;
    const chunk = record >>> CHUNK_SHIFT;
    const at = (record & UNIT_MASK) << 1;
    const head = words[chunk][at];
    const place = words[chunk][at + 1];
    const start = (at << 2) + HEADER_BYTES;
    const keyEnd = start + words[chunk][at + 2];
    this.type = head & TYPE_MASK;
    this.encoding = (head >>> ENCODING_SHIFT) & ENCODING_MASK;
    this.accessedAt24 = head >>> TIME_SHIFT;
    this.expiresAtMs = place === 0 ? 0 : heap.timeAt(place - 1);
    this.key.set(bytes[chunk], views[chunk], start, keyEnd);
    if (this.type === TYPE_STRING) {
      const length = words[chunk][at + 3];
      this.value.set(bytes[chunk], views[chunk], keyEnd, keyEnd + length);
      this.isLarge = length > CHUNK_BYTES;
    } else {
      const root = views[chunk].getInt32(keyEnd, true);
      this.values.open(this.type, root);
      this.isLarge = !this.values.isPacked(this.type, root);
    }
  }
}
