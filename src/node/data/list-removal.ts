/**
 * Removing all elements of a block that are equal to something: one pass that moves runs of what stays together, so
 * that a block full of equal elements does not cost its square.
 */
import { equalBytes } from '#base/bytes.ts';
import { type Arena, CHUNK_SHIFT, UNIT_MASK } from './arena.ts';
import type { ListBlocks } from './list-blocks.ts';

const MIDDLE = 254;

export class ListRemoval {
  readonly #arena: Arena;
  readonly #blocks: ListBlocks;

  constructor(arena: Arena, blocks: ListBlocks) {
    this.#arena = arena;
    this.#blocks = blocks;
  }

  /**
   * Removes at most `maxCount` elements of the block that equal bytes[start, end), the first ones or the last ones;
   * returns how many. The block may be empty then.
   */
  run(
    block: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    maxCount: number,
    fromTail: boolean,
  ): number {
    return fromTail
      ? this.#backward(block, bytes, start, end, maxCount)
      : this.#forward(block, bytes, start, end, maxCount);
  }

  #forward(block: number, bytes: Uint8Array, start: number, end: number, maxCount: number): number {
    const blocks = this.#blocks;
    const first = blocks.start(block);
    const stop = blocks.end(block);
    let removed = 0;
    // the run that stays begins at `run` and goes to `to`
    let run = first;
    let to = first;
    for (let at = first; at < stop && removed < maxCount; ) {
      const size = blocks.entryBytesAt(block, at);
      if (this.#equals(block, at, size, bytes, start, end)) {
        blocks.freeLongAt(block, at);
        blocks.move(block, run, at, to);
        to += at - run;
        run = at + size;
        removed++;
      }
      at += size;
    }
    if (removed === 0) return 0;
    blocks.move(block, run, stop, to);
    blocks.keepOnly(block, first, to + stop - run, blocks.count(block) - removed);
    return removed;
  }

  #backward(
    block: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    maxCount: number,
  ): number {
    const blocks = this.#blocks;
    const first = blocks.start(block);
    const stop = blocks.end(block);
    let removed = 0;
    // the run that stays ends at `run` and goes to where it ends at `to`
    let run = stop;
    let to = stop;
    for (let at = stop; at > first && removed < maxCount; ) {
      const size = blocks.entryBytesBefore(block, at);
      at -= size;
      if (!this.#equals(block, at, size, bytes, start, end)) continue;
      blocks.freeLongAt(block, at);
      const length = run - at - size;
      blocks.move(block, at + size, run, to - length);
      to -= length;
      run = at;
      removed++;
    }
    if (removed === 0) return 0;
    const length = run - first;
    blocks.move(block, first, run, to - length);
    blocks.keepOnly(block, to - length, stop, blocks.count(block) - removed);
    return removed;
  }

  /** True when the element of the entry at `offset` equals bytes[start, end). */
  #equals(
    block: number,
    offset: number,
    size: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const own = this.#arena.bytes[block >>> CHUNK_SHIFT];
    const at = ((block & UNIT_MASK) << 3) + offset;
    const tag = own[at];
    if (tag < MIDDLE) return equalBytes(own, at + 1, at + 1 + tag, bytes, start, end);
    if (tag === MIDDLE) return equalBytes(own, at + 3, at + size - 3, bytes, start, end);
    const long = this.#blocks.longAt(block, offset);
    const from = ((long & UNIT_MASK) << 3) + 4;
    const to = from + this.#blocks.word(long, 0);
    return equalBytes(this.#arena.bytes[long >>> CHUNK_SHIFT], from, to, bytes, start, end);
  }
}
