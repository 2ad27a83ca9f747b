/**
 * Numbers as clients write them, by Redis' own rules (util.c: string2ll, string2d, ll2string).
 * A 64-bit integer is a `number` where that is exact and a `bigint` beyond.
 */

/** A signed 64-bit integer: a number within ±(2^53 - 1), a bigint outside. */
export type Int64 = number | bigint;

export const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
export const INT64_MIN = -0x8000_0000_0000_0000n;

const MINUS = 0x2d;
const ZERO = 0x30;

/**
 * bytes[start, end) as a signed 64-bit integer, or undefined. Exactly string2ll: an optional `-`, no `+`, no
 * leading zeros, no spaces, no `-0`.
 */
export function parseInt64(bytes: Uint8Array, start: number, end: number): Int64 | undefined {
  let at = start;
  const negative = at < end && bytes[at] === MINUS;
  if (negative) at++;
  const digits = end - at;
  if (digits < 1 || digits > 19) return undefined;
  if (bytes[at] === ZERO) return digits === 1 && !negative ? 0 : undefined;
  if (digits > 15) return parseLong(bytes, at, end, negative);
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function parseLong(
  bytes: Uint8Array,
  start: number,
  end: number,
  negative: boolean,
): Int64 | undefined {
  let value = 0n;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10n + BigInt(digit);
  }
  return toInt64(negative ? -value : value);
}

/** `value` in its canonical form, or undefined when it does not fit 64 bits. */
export function toInt64(value: bigint): Int64 | undefined {
  if (value > INT64_MAX || value < INT64_MIN) return undefined;
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** a + b, or undefined when the sum does not fit 64 bits. */
export function addInt64(a: Int64, b: Int64): Int64 | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInt64(BigInt(a) + BigInt(b));
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/**
 * A double as string2d takes it (what strtod takes, the whole text, neither NaN nor out of range), or
 * undefined. Hexadecimal forms and `inf` are allowed, as there.
 */
export function parseDouble(text: string): number | undefined {
  const value = parseAnyDouble(text);
  if (Number.isNaN(value)) return undefined;
  // out of range, unless the text says so itself
  if (!Number.isFinite(value) && !INFINITE.test(text)) return undefined;
  if (value === 0 && DECIMAL.test(text) && /[1-9]/.test(text.split(/e/i, 1)[0])) return undefined;
  return value;
}

/** A double as strtod takes it, the whole text, or NaN: what is out of range becomes infinite or 0. */
export function parseAnyDouble(text: string): number {
  if (DECIMAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const parts = HEXADECIMAL.exec(text);
  if (parts === null || parts[2].length + parts[3].length === 0) return Number.NaN;
  let value = 0;
  for (const digit of parts[2] + parts[3]) value = value * 16 + Number.parseInt(digit, 16);
  value *= 2 ** (Number(parts[4] ?? 0) - 4 * parts[3].length);
  return parts[1] === '-' ? -value : value;
}

/** Integers up to this are printed with all their digits (Redis: double2ll). */
const PLAIN_INTEGERS = 2 ** 62;

/**
 * A double as Redis 7.2 prints it (RESP3 `,` or a RESP2 bulk): the shortest digits that read back, in the
 * layout of its fpconv library.
 */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (Object.is(value, -0)) return '-0';
  if (Number.isInteger(value) && Math.abs(value) <= PLAIN_INTEGERS) return String(BigInt(value));
  const sign = value < 0 ? '-' : '';
  const [mantissa, power] = Math.abs(value).toExponential().split('e', 2);
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  const behind = digits.length - 1 - exponent;
  if (behind <= 0 && Math.abs(exponent) < digits.length + 7) {
    return sign + digits + '0'.repeat(-behind);
  }
  if (behind > 0 && (behind < 7 || Math.abs(exponent) < 4)) {
    const padded = digits.padStart(behind + 1, '0');
    return `${sign}${padded.slice(0, -behind)}.${padded.slice(-behind)}`;
  }
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

/** A finite or infinite double as C prints it by `%.17g`: all its digits, where Redis has kept to that. */
export function formatSeventeenDigits(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatDouble(value);
  const sign = value < 0 ? '-' : '';
  const [mantissa, power] = Math.abs(value).toExponential(16).split('e', 2);
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 17) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const places = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${places}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}
