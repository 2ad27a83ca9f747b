/**
 * Members that a command has gathered, copied out of the keyspace: a result whose size is not known before it
 * is whole, and which may be stored where one of its sources was. Kept and used again; large ones are given back.
 *
 * Members lie one after the other in one buffer; `#starts[i]` and `#ends[i]` say where, an end of -1 that it was
 * taken out again. {@link add} and {@link remove} find equal ones by an open-addressing table of places in these
 * (plus 1), which {@link append} leaves alone: a gathering uses the one or the others.
 */
import { ByteWriter, equalBytes } from '#base/bytes.ts';
import { halfSipHash } from '#node/data/half-sip-hash.ts';
import type { Prng } from '#base/prng.ts';

const INITIAL_MEMBERS = 64;
/** A larger table or buffer is given back by {@link MemberBuffer.clear}. */
const KEPT_MEMBERS = 4096;
const KEPT_BYTES = 64 * 1024;
/** More is not gathered (rule W9): no reply may be larger either. */
const MOST_BYTES = 1024 * 1024 * 1024;

export class MemberBuffer {
  /** Members that are in. */
  count = 0;
  /** Where the last {@link add} put its member or found it. */
  place = 0;
  /** More than may be gathered was to be added: the command must answer with an error. */
  overflowed = false;
  #used = 0;
  #bytes = new ByteWriter();
  #starts = new Int32Array(INITIAL_MEMBERS);
  #ends = new Int32Array(INITIAL_MEMBERS);
  #hashes = new Int32Array(INITIAL_MEMBERS);
  #slots = new Int32Array(2 * INITIAL_MEMBERS);
  #hashed = false;
  #key0 = 0;
  #key1 = 0;

  /** What the members' places point into. */
  get bytes(): Uint8Array {
    return this.#bytes.bytes;
  }

  /** Places used, those of members that were taken out again included. */
  get places(): number {
    return this.#used;
  }

  /** Where the member of this place starts in `bytes`. */
  start(place: number): number {
    return this.#starts[place];
  }

  /** Where it ends; -1 when it was taken out again. */
  end(place: number): number {
    return this.#ends[place];
  }

  /** Forgets everything. `random` keys the hash: who names the members must not know how they collide. */
  clear(random: Prng): void {
    if (this.#starts.length > KEPT_MEMBERS) {
      this.#starts = new Int32Array(INITIAL_MEMBERS);
      this.#ends = new Int32Array(INITIAL_MEMBERS);
      this.#hashes = new Int32Array(INITIAL_MEMBERS);
      this.#slots = new Int32Array(2 * INITIAL_MEMBERS);
    } else if (this.#hashed) {
      this.#slots.fill(0);
    }
    if (this.#bytes.bytes.length > KEPT_BYTES) this.#bytes = new ByteWriter();
    this.#bytes.clear();
    this.#used = 0;
    this.count = 0;
    this.overflowed = false;
    this.#hashed = false;
    this.#key0 = random.uint32() | 0;
    this.#key1 = random.uint32() | 0;
  }

  /** Puts in source[start, end), which must not be in. */
  append(source: Uint8Array, start: number, end: number): void {
    if (this.#bytes.length + (end - start) > MOST_BYTES) {
      this.overflowed = true;
      return;
    }
    if (this.#used === this.#starts.length) this.#grow();
    this.#starts[this.#used] = this.#bytes.length;
    this.#bytes.raw(source, start, end);
    this.#ends[this.#used++] = this.#bytes.length;
    this.count++;
  }

  /** Puts in source[start, end) if it is not in; true when it was not. */
  add(source: Uint8Array, start: number, end: number): boolean {
    const hash = halfSipHash(source, start, end, this.#key0, this.#key1);
    this.place = this.#find(source, start, end, hash);
    if (this.place >= 0) return false;
    this.#hashed = true;
    this.append(source, start, end);
    if (this.overflowed) return false;
    this.place = this.#used - 1;
    this.#hashes[this.place] = hash;
    this.#insert(hash, this.#used);
    return true;
  }

  /** Takes out source[start, end) if it is in. */
  remove(source: Uint8Array, start: number, end: number): void {
    const hash = halfSipHash(source, start, end, this.#key0, this.#key1);
    const place = this.#find(source, start, end, hash);
    if (place < 0) return;
    this.#ends[place] = -1;
    this.count--;
  }

  /** The place of source[start, end), -1 when it is not in. */
  #find(source: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = this.#slots[slot] - 1;
      if (place < 0) return -1;
      if (this.#hashes[place] !== hash) continue;
      const { bytes } = this.#bytes;
      const at = this.#starts[place];
      if (equalBytes(source, start, end, bytes, at, this.#ends[place])) return place;
    }
  }

  #insert(hash: number, placePlusOne: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = placePlusOne;
  }

  #grow(): void {
    const capacity = this.#starts.length * 2;
    this.#starts = grown(this.#starts, capacity);
    this.#ends = grown(this.#ends, capacity);
    this.#hashes = grown(this.#hashes, capacity);
    this.#slots = new Int32Array(2 * capacity);
    if (!this.#hashed) return;
    for (let place = 0; place < this.#used; place++) this.#insert(this.#hashes[place], place + 1);
  }
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(array);
  return longer;
}
