/**
 * Redis' glob patterns over bytes: `*`, `?`, `[abc]`, `[^a-z]`, `\x`. Matching takes at most
 * pattern × string steps, whatever the number of `*`.
 */

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;

/** True when bytes[start, end) matches the whole `pattern`. */
export function globMatches(
  pattern: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let p = 0;
  let at = start;
  // where to go back to: after the last star, and the first byte that it has not swallowed yet
  let starP = -1;
  let starAt = start;
  for (;;) {
    if (p < pattern.length && pattern[p] === STAR) {
      starP = ++p;
      starAt = at;
      if (p === pattern.length) return true;
      continue;
    }
    if (at === end) return p === pattern.length;
    const next = p < pattern.length ? matchOne(pattern, p, bytes[at]) : -1;
    if (next !== -1) {
      p = next;
      at++;
      continue;
    }
    if (starP === -1 || starAt === end) return false;
    p = starP;
    at = ++starAt;
  }
}

/** Matches one pattern element at `p` with `byte`; returns where the next element starts, or -1. */
function matchOne(pattern: Uint8Array, p: number, byte: number): number {
  const c = pattern[p];
  if (c === QUESTION) return p + 1;
  if (c === OPEN) return matchClass(pattern, p + 1, byte);
  if (c === BACKSLASH && p + 1 < pattern.length) return pattern[p + 1] === byte ? p + 2 : -1;
  return c === byte ? p + 1 : -1;
}

function matchClass(pattern: Uint8Array, from: number, byte: number): number {
  let p = from;
  const not = pattern[p] === CARET;
  if (not) p++;
  let matched = false;
  for (;;) {
    if (p >= pattern.length) break; // an unclosed class ends with the pattern
    const c = pattern[p];
    if (c === CLOSE) {
      p++;
      break;
    }
    if (c === BACKSLASH && p + 1 < pattern.length) {
      if (pattern[p + 1] === byte) matched = true;
      p += 2;
    } else if (p + 2 < pattern.length && pattern[p + 1] === MINUS) {
      const low = Math.min(c, pattern[p + 2]);
      const high = Math.max(c, pattern[p + 2]);
      if (byte >= low && byte <= high) matched = true;
      p += 3;
    } else {
      if (c === byte) matched = true;
      p++;
    }
  }
  return matched === not ? -1 : p;
}
