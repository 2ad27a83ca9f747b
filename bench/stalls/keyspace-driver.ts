/** What a shard asks of its keyspace beyond reading and writing, for the stall benchmark. */
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { WalkVisitor } from '#node/keyspace/walk-visitor.ts';

const EXPIRED_PER_TURN = 200;
const FREED_PER_TURN = 256;
const COMPACTED_PER_TURN = 256;
const WALKED_PER_STEP = 256;

/** Whoever walks takes what it is given to a file; what that costs is not the keyspace's. */
const NOTHING = (): void => undefined;
const UNSEEN: WalkVisitor = {
  whole: NOTHING,
  begin: NOTHING,
  chunk: NOTHING,
  field: NOTHING,
  member: NOTHING,
  scored: NOTHING,
  element: NOTHING,
};

/** What the shard does in every turn. */
export function maintain(keyspace: Keyspace): void {
  keyspace.expireSlice(EXPIRED_PER_TURN);
  keyspace.freeSlice(FREED_PER_TURN);
  keyspace.compactSlice(COMPACTED_PER_TURN);
}

/** Starts a point-in-time walk. */
export function beginWalk(keyspace: Keyspace): void {
  keyspace.walk.begin(UNSEEN);
}

/** Goes on with the walk; true when it has seen everything. */
export function stepWalk(keyspace: Keyspace): boolean {
  return keyspace.walk.step(WALKED_PER_STEP);
}
