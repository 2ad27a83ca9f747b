/**
 * Which keys there are: a table for each slot, so that counting, listing, dropping and moving a slot are plain
 * walks, with the counts and the expiry heap that belong to them. FLUSHALL puts a new one in its place.
 *
 * Invariants: `size` is the sum of `counts`, `expiringCount` that of `expiring`; a record is in the heap if and
 * only if it has an expiry. The heap may also hold records of slots that were dropped and not freed yet.
 */
import { SLOT_COUNT } from '#base/slot.ts';
import type { Arena } from '#node/data/arena.ts';
import type { Table } from '#node/data/table.ts';
import { ExpiryHeap } from './expiry-heap.ts';

/** Bytes of the root of a table. */
export const TABLE_ROOT_BYTES = 16;

export class SlotIndex {
  /** The block of all roots. */
  readonly roots: number;
  readonly counts = new Int32Array(SLOT_COUNT);
  readonly expiring = new Int32Array(SLOT_COUNT);
  readonly heap: ExpiryHeap;
  size = 0;
  expiringCount = 0;
  /** Bytes in the arena that went out of use with it, when it has been replaced. */
  deadBytes = 0;

  constructor(arena: Arena, table: Table) {
    this.roots = arena.alloc(SLOT_COUNT * TABLE_ROOT_BYTES);
    this.heap = new ExpiryHeap(arena);
    for (let slot = 0; slot < SLOT_COUNT; slot++) table.initialize(this.rootOf(slot));
  }

  /** The root of a slot's table. */
  rootOf(slot: number): number {
    return this.roots + slot * (TABLE_ROOT_BYTES / 8);
  }
}
