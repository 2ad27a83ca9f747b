/**
 * HalfSipHash-1-3 (Aumasson and Bernstein; the reference code's 32-bit variant of SipHash): a keyed hash, so
 * that a client who does not know the key cannot choose names that collide.
 */

/**
 * The hash of bytes[start, end) under the key (key0, key1), as a signed 32-bit integer: V8 keeps those without
 * allocating. Written out in one piece: it runs once for every key of every command.
 */
export function halfSipHash(
  bytes: Uint8Array,
  start: number,
  end: number,
  key0: number,
  key1: number,
): number {
  let v0 = key0 | 0;
  let v1 = key1 | 0;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  const whole = start + ((end - start) & ~3);
  for (let at = start; at <= whole; at += 4) {
    let word: number;
    if (at < whole) {
      word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    } else {
      // the last word: what is left, and the length in its top byte
      word = (end - start) << 24;
      const rest = end - whole;
      if (rest > 2) word |= bytes[at + 2] << 16;
      if (rest > 1) word |= bytes[at + 1] << 8;
      if (rest > 0) word |= bytes[at];
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let round = 0; round < 3; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}
