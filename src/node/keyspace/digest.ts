/**
 * A 128-bit digest of a whole keyspace that depends on names, types, expiries and contents, and on nothing
 * else: not on order, history, encoding or hash seed. Members compare it to find that they have parted; it
 * is no defence against someone who makes collisions on purpose.
 *
 * Each string, and each field of a hash, gives four keyed hashes of its bytes; all are combined by XOR.
 */
import { ByteWriter } from '#base/bytes.ts';
import { halfSipHash } from '#node/data/half-sip-hash.ts';
import type { KeyRecord } from './record.ts';

/** Fixed for good: digests of different versions must be comparable. */
const KEYS = [0x686f6c64, 0x66617374, 0x64696765, 0x73743031, 0x6b657973] as const;

const LANES = 4;

/** The digest as 32 lower-case hexadecimal digits; all zero for an empty keyspace. */
export function digestRecords(records: Iterable<KeyRecord>): string {
  const lanes = new Uint32Array(LANES);
  const scratch = new ByteWriter(256);
  for (const record of records) mixRecord(record, scratch, lanes);
  return Array.from(lanes, (lane) => lane.toString(16).padStart(8, '0')).join('');
}

function mixRecord(record: KeyRecord, scratch: ByteWriter, lanes: Uint32Array): void {
  scratch.clear();
  scratch.uint8(record.fields === null ? 1 : 2);
  scratch.float64(record.expiresAtMs);
  scratch.block(record.key);
  const { fields } = record;
  if (fields === null) {
    scratch.raw(record.value);
    mix(scratch, lanes);
    return;
  }
  const headLength = scratch.length;
  scratch.uint32(fields.size);
  mix(scratch, lanes);
  for (let more = fields.first(); more; more = fields.next()) {
    scratch.length = headLength;
    scratch.block(fields.fieldBytes, fields.fieldStart, fields.fieldEnd);
    scratch.block(fields.valueBytes, fields.valueStart, fields.valueEnd);
    mix(scratch, lanes);
  }
}

function mix(scratch: ByteWriter, lanes: Uint32Array): void {
  for (let lane = 0; lane < LANES; lane++) {
    lanes[lane] ^= halfSipHash(scratch.bytes, 0, scratch.length, KEYS[lane], KEYS[lane + 1]);
  }
}
