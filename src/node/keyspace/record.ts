/**
 * How a key and its value lie in the arena: an entry of a Table (node/data) with a prefix of eight bytes.
 *
 *     word 0   type (3 bits) | encoding (2) | epoch of the last walk that passed it (3) | last access (24)
 *     word 1   place in the expiry heap + 1; 0 when it does not expire
 *     word 2   length of the key       word 3   length of the value
 *     then     the key, the value: the bytes of a string, or the root of a collection (4 bytes)
 *
 * The value of a list has four bytes more: how long the listpack would be that Redis keeps such a list in,
 * which decides how OBJECT ENCODING names it. The last access is in seconds, modulo 2^24.
 */
export type KeyType = 'none' | 'string' | 'hash' | 'list' | 'set' | 'zset';

export const TYPE_STRING = 1;
export const TYPE_HASH = 2;
export const TYPE_LIST = 3;
export const TYPE_SET = 4;
export const TYPE_SORTED_SET = 5;

/** By the numbers above. */
export const TYPE_NAMES: readonly KeyType[] = ['none', 'string', 'hash', 'list', 'set', 'zset'];

export const TYPE_MASK = 7;
export const ENCODING_SHIFT = 3;
export const ENCODING_MASK = 3;
export const EPOCH_SHIFT = 5;
export const EPOCH_MASK = 7;
export const TIME_SHIFT = 8;
/** The bits of word 0 that are not the time. */
export const NO_TIME_MASK = 0xff;
export const TIME_MODULUS = 2 ** 24;

/** A longer string counts, and is stored in a snapshot, as chunks of so many bytes; the last may be shorter. */
export const CHUNK_BYTES = 16 * 1024;

/** Bytes before the key. */
export const HEADER_BYTES = 16;
/** What a Table must leave free before the lengths. */
export const PREFIX_BYTES = 8;
/** Bytes of a collection's value; of a list's. */
export const ROOT_VALUE_BYTES = 4;
export const LIST_VALUE_BYTES = 8;

/** A set as an intset, any other collection as a listpack: what every collection starts as. */
export const ENCODING_SMALL = 0;
/** A set as a listpack. */
export const ENCODING_LISTPACK_SET = 1;
/** hashtable, skiplist, quicklist. */
export const ENCODING_LARGE = 2;

/**
 * How OBJECT ENCODING names a string. It follows from the value (`auto`: int, embstr or raw), except that
 * Redis leaves a string that was changed in place `raw`, and does not look for a number in the result of
 * INCRBYFLOAT (`text`: embstr or raw).
 */
export type StringEncoding = 'auto' | 'text' | 'raw';

export const STRING_AUTO = 0;
export const STRING_TEXT = 1;
export const STRING_RAW = 2;

export function stringEncodingNumber(encoding: StringEncoding): number {
  if (encoding === 'auto') return STRING_AUTO;
  return encoding === 'text' ? STRING_TEXT : STRING_RAW;
}

/** Seconds since the Unix epoch of a last access, from its 24 bits and the time now. */
export function accessedAt(time24: number, nowSeconds: number): number {
  const age = (nowSeconds - time24 + TIME_MODULUS) % TIME_MODULUS;
  // half of the circle is the future: a clock that was set back, or another member's
  return age > TIME_MODULUS / 2 ? nowSeconds : nowSeconds - age;
}
