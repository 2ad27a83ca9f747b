/**
 * Glob patterns over bytes as Redis matches them (util.c: stringmatchlen): `*`, `?`, `[a-z]`, `[^a]` and `\`
 * before a character that is meant as it is. The quirks are Redis' too: an empty text matches only an empty
 * pattern, an open `[` goes to the pattern's end, and ranges compare bytes as signed.
 *
 * One place to go back to, the last `*`, is enough: so no pattern takes more than pattern × text steps.
 */

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const BACKSLASH = 0x5c;
const DASH = 0x2d;

export interface GlobOptions {
  readonly ignoreCase?: boolean;
}

/** Does text[textStart, textEnd) match the pattern pattern[patternStart, patternEnd)? */
export function globMatches(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  textStart: number,
  textEnd: number,
  options?: GlobOptions,
): boolean {
  const ignoreCase = options?.ignoreCase ?? false;
  if (textStart === textEnd) return patternStart === patternEnd;
  let at = patternStart;
  let from = textStart;
  let starAt = -1;
  let starFrom = 0;
  while (from < textEnd) {
    if (at < patternEnd && pattern[at] === STAR) {
      starAt = ++at;
      starFrom = from;
      if (at === patternEnd) return true;
      continue;
    }
    const next = at < patternEnd ? matchOne(pattern, at, patternEnd, text[from], ignoreCase) : -1;
    if (next >= 0) {
      at = next;
      from++;
    } else {
      if (starAt < 0) return false;
      at = starAt;
      from = ++starFrom;
    }
  }
  while (at < patternEnd && pattern[at] === STAR) at++;
  return at === patternEnd;
}

/** Where the pattern goes on when its element at `at` matches `byte`; -1 when it does not. */
function matchOne(
  pattern: Uint8Array,
  at: number,
  end: number,
  byte: number,
  ignoreCase: boolean,
): number {
  switch (pattern[at]) {
    case QUESTION:
      return at + 1;
    case OPEN:
      return matchClass(pattern, at + 1, end, byte, ignoreCase);
    case BACKSLASH: {
      const escaped = at + 1 < end ? at + 1 : at;
      return same(pattern[escaped], byte, ignoreCase) ? escaped + 1 : -1;
    }
    default:
      return same(pattern[at], byte, ignoreCase) ? at + 1 : -1;
  }
}

/** As {@link matchOne}, for what stands after a `[`. */
function matchClass(
  pattern: Uint8Array,
  start: number,
  end: number,
  byte: number,
  ignoreCase: boolean,
): number {
  let at = start;
  const negated = at < end && pattern[at] === CARET;
  if (negated) at++;
  let found = false;
  for (; at < end && pattern[at] !== CLOSE; at++) {
    if (pattern[at] === BACKSLASH && at + 1 < end) {
      at++;
      // Redis compares this one exactly, whatever the case
      if (pattern[at] === byte) found = true;
    } else if (at + 2 < end && pattern[at + 1] === DASH) {
      if (inRange(pattern[at], pattern[at + 2], byte, ignoreCase)) found = true;
      at += 2;
    } else if (same(pattern[at], byte, ignoreCase)) {
      found = true;
    }
  }
  if (found === negated) return -1;
  return at < end ? at + 1 : end;
}

function inRange(first: number, last: number, byte: number, ignoreCase: boolean): boolean {
  let [low, high] = [signed(first), signed(last)];
  if (low > high) [low, high] = [high, low];
  let value = signed(byte);
  if (ignoreCase) [low, high, value] = [lower(low), lower(high), lower(value)];
  return value >= low && value <= high;
}

function same(a: number, b: number, ignoreCase: boolean): boolean {
  return a === b || (ignoreCase && lower(a) === lower(b));
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}
