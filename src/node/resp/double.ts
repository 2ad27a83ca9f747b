/**
 * Doubles as Redis 7.2 reads and prints them (util.c: string2d, d2string; fpconv's layout), without strings
 * for those that scores and increments mostly are: integers and short decimals.
 *
 * A decimal of at most 15 digits and a power of ten up to 10^22 are exact doubles, so their quotient is the
 * double nearest to the decimal; and no other decimal of at most 15 digits is nearest to the same double, so
 * one that is found by dividing is the shortest that reads back.
 */
import { formatDouble } from './number.ts';

const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;

/** Most digits of a decimal that is one exact double over another. */
const EXACT_DIGITS = 15;
/** Numbers below this are printed digit by digit. */
const PLAIN_LIMIT = 2 ** 52;
const MOST_SMALL = 0x3fff_ffff;
/** Decimals whose digits make an integer below this are printed by dividing. */
const SHORT_LIMIT = 1e15;
/** Most digits behind the point of these: Redis writes longer ones with an exponent now and then. */
const SHORT_PLACES = 6;
const POWERS_OF_TEN = new Float64Array(EXACT_DIGITS + 1);
for (let power = 0; power <= EXACT_DIGITS; power++) POWERS_OF_TEN[power] = 10 ** power;

/** No text that {@link writeDouble} writes is longer. */
export const DOUBLE_BYTES = 32;

const reversed = new Uint8Array(DOUBLE_BYTES);

/** bytes[start, end) as a double when it is a plain decimal of at most 15 digits; else NaN: read it as text. */
export function parseShortDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const first = at < end ? bytes[at] : 0;
  if (first === MINUS || first === PLUS) at++;
  let places = -1;
  let digits = 0;
  let value = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte === DOT && places < 0) {
      places = 0;
      continue;
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
    digits++;
    if (places >= 0) places++;
  }
  if (digits === 0 || digits > EXACT_DIGITS) return Number.NaN;
  if (places > 0) value /= POWERS_OF_TEN[places];
  return first === MINUS ? -value : value;
}

/** Writes `value` as Redis 7.2 prints it from `out[at]` on; returns where it ends. */
export function writeDouble(out: Uint8Array, at: number, value: number): number {
  const magnitude = value < 0 ? -value : value;
  // also -0, infinities and NaN go the long way
  if (!(magnitude < PLAIN_LIMIT) || (value === 0 && 1 / value < 0)) {
    return writeText(out, at, formatDouble(value));
  }
  let places = 0;
  let digits = magnitude;
  if (Math.floor(magnitude) !== magnitude) {
    for (places = 1; places <= SHORT_PLACES; places++) {
      digits = Math.round(magnitude * POWERS_OF_TEN[places]);
      if (digits >= SHORT_LIMIT) return writeText(out, at, formatDouble(value));
      if (digits / POWERS_OF_TEN[places] === magnitude) break;
    }
    if (places > SHORT_PLACES) return writeText(out, at, formatDouble(value));
  }
  return writeDigits(out, value < 0 ? writeMinus(out, at) : at, digits, places);
}

function writeMinus(out: Uint8Array, at: number): number {
  out[at] = MINUS;
  return at + 1;
}

/** Writes the integer `digits` with a point before its last `places` digits. */
function writeDigits(out: Uint8Array, at: number, digits: number, places: number): number {
  // at least one digit stands before the point
  const least = places > 0 ? places + 2 : 1;
  let count = 0;
  let rest = digits;
  while (rest > MOST_SMALL) {
    if (count === places && places > 0) reversed[count++] = DOT;
    const quotient = Math.floor(rest / 10);
    reversed[count++] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
  // small integers are divided faster
  for (let small = rest | 0; small > 0 || count < least; ) {
    if (count === places && places > 0) reversed[count++] = DOT;
    const quotient = (small / 10) | 0;
    reversed[count++] = ZERO + small - quotient * 10;
    small = quotient;
  }
  let to = at;
  while (count > 0) out[to++] = reversed[--count];
  return to;
}

function writeText(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}
