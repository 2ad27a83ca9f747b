/** How the slots are divided when a cluster is formed. Later the shards' own logs say who owns what. */
import { SLOT_COUNT } from '#base/slot.ts';
import { invariant } from '#base/invariant.ts';

/** First and last slot, both included. */
export type SlotRange = readonly [first: number, last: number];

/** One range for each shard, in order; together all slots, sizes differ by at most one. As redis-cli does. */
export function equalSlotRanges(numShards: number): readonly SlotRange[] {
  invariant(numShards >= 1 && numShards <= SLOT_COUNT, 'a cluster has 1 to 16384 shards');
  const start = (at: number): number => Math.round((at * SLOT_COUNT) / numShards);
  return Array.from({ length: numShards }, (_, at): SlotRange => [start(at), start(at + 1) - 1]);
}

/** `0-5460`, or `7` for a single slot. */
export function slotRangeText([first, last]: SlotRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
