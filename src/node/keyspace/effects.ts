/**
 * Effects: the deterministic changes that a primary logs and every replica applies (DESIGN §2). This is the
 * closed table of them. They carry results (absolute expiry, the sum of an increment), never what the result
 * was computed from, so applying them needs no time, no randomness and no option.
 *
 * An effect is an op byte and its operands; byte strings and counts are preceded by or written as LEB128
 * integers, times are 64-bit floats of whole milliseconds. The numbers are on disks for good: a new op gets
 * a new number, and an old one keeps its meaning.
 */
import type { ByteWriter } from '#base/bytes.ts';
import { viewOf } from '#base/copy.ts';

export const EFFECT = {
  /** key, flags, [expiry ms], value: the key becomes this string. */
  set: 1,
  /** key */
  delete: 2,
  /** key: deleted because its time was over. */
  expired: 3,
  /** key, expiry ms; 0 takes the expiry away. */
  setExpiry: 4,
  /** key, offset, bytes: written into the key's string; zeros up to the offset. */
  overwrite: 5,
  /** key, field, value: the key is made when it is not there. */
  hashSet: 6,
  /** key, field: the key goes with its last field. */
  hashDelete: 7,
  /** key, new key */
  rename: 8,
  /** key, new key: value and expiry are copied. */
  copy: 9,
  flushAll: 10,
  /** slot: all its keys are deleted. */
  dropSlot: 11,
  /** key, member: the key is made when it is not there. */
  setAdd: 12,
  /** key, member: the key goes with its last member. So it is with all that take elements away. */
  setRemove: 13,
  /** key, score (64-bit float), member: added, or given this score. */
  sortedSetAdd: 14,
  /** key, member */
  sortedSetRemove: 15,
  /** key, 1 for the head or 0 for the tail, element */
  listPush: 16,
  /** key, 1 or 0 as above */
  listPop: 17,
  /** key, index, element: put before the element that has this index. */
  listInsert: 18,
  /** key, index, element */
  listReplace: 19,
  /** key, index, count */
  listRemoveRange: 20,
  /** key, count, 1 when counted from the tail, element: so many that are equal to it are removed. */
  listRemoveEqual: 21,
} as const;

/** `flags`: a byte, and a 64-bit float if its last bit is set. */
type Operand = 'bytes' | 'integer' | 'uint8' | 'float64' | 'flags';

/** The operands after the key, by op. */
const OPERANDS_OF: Readonly<Record<keyof typeof EFFECT, readonly Operand[]>> = {
  set: ['flags', 'bytes'],
  delete: [],
  expired: [],
  setExpiry: ['float64'],
  overwrite: ['integer', 'bytes'],
  hashSet: ['bytes', 'bytes'],
  hashDelete: ['bytes'],
  rename: ['bytes'],
  copy: ['bytes'],
  flushAll: [],
  dropSlot: [],
  setAdd: ['bytes'],
  setRemove: ['bytes'],
  sortedSetAdd: ['float64', 'bytes'],
  sortedSetRemove: ['bytes'],
  listPush: ['uint8', 'bytes'],
  listPop: ['uint8'],
  listInsert: ['integer', 'bytes'],
  listReplace: ['integer', 'bytes'],
  listRemoveRange: ['integer', 'integer'],
  listRemoveEqual: ['integer', 'uint8', 'bytes'],
};

/** The same by the number of the op. */
export const OPERANDS: (readonly Operand[] | undefined)[] = [[]];
for (const [name, op] of Object.entries(EFFECT)) {
  OPERANDS[op] = OPERANDS_OF[name as keyof typeof EFFECT];
}

/** Writes effects; one method for each op. Byte strings are given as ranges. */
export class EffectWriter {
  readonly writer: ByteWriter;

  constructor(writer: ByteWriter) {
    this.writer = writer;
  }

  /** An op whose first operand is a key; the operands after it are written by the calls below. */
  begin(op: number, key: Uint8Array, start: number, end: number): void {
    this.writer.uint8(op);
    this.bytes(key, start, end);
  }

  /** A byte string. */
  bytes(source: Uint8Array, start: number, end: number): void {
    this.writer.shortBlock(viewOf(source), start, end);
  }

  /** The byte string from `start` to `end` of a view. */
  view(source: DataView, start: number, end: number): void {
    this.writer.shortBlock(source, start, end);
  }

  uint8(value: number): void {
    this.writer.uint8(value);
  }

  float64(value: number): void {
    this.writer.float64(value);
  }

  /** An integer from 0 to 2^53 - 1. */
  integer(value: number): void {
    this.writer.leb128(value);
  }

  set(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    encoding: number,
    expiresAtMs: number,
  ): void {
    this.begin(EFFECT.set, key, keyStart, keyEnd);
    if (expiresAtMs === 0) {
      this.writer.uint8(encoding << 1);
    } else {
      this.writer.uint8((encoding << 1) | 1);
      this.writer.float64(expiresAtMs);
    }
    this.bytes(value, valueStart, valueEnd);
  }

  setExpiry(key: Uint8Array, start: number, end: number, expiresAtMs: number): void {
    this.begin(EFFECT.setExpiry, key, start, end);
    this.writer.float64(expiresAtMs);
  }

  flushAll(): void {
    this.writer.uint8(EFFECT.flushAll);
  }

  dropSlot(slot: number): void {
    this.writer.uint8(EFFECT.dropSlot);
    this.integer(slot);
  }
}
