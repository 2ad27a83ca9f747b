/**
 * What the stall benchmark asks of a keyspace beyond reading and writing. All of it is optional, so that
 * engines of before and after can be measured by the same program.
 */
import type { Keyspace } from '#node/keyspace/keyspace.ts';

const EXPIRED_PER_TURN = 200;
const FREED_PER_TURN = 256;
const COMPACTED_PER_TURN = 256;
const WALKED_PER_STEP = 256;

export interface Walk {
  /** Goes on; true when it has seen everything. */
  step(): boolean;
}

interface PointInTimeWalk {
  begin(visit: (...record: unknown[]) => void): unknown;
  step(records: number): boolean;
}

interface Maintenance {
  freeSlice?(budget: number): unknown;
  compactSlice?(budget: number): unknown;
  readonly walk?: PointInTimeWalk;
}

/** What the shard does in every turn. */
export function maintain(keyspace: Keyspace): void {
  keyspace.expireSlice(EXPIRED_PER_TURN);
  const more = keyspace as unknown as Maintenance;
  more.freeSlice?.(FREED_PER_TURN);
  more.compactSlice?.(COMPACTED_PER_TURN);
}

/** Starts a point-in-time walk; null when the engine has none. */
export function beginWalk(keyspace: Keyspace): Walk | null {
  const { walk } = keyspace as unknown as Maintenance;
  if (walk === undefined) return null;
  walk.begin(() => {});
  return { step: () => walk.step(WALKED_PER_STEP) };
}
