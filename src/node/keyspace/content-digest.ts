/**
 * The digest of keys and their values, element by element: 128 bits that depend on names, types, expiries and
 * contents, and on nothing else: not on history, encoding or hash seed, and on order only in lists. Whoever has the
 * same content, in a keyspace or in a file, comes to the same digest. It finds that members have parted or that a
 * file is damaged; it is no defence against someone who makes collisions on purpose.
 *
 * Each string, and each element of a collection, is hashed with its type, expiry and key; all hashes are combined by
 * XOR, so that their order does not matter. A string of more than {@link CHUNK_BYTES} counts as its chunks, so that
 * it need not be read in one go. A collection, and such a string, also gives the hash of its size.
 *
 * The hash has the rounds of MurmurHash3_x86_128 (Appleby, public domain), because a pass of 16 bytes changes all
 * four words of its state, which a hash of 32 bits taken four times would need four passes for. Byte strings are
 * filled up with zeros to 16 bytes; lengths, index and score come as a last block:
 *
 *     key        the seed; block(type, expiry low, expiry high, key length); bytes(key). Then, of each of these anew:
 *     string     bytes(value); end(length, 0, 0, 1)
 *     size       end(size low, size high, 0, 2)
 *     field      bytes(field); bytes(value); end(field length, value length, 0, 3)
 *     member     bytes(member); end(length, 0, 0, 3), of a sorted set end(length, score low, score high, 4)
 *     element    bytes(element); end(length, index, 0, 5); and so of the chunks of a string
 *
 * Fixed for good: digests of different versions must be comparable.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { CHUNK_BYTES, TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STRING } from './record.ts';
import type { RecordReader } from './record-reader.ts';

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;
const A1 = 0x561ccd1b;
const A2 = 0x0bcaa747;
const A3 = 0x96cd1c35 | 0;
const A4 = 0x32ac3b17;
const SEED_1 = 0x686f6c64;
const SEED_2 = 0x66617374;
const SEED_3 = 0x64696765;
const SEED_4 = 0x73743032;
/** What ends an element says what it is. */
const STRING = 1;
const SIZE = 2;
const MEMBER = 3;
const SCORED = 4;
const ELEMENT = 5;
const HASH_RANGE = 2 ** 32;

/** The state of the hash, or a sum of hashes. */
export type DigestWords = Int32Array;

/** Where a digest was after a key: see {@link ContentDigest.goTo}. */
export interface DigestPlace {
  h1: number;
  h2: number;
  h3: number;
  h4: number;
}

export function newPlace(): DigestPlace {
  return { h1: 0, h2: 0, h3: 0, h4: 0 };
}

export class ContentDigest {
  /** XOR of all that was added. */
  readonly sum: DigestWords = new Int32Array(4);
  /** After type, expiry and key of the record. */
  readonly #prefix: DigestWords = new Int32Array(4);
  readonly #state: DigestWords = new Int32Array(4);
  readonly #float = new Float64Array(1);
  readonly #floatWords = new Int32Array(this.#float.buffer);

  /** Nothing has been added. */
  clear(): void {
    this.sum.fill(0);
  }

  /** 32 lower-case hexadecimal digits; all zero when nothing was added. */
  get text(): string {
    return digestText(this.sum);
  }

  /** Adds a record with all that is in it. */
  addRecord(reader: RecordReader): void {
    const { type, key, value, values } = reader;
    this.begin(type, reader.expiresAtMs, key);
    if (type === TYPE_STRING) {
      this.addString(value);
    } else if (type === TYPE_HASH) {
      const { hash } = values;
      this.addSize(hash.size);
      for (let more = hash.first(); more; more = hash.next()) {
        this.addField(hash.field, hash.value);
      }
    } else if (type === TYPE_LIST) {
      const { list } = values;
      this.addSize(list.size);
      let index = 0;
      for (let more = list.seek(0); more; more = list.next()) {
        this.addElement(index++, list.element);
      }
    } else if (type === TYPE_SET) {
      const { set } = values;
      this.addSize(set.size);
      for (let more = set.first(); more; more = set.next()) this.addMember(set.member);
    } else {
      const { sortedSet } = values;
      this.addSize(sortedSet.size);
      for (let more = sortedSet.seek(0); more; more = sortedSet.next()) {
        this.addScored(sortedSet.score, sortedSet.member);
      }
    }
  }

  /** What is added from now on belongs to this key. */
  begin(type: number, expiresAtMs: number, key: ByteRange): void {
    const state = this.#state;
    state[0] = SEED_1;
    state[1] = SEED_2;
    state[2] = SEED_3;
    state[3] = SEED_4;
    this.#float[0] = expiresAtMs;
    this.#block(type, this.#floatWords[0], this.#floatWords[1], key.end - key.start);
    this.#bytes(key.view, key.start, key.end);
    copyWords(state, this.#prefix);
  }

  /** What {@link begin} has made, for {@link goTo}. */
  keepPlace(into: DigestPlace): void {
    const prefix = this.#prefix;
    into.h1 = prefix[0];
    into.h2 = prefix[1];
    into.h3 = prefix[2];
    into.h4 = prefix[3];
  }

  /** As {@link begin}, for a key that was begun before. */
  goTo({ h1, h2, h3, h4 }: DigestPlace): void {
    const prefix = this.#prefix;
    prefix[0] = h1;
    prefix[1] = h2;
    prefix[2] = h3;
    prefix[3] = h4;
  }

  /** The whole of a string. */
  addString(value: ByteRange): void {
    const { view, start, end } = value;
    const length = end - start;
    if (length <= CHUNK_BYTES) {
      copyWords(this.#prefix, this.#state);
      this.#bytes(view, start, end);
      this.#end(length, 0, 0, STRING);
      return;
    }
    this.addSize(length);
    for (let index = 0, at = start; at < end; at += CHUNK_BYTES) {
      this.addChunk(index++, view, at, Math.min(at + CHUNK_BYTES, end));
    }
  }

  /** Elements of a collection, or bytes of a string in chunks. */
  addSize(size: number): void {
    copyWords(this.#prefix, this.#state);
    this.#end(size | 0, Math.floor(size / HASH_RANGE), 0, SIZE);
  }

  addField(field: ByteRange, value: ByteRange): void {
    copyWords(this.#prefix, this.#state);
    this.#bytes(field.view, field.start, field.end);
    this.#bytes(value.view, value.start, value.end);
    this.#end(field.end - field.start, value.end - value.start, 0, MEMBER);
  }

  addMember(member: ByteRange): void {
    copyWords(this.#prefix, this.#state);
    this.#bytes(member.view, member.start, member.end);
    this.#end(member.end - member.start, 0, 0, MEMBER);
  }

  /** -0 and 0 are the same score. */
  addScored(score: number, member: ByteRange): void {
    copyWords(this.#prefix, this.#state);
    this.#bytes(member.view, member.start, member.end);
    this.#float[0] = score + 0;
    this.#end(member.end - member.start, this.#floatWords[0], this.#floatWords[1], SCORED);
  }

  /** The element of a list that has this index. */
  addElement(index: number, element: ByteRange): void {
    this.addChunk(index, element.view, element.start, element.end);
  }

  /** The bytes of a view from `start` to `end`, which are the chunk of a string, or element of a list, at `index`. */
  addChunk(index: number, view: DataView, start: number, end: number): void {
    copyWords(this.#prefix, this.#state);
    this.#bytes(view, start, end);
    this.#end(end - start, index | 0, 0, ELEMENT);
  }

  /** Takes bytes in, filled up with zeros to a multiple of 16. */
  #bytes(view: DataView, start: number, end: number): void {
    const state = this.#state;
    const whole = start + ((end - start) & ~15);
    if (whole > start) {
      let h1 = state[0];
      let h2 = state[1];
      let h3 = state[2];
      let h4 = state[3];
      for (let at = start; at < whole; at += 16) {
        let k = Math.imul(view.getInt32(at, true), C1);
        h1 ^= Math.imul((k << 15) | (k >>> 17), C2);
        h1 = (((h1 << 19) | (h1 >>> 13)) + h2) | 0;
        h1 = (Math.imul(h1, 5) + A1) | 0;
        k = Math.imul(view.getInt32(at + 4, true), C2);
        h2 ^= Math.imul((k << 16) | (k >>> 16), C3);
        h2 = (((h2 << 17) | (h2 >>> 15)) + h3) | 0;
        h2 = (Math.imul(h2, 5) + A2) | 0;
        k = Math.imul(view.getInt32(at + 8, true), C3);
        h3 ^= Math.imul((k << 17) | (k >>> 15), C4);
        h3 = (((h3 << 15) | (h3 >>> 17)) + h4) | 0;
        h3 = (Math.imul(h3, 5) + A3) | 0;
        k = Math.imul(view.getInt32(at + 12, true), C4);
        h4 ^= Math.imul((k << 18) | (k >>> 14), C1);
        h4 = (((h4 << 13) | (h4 >>> 19)) + h1) | 0;
        h4 = (Math.imul(h4, 5) + A4) | 0;
      }
      state[0] = h1;
      state[1] = h2;
      state[2] = h3;
      state[3] = h4;
    }
    if (whole === end) return;
    this.#block(
      wordAt(view, whole, end),
      wordAt(view, whole + 4, end),
      wordAt(view, whole + 8, end),
      wordAt(view, whole + 12, end),
    );
  }

  /** One round. */
  #block(k1: number, k2: number, k3: number, k4: number): void {
    const state = this.#state;
    let h2 = state[1];
    let h3 = state[2];
    let h4 = state[3];
    let k = Math.imul(k1, C1);
    let h1 = state[0] ^ Math.imul((k << 15) | (k >>> 17), C2);
    h1 = (((h1 << 19) | (h1 >>> 13)) + h2) | 0;
    h1 = (Math.imul(h1, 5) + A1) | 0;
    k = Math.imul(k2, C2);
    h2 ^= Math.imul((k << 16) | (k >>> 16), C3);
    h2 = (((h2 << 17) | (h2 >>> 15)) + h3) | 0;
    h2 = (Math.imul(h2, 5) + A2) | 0;
    k = Math.imul(k3, C3);
    h3 ^= Math.imul((k << 17) | (k >>> 15), C4);
    h3 = (((h3 << 15) | (h3 >>> 17)) + h4) | 0;
    h3 = (Math.imul(h3, 5) + A3) | 0;
    k = Math.imul(k4, C4);
    h4 ^= Math.imul((k << 18) | (k >>> 14), C1);
    h4 = (((h4 << 13) | (h4 >>> 19)) + h1) | 0;
    state[0] = h1;
    state[1] = h2;
    state[2] = h3;
    state[3] = (Math.imul(h4, 5) + A4) | 0;
  }

  /** Ends an element: mixes these words in, then all with each other, and adds it to the sum. */
  #end(w1: number, w2: number, w3: number, w4: number): void {
    const { sum } = this;
    this.#block(w1, w2, w3, w4);
    const state = this.#state;
    let h2 = state[1];
    let h3 = state[2];
    let h4 = state[3];
    let h1 = (state[0] + h2 + h3 + h4) | 0;
    h2 = mixed((h2 + h1) | 0);
    h3 = mixed((h3 + h1) | 0);
    h4 = mixed((h4 + h1) | 0);
    h1 = (mixed(h1) + h2 + h3 + h4) | 0;
    sum[0] ^= h1;
    sum[1] ^= h2 + h1;
    sum[2] ^= h3 + h1;
    sum[3] ^= h4 + h1;
  }
}

/** A sum as 32 lower-case hexadecimal digits. */
export function digestText(words: DigestWords): string {
  return Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function copyWords(from: DigestWords, to: DigestWords): void {
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[2];
  to[3] = from[3];
}

/** The four bytes at `at`, as far as they are before `end`. */
function wordAt(view: DataView, at: number, end: number): number {
  if (at + 4 <= end) return view.getInt32(at, true);
  let word = 0;
  for (let i = end - 1; i >= at; i--) word = (word << 8) | view.getUint8(i);
  return word;
}

/** MurmurHash3's mixing of the bits of one word. */
function mixed(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
