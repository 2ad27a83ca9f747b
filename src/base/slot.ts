/**
 * Keys to slots as in the Redis Cluster specification: CRC16 (XMODEM) of the key, or of its hash tag,
 * modulo 16384.
 */
export const SLOT_COUNT = 16384;

const TABLE = new Uint16Array(256);
for (let i = 0; i < 256; i++) {
  let crc = i << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  TABLE[i] = crc & 0xffff;
}

/** CRC16-XMODEM of bytes[start, end). */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    crc = ((crc << 8) & 0xffff) ^ TABLE[((crc >>> 8) ^ bytes[at]) & 0xff];
  }
  return crc;
}

/** The slot (0 to 16383) of the key bytes[start, end). Only what stands in the first {…} counts, unless empty. */
export function slotOfKey(bytes: Uint8Array, start: number, end: number): number {
  for (let open = start; open < end; open++) {
    if (bytes[open] !== 0x7b) continue;
    for (let close = open + 1; close < end; close++) {
      if (bytes[close] !== 0x7d) continue;
      if (close > open + 1) return crc16(bytes, open + 1, close) & (SLOT_COUNT - 1);
      break;
    }
    break;
  }
  return crc16(bytes, start, end) & (SLOT_COUNT - 1);
}
