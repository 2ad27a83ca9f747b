/**
 * Keys to slots as in the Redis Cluster specification: CRC16 (XMODEM) of the key, or of its hash tag,
 * modulo 16384.
 */
export const SLOT_COUNT = 16384;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Four tables of 256: the first is the usual one, of a byte; table k is of a byte that k more follow. So four
 * bytes take four look-ups that do not wait for each other.
 */
const TABLES = new Uint16Array(4 * 256);
for (let i = 0; i < 256; i++) {
  let crc = i << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  TABLES[i] = crc & 0xffff;
}
for (let i = 256; i < 1024; i++) {
  const before = TABLES[i - 256];
  TABLES[i] = ((before << 8) & 0xffff) ^ TABLES[before >>> 8];
}

/** CRC16-XMODEM of bytes[start, end). */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  const tables = TABLES;
  let crc = 0;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    crc =
      tables[768 + ((crc >>> 8) ^ bytes[at])] ^
      tables[512 + ((crc & 0xff) ^ bytes[at + 1])] ^
      tables[256 + bytes[at + 2]] ^
      tables[bytes[at + 3]];
  }
  for (; at < end; at++) crc = ((crc << 8) & 0xffff) ^ tables[(crc >>> 8) ^ bytes[at]];
  return crc;
}

/** The slot (0 to 16383) of the key bytes[start, end). Only what stands in the first {…} counts, unless empty. */
export function slotOfKey(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] === OPEN_BRACE) return slotOfTagged(bytes, start, end, at);
  }
  return crc16(bytes, start, end) & (SLOT_COUNT - 1);
}

/** The same of a key whose first `{` is at `open`. */
function slotOfTagged(bytes: Uint8Array, start: number, end: number, open: number): number {
  for (let close = open + 1; close < end; close++) {
    if (bytes[close] !== CLOSE_BRACE) continue;
    if (close > open + 1) return crc16(bytes, open + 1, close) & (SLOT_COUNT - 1);
    break;
  }
  return crc16(bytes, start, end) & (SLOT_COUNT - 1);
}
