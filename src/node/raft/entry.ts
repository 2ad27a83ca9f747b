/**
 * Entry: one unit of the transaction log. An (index, term) pair names the same entry on every member
 * that has it (SPEC R3), so entries are immutable. Those that Raft gives out are views of memory that it uses
 * again one day; Ready says until when each is good.
 */

/** One unit of the log. `index` counts from 1 without gaps; `term` never falls along the log. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  /** {@link ENTRY_NOOP}, {@link ENTRY_CONFIG}, or the application's own: 2 to 255. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** What a new leader appends first: an entry of its own term to commit by. Its payload is empty. */
export const ENTRY_NOOP = 0;

/** A membership, from the moment it is appended; see membership.ts for the payload. */
export const ENTRY_CONFIG = 1;

/** The highest entry kind that fits a message and the disk. */
export const ENTRY_KIND_MAX = 255;

/** What an entry is taken to cost beyond its payload, on the wire, on disk and in memory. */
export const ENTRY_OVERHEAD_BYTES = 32;

/** Bytes that `entry` counts for in every limit. */
export function entryBytes(entry: Entry): number {
  return entry.payload.length + ENTRY_OVERHEAD_BYTES;
}
