/** CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4): the checksum of log records and frames. */
const TABLES = makeTables();

/** The CRC-32C of bytes[start, end), continued from `seed` (the CRC of what came before, 0 at first). */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const [t0, t1, t2, t3] = TABLES;
  let crc = ~seed;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc =
      t3[crc & 0xff] ^ t2[(crc >>> 8) & 0xff] ^ t1[(crc >>> 16) & 0xff] ^ t0[(crc >>> 24) & 0xff];
  }
  for (; at < end; at++) crc = t0[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const tables: [Uint32Array, Uint32Array, Uint32Array, Uint32Array] = [
    new Uint32Array(256),
    new Uint32Array(256),
    new Uint32Array(256),
    new Uint32Array(256),
  ];
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[0][i] = crc;
  }
  for (let i = 0; i < 256; i++) {
    let crc = tables[0][i];
    for (let k = 1; k < 4; k++) {
      crc = tables[0][crc & 0xff] ^ (crc >>> 8);
      tables[k][i] = crc;
    }
  }
  return tables;
}
