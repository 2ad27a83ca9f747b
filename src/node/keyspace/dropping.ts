/**
 * FLUSHALL and slot drops: what goes is put aside as it is, in a step that does not depend on how much it is, and
 * freed in slices; or put back, when the change is undone. A walk goes on over what it has not passed of it.
 */
import { slotOfKey } from '#base/slot.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { invariant } from '#base/invariant.ts';
import { SlotIndex, TABLE_ROOT_BYTES } from './slot-index.ts';
import type { Store } from './store.ts';
import type { DroppedPart } from './undo-log.ts';

/** Deletes all keys; every key, there or not, becomes a hazard. */
export function flushAll(store: Store): void {
  if (store.index.size > 0) putAsideAll(store);
  if (!store.recording) return;
  store.hazards.raiseAll(store.openIndex);
  store.waitIndex = store.openIndex;
  store.recorder.flushAll();
}

function putAsideAll(store: Store): void {
  const { index, arena } = store;
  tellWatches(store, -1);
  index.deadBytes = arena.usedBytes - store.discards.deadBytes - store.undo.deadBytes;
  store.index = new SlotIndex(arena, store.table);
  index.heap.use = 'kept';
  store.forget();
  store.digest.forget();
  putAside(store, -1, {
    number: store.openIndex,
    index,
    root: index.roots,
    count: index.size,
    expiring: index.expiringCount,
    heap: index.heap,
  });
}

/** Deletes all keys of the slot, which becomes a hazard as a whole; returns how many there were. */
export function dropSlot(store: Store, slot: number): number {
  const { index, arena } = store;
  const count = index.counts[slot];
  if (count > 0) {
    tellWatches(store, slot);
    const root = arena.alloc(TABLE_ROOT_BYTES);
    copyRoot(store, index.rootOf(slot), root);
    store.table.initialize(index.rootOf(slot));
    const part: DroppedPart = {
      number: store.openIndex,
      index: null,
      root,
      count,
      expiring: index.expiring[slot],
      heap: index.heap,
    };
    setCounts(store, slot, 0, 0);
    store.forget();
    store.walk.slotDropped(index, root);
    putAside(store, slot, part);
  }
  if (store.recording) {
    store.hazards.raiseSlot(slot, store.openIndex);
    store.waitIndex = store.openIndex;
    store.recorder.dropSlot(slot);
  }
  return count;
}

/** Undoes the newest {@link flushAll}: everything since has been undone. */
export function unflush(store: Store): void {
  const part = store.undo.takePart();
  invariant(part !== undefined && part.index !== null, 'a FLUSHALL that is undone was kept');
  invariant(store.index.size === 0, 'what came after a FLUSHALL is undone first');
  store.discards.releasePart({
    number: 0,
    index: store.index,
    root: store.index.roots,
    count: 0,
    expiring: 0,
    heap: store.index.heap,
  });
  part.index.deadBytes = 0;
  part.heap.use = 'live';
  store.index = part.index;
  store.forget();
  store.digest.forget();
  store.digest.markAll();
}

/** Undoes the newest {@link dropSlot}. */
export function undropSlot(store: Store, slot: number): void {
  const { index, arena } = store;
  const part = store.undo.takePart();
  invariant(part !== undefined && part.index === null, 'a slot drop that is undone was kept');
  invariant(index.counts[slot] === 0, 'what came after a slot drop is undone first');
  copyRoot(store, part.root, index.rootOf(slot));
  arena.free(part.root);
  setCounts(store, slot, part.count, part.expiring);
  store.forget();
}

/** Keeps the part until it is committed, or lets it be freed. */
function putAside(store: Store, slot: number, part: DroppedPart): void {
  if (store.recording && store.undo.possible) store.undo.keepPart(part, slot);
  else store.discards.releasePart(part);
}

function copyRoot({ arena }: Store, from: number, to: number): void {
  const fromWords = arena.words[from >>> CHUNK_SHIFT];
  const toWords = arena.words[to >>> CHUNK_SHIFT];
  const fromAt = (from & UNIT_MASK) << 1;
  const toAt = (to & UNIT_MASK) << 1;
  for (let i = 0; i < TABLE_ROOT_BYTES / 4; i++) toWords[toAt + i] = fromWords[fromAt + i];
}

function setCounts({ index, digest }: Store, slot: number, count: number, expiring: number): void {
  index.size += count - index.counts[slot];
  index.counts[slot] = count;
  index.expiringCount += expiring - index.expiring[slot];
  index.expiring[slot] = expiring;
  digest.dirty[slot] = 1;
}

/** Watched keys that are there (in this slot, if it is not -1) count as changed. */
function tellWatches(store: Store, slot: number): void {
  if (!store.watches.any) return;
  for (const key of store.watches.keys()) {
    if (slot >= 0 && slotOfKey(key, 0, key.length) !== slot) continue;
    if (store.locateAnywhere(key, 0, key.length) !== 0) store.watches.changed(key);
  }
}
