/**
 * Numbers as INCRBYFLOAT and HINCRBYFLOAT count: Redis uses the x86 `long double` (a 64-bit mantissa) there and
 * prints it with 17 decimals, so a JavaScript double would give other digits (3 + 1.1 would not be 4.1).
 * Values here are exact integers times powers of two, rounded to 64 bits where that type rounds (to nearest,
 * ties to even), so results are those of Redis on x86, on every machine. Not for hot paths.
 */
import { invariant } from '#base/invariant.ts';

/** sign × mantissa × 2^exponent, mantissa below 2^64; or an infinity of that sign. */
export interface LongDouble {
  readonly negative: boolean;
  readonly infinite: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 64;
/** Values are below 2^16384. */
const MOST_BITS = 16384;
/** Decimal exponents beyond these over- or underflow, whatever the digits. */
const MOST_DECIMAL = 4933;
const LEAST_DECIMAL = -4951;
/** Longest text that is read (Redis: MAX_LONG_DOUBLE_CHARS). */
const MOST_CHARACTERS = 5 * 1024;
const DECIMALS = 17;

export const LONG_DOUBLE_ZERO: LongDouble = {
  negative: false,
  infinite: false,
  mantissa: 0n,
  exponent: 0,
};

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/**
 * `text` as Redis' string2ld reads it (the whole of what strtold takes, but no NaN and nothing that over- or
 * underflows), or undefined.
 */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length === 0 || text.length >= MOST_CHARACTERS) return undefined;
  const infinite = INFINITE.exec(text);
  if (infinite !== null) {
    return { ...LONG_DOUBLE_ZERO, negative: infinite[1] === '-', infinite: true };
  }
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return fromDigits(decimal, 10);
  const hexadecimal = HEXADECIMAL.exec(text);
  return hexadecimal === null ? undefined : fromDigits(hexadecimal, 16);
}

/** a + b, rounded; an infinity on overflow. Neither may be infinite. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble {
  invariant(!a.infinite && !b.infinite, 'infinities are refused before they are added');
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = aligned(a, exponent) + aligned(b, exponent);
  return roundRatio(sum < 0n, sum < 0n ? -sum : sum, 1n, exponent);
}

/** With up to 17 decimals and no zeros at the end, as Redis prints it. The value is finite. */
export function formatLongDouble(value: LongDouble): string {
  invariant(!value.infinite, 'infinities are refused before they are printed');
  const { mantissa, exponent } = value;
  const scaled = mantissa * 10n ** BigInt(DECIMALS);
  const digits = exponent >= 0 ? scaled << BigInt(exponent) : shiftRight(scaled, -exponent, false);
  const text = digits.toString().padStart(DECIMALS + 1, '0');
  const whole = text.slice(0, -DECIMALS);
  const fraction = text.slice(-DECIMALS).replace(/0+$/, '');
  const unsigned = fraction === '' ? whole : `${whole}.${fraction}`;
  return value.negative && unsigned !== '0' ? `-${unsigned}` : unsigned;
}

function fromDigits(match: RegExpExecArray, base: 10 | 16): LongDouble | undefined {
  const [, sign, whole, fraction = '', exponentText = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const negative = sign === '-';
  const number = BigInt(base === 10 ? digits : `0x${digits}`);
  if (number === 0n) return { ...LONG_DOUBLE_ZERO, negative };
  const perDigit = base === 10 ? 1 : 4;
  const exponent = Number(exponentText) - perDigit * fraction.length;
  const value = base === 10 ? fromDecimal(negative, number, exponent) : undefined;
  if (base === 10) return value;
  if (Math.abs(exponent) > 4 * MOST_BITS) return undefined;
  const rounded = roundRatio(negative, number, 1n, exponent);
  return rounded.infinite ? undefined : rounded;
}

function fromDecimal(negative: boolean, digits: bigint, exponent: number): LongDouble | undefined {
  const magnitude = exponent + digits.toString().length - 1;
  if (magnitude > MOST_DECIMAL || magnitude < LEAST_DECIMAL) return undefined;
  const scale = 10n ** BigInt(Math.abs(exponent));
  const value =
    exponent >= 0
      ? roundRatio(negative, digits * scale, 1n, 0)
      : roundRatio(negative, digits, scale, 0);
  return value.infinite ? undefined : value;
}

/** numerator / denominator × 2^exponent, rounded to 64 bits. */
function roundRatio(
  negative: boolean,
  numerator: bigint,
  denominator: bigint,
  exponent: number,
): LongDouble {
  if (numerator === 0n) return { ...LONG_DOUBLE_ZERO, negative: false };
  // two bits more than the mantissa, and whether anything is left below them
  const shift = MANTISSA_BITS + 2 - (bitLength(numerator) - bitLength(denominator));
  const dividend = shift > 0 ? numerator << BigInt(shift) : numerator;
  const divisor = shift > 0 ? denominator : denominator << BigInt(-shift);
  const quotient = dividend / divisor;
  const rest = dividend % divisor !== 0n;
  const extra = Math.max(0, bitLength(quotient) - MANTISSA_BITS);
  const mantissa = shiftRight(quotient, extra, rest);
  const scale = exponent - shift + extra;
  const infinite = bitLength(mantissa) + scale > MOST_BITS;
  return { negative, infinite, mantissa, exponent: scale };
}

/** value / 2^bits, to nearest, ties to even; `rest`: there is more below the last bit of `value`. */
function shiftRight(value: bigint, bits: number, rest: boolean): bigint {
  if (bits === 0) return value;
  const floor = value >> BigInt(bits);
  const below = value - (floor << BigInt(bits));
  const half = 1n << BigInt(bits - 1);
  if (below > half || (below === half && (rest || (floor & 1n) === 1n))) return floor + 1n;
  return floor;
}

function aligned(value: LongDouble, exponent: number): bigint {
  const magnitude = value.mantissa << BigInt(value.exponent - exponent);
  return value.negative ? -magnitude : magnitude;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
