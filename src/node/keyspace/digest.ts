/**
 * A 128-bit digest of a whole keyspace that depends on names, types, expiries and contents, and on nothing
 * else: not on history, encoding or hash seed, and on order only in lists. Members compare it to find that they
 * have parted; it is no defence against someone who makes collisions on purpose.
 *
 * Each string, and each element of a collection, gives four keyed hashes of its bytes; all are combined by XOR.
 * The sum of each slot is kept with a mark that is set when the slot changes, so asking again costs only as much
 * as has changed. Invariant: a slot without a mark has the digest that is kept for it.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { ByteWriter } from '#base/bytes.ts';
import { SLOT_COUNT } from '#base/slot.ts';
import { halfSipHash } from '#node/data/half-sip-hash.ts';
import { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STRING } from './record.ts';
import type { RecordReader } from './record-reader.ts';
import type { Store } from './store.ts';

/** Fixed for good: digests of different versions must be comparable. */
const KEYS = [0x686f6c64, 0x66617374, 0x64696765, 0x73743031, 0x6b657973] as const;

const LANES = 4;

export class Digest {
  /** 1 for each slot that has changed since it was digested. */
  readonly dirty = new Uint8Array(SLOT_COUNT);
  readonly #store: Store;
  readonly #slots = new Int32Array(SLOT_COUNT * LANES);
  readonly #total = new Int32Array(LANES);
  readonly #lanes = new Int32Array(LANES);
  readonly #scratch = new ByteWriter(256);

  constructor(store: Store) {
    this.#store = store;
  }

  /** Everything has been deleted. */
  forget(): void {
    this.dirty.fill(0);
    this.#slots.fill(0);
    this.#total.fill(0);
  }

  markAll(): void {
    this.dirty.fill(1);
  }

  /** 32 lower-case hexadecimal digits; all zero for an empty keyspace. */
  text(): string {
    const { dirty } = this;
    for (let slot = dirty.indexOf(1); slot >= 0; slot = dirty.indexOf(1, slot + 1)) {
      this.#digestSlot(slot);
    }
    return textOf(this.#total);
  }

  #digestSlot(slot: number): void {
    const { table, index } = this.#store;
    const lanes = this.#lanes;
    lanes.fill(0);
    table.begin(index.rootOf(slot));
    for (let record = table.next(); record !== 0; record = table.next()) this.#mixRecord(record);
    for (let lane = 0; lane < LANES; lane++) {
      this.#total[lane] ^= this.#slots[slot * LANES + lane] ^ lanes[lane];
      this.#slots[slot * LANES + lane] = lanes[lane];
    }
    this.dirty[slot] = 0;
    this.#scratch.clear();
  }

  #mixRecord(record: number): void {
    const { reader, index } = this.#store;
    const scratch = this.#scratch;
    reader.read(record, index.heap);
    scratch.clear();
    scratch.uint8(reader.type);
    scratch.float64(reader.expiresAtMs);
    block(scratch, reader.key);
    if (reader.type === TYPE_STRING) {
      scratch.raw(reader.value.bytes, reader.value.start, reader.value.end);
      this.#mix();
    } else {
      this.#mixCollection(reader);
    }
  }

  #mixCollection({ type, values }: RecordReader): void {
    const { hash, list, set, sortedSet } = values;
    if (type === TYPE_HASH) {
      const head = this.#beginElements(hash.size);
      for (let more = hash.first(); more; more = hash.next()) {
        this.#scratch.length = head;
        block(this.#scratch, hash.field);
        block(this.#scratch, hash.value);
        this.#mix();
      }
    } else if (type === TYPE_LIST) {
      const head = this.#beginElements(list.size);
      let index = 0;
      for (let more = list.seek(0); more; more = list.next()) {
        this.#scratch.length = head;
        this.#scratch.uint32(index++);
        block(this.#scratch, list.element);
        this.#mix();
      }
    } else if (type === TYPE_SET) {
      const head = this.#beginElements(set.size);
      for (let more = set.first(); more; more = set.next()) {
        this.#scratch.length = head;
        block(this.#scratch, set.member);
        this.#mix();
      }
    } else {
      const head = this.#beginElements(sortedSet.size);
      for (let more = sortedSet.seek(0); more; more = sortedSet.next()) {
        this.#scratch.length = head;
        // -0 and 0 are the same score
        this.#scratch.float64(sortedSet.score === 0 ? 0 : sortedSet.score);
        block(this.#scratch, sortedSet.member);
        this.#mix();
      }
    }
  }

  #beginElements(size: number): number {
    const headLength = this.#scratch.length;
    this.#scratch.uint32(size);
    this.#mix();
    return headLength;
  }

  #mix(): void {
    const { bytes, length } = this.#scratch;
    for (let lane = 0; lane < LANES; lane++) {
      this.#lanes[lane] ^= halfSipHash(bytes, 0, length, KEYS[lane], KEYS[lane + 1]);
    }
  }
}

function block(writer: ByteWriter, range: ByteRange): void {
  writer.block(range.bytes, range.start, range.end);
}

function textOf(lanes: Int32Array): string {
  return Array.from(lanes, (lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
}
