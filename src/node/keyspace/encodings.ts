/**
 * What OBJECT ENCODING answers: the names and thresholds of Redis 7.2, and that an encoding once left does not
 * come back (but for lists that have shrunk). They say what a Redis would have chosen, not how anything is
 * kept here, so they may differ between members that have other limits.
 */
import {
  ENCODING_LARGE,
  ENCODING_LISTPACK_SET,
  ENCODING_SMALL,
  STRING_AUTO,
  STRING_RAW,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STRING,
} from './record.ts';

/** Redis' parameters of the same names, which CONFIG SET changes. */
export interface EncodingLimits {
  hashMaxListpackEntries: number;
  hashMaxListpackValue: number;
  setMaxIntsetEntries: number;
  setMaxListpackEntries: number;
  setMaxListpackValue: number;
  zsetMaxListpackEntries: number;
  zsetMaxListpackValue: number;
  /** Positive: elements of a node; -1 to -5: 4, 8, 16, 32, 64 KiB. */
  listMaxListpackSize: number;
}

export function defaultLimits(): EncodingLimits {
  return {
    hashMaxListpackEntries: 512,
    hashMaxListpackValue: 64,
    setMaxIntsetEntries: 512,
    setMaxListpackEntries: 128,
    setMaxListpackValue: 64,
    zsetMaxListpackEntries: 128,
    zsetMaxListpackValue: 64,
    listMaxListpackSize: -2,
  };
}

/** Longest string that Redis keeps in one piece with its header. */
const EMBEDDED_BYTES = 44;
const MOST_INTSET_ENTRIES = 2 ** 30;

export function encodingNameOf(
  type: number,
  encoding: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  switch (type) {
    case TYPE_STRING:
      if (encoding === STRING_AUTO && isInt64(bytes, start, end)) return 'int';
      return encoding === STRING_RAW || end - start > EMBEDDED_BYTES ? 'raw' : 'embstr';
    case TYPE_HASH:
      return encoding === ENCODING_LARGE ? 'hashtable' : 'listpack';
    case TYPE_LIST:
      return encoding === ENCODING_LARGE ? 'quicklist' : 'listpack';
    case TYPE_SET:
      if (encoding === ENCODING_LARGE) return 'hashtable';
      return encoding === ENCODING_LISTPACK_SET ? 'listpack' : 'intset';
    default:
      return encoding === ENCODING_LARGE ? 'skiplist' : 'listpack';
  }
}

/** The encoding of a set to which bytes[start, end) was added; it has `size` members now. */
export function setEncodingAfterAdd(
  encoding: number,
  limits: EncodingLimits,
  size: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (encoding === ENCODING_SMALL) {
    if (isInt64(bytes, start, end)) {
      const most = Math.min(limits.setMaxIntsetEntries, MOST_INTSET_ENTRIES);
      return size <= most ? ENCODING_SMALL : ENCODING_LARGE;
    }
  } else if (encoding === ENCODING_LARGE) {
    return encoding;
  }
  const fits = size <= limits.setMaxListpackEntries && end - start <= limits.setMaxListpackValue;
  return fits ? ENCODING_LISTPACK_SET : ENCODING_LARGE;
}

/** The encoding of a list that would be a listpack of `bytes` and has `size` elements now. */
export function listEncodingAfterGrowing(
  encoding: number,
  limits: EncodingLimits,
  bytes: number,
  size: number,
): number {
  if (encoding === ENCODING_LARGE) return encoding;
  const most = limits.listMaxListpackSize;
  const exceeds = most >= 0 ? size > Math.max(most, 1) : bytes > nodeBytes(most);
  return exceeds ? ENCODING_LARGE : encoding;
}

/** The same when it has shrunk: back to a listpack at half of the limit. */
export function listEncodingAfterShrinking(
  encoding: number,
  limits: EncodingLimits,
  bytes: number,
  size: number,
): number {
  if (encoding !== ENCODING_LARGE) return encoding;
  const most = limits.listMaxListpackSize;
  const exceeds =
    most >= 0 ? size > Math.floor(Math.max(most, 1) / 2) : bytes > nodeBytes(most) / 2;
  return exceeds ? encoding : ENCODING_SMALL;
}

/** list-max-listpack-size -1 to -5. */
function nodeBytes(level: number): number {
  return 4096 << (Math.min(-level, 5) - 1);
}

/** A listpack without entries: its header and its end. */
export const EMPTY_LISTPACK_BYTES = 7;

/** How many bytes Redis' listpack takes for bytes[start, end). */
export function listpackEntryBytes(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let size: number;
  if (length <= 20 && isInt64(bytes, start, end)) size = listpackIntegerBytes(bytes, start, end);
  else if (length < 64) size = 1 + length;
  else if (length < 4096) size = 2 + length;
  else size = 5 + length;
  if (size <= 127) return size + 1;
  if (size < 16383) return size + 2;
  if (size < 2097151) return size + 3;
  return size < 268435455 ? size + 4 : size + 5;
}

function listpackIntegerBytes(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === 0x2d;
  if (end - start > 11) return 9;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) value = value * 10 + bytes[at] - 0x30;
  if (!negative && value <= 127) return 1;
  // one more below zero than above
  if (negative) value--;
  if (value <= 4095) return 2;
  if (value <= 32767) return 3;
  if (value <= 8388607) return 4;
  return value <= 2147483647 ? 5 : 9;
}

/** The digits of 2^63. */
const LIMIT = '9223372036854775808';

/** Is bytes[start, end) a 64-bit integer as it would be printed? (Redis: string2ll) */
export function isInt64(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0 || length > 20) return false;
  const negative = bytes[start] === 0x2d;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits === 0 || digits > 19) return false;
  if (bytes[first] === 0x30) return digits === 1 && !negative;
  for (let at = first; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) return false;
  }
  if (digits < 19) return true;
  for (let i = 0; i < 19; i++) {
    const difference = bytes[first + i] - LIMIT.charCodeAt(i);
    if (difference !== 0) return difference < 0;
  }
  return negative;
}
