/** RENAME and COPY of whole values, of any type. A collection is moved by its root, whatever its size. */
import { copyBytes } from '#base/copy.ts';
import { invariant } from '#base/invariant.ts';
import { CHUNK_SHIFT, UNIT_MASK } from '#node/data/arena.ts';
import { EFFECT } from './effects.ts';
import { ENCODING_MASK, ENCODING_SHIFT, HEADER_BYTES, TYPE_MASK, TYPE_STRING } from './record.ts';
import type { Store } from './store.ts';

/** Gives a key, which is there, another name, with value and expiry; what has that name goes. */
export function rename(
  store: Store,
  from: Uint8Array,
  fromStart: number,
  fromEnd: number,
  to: Uint8Array,
  toStart: number,
  toEnd: number,
): void {
  if (store.locate(to, toStart, toEnd) !== 0) store.removeLocated();
  const old = store.locate(from, fromStart, fromEnd);
  invariant(old !== 0, 'the key that is renamed is there');
  store.beforeChange();
  const { encoding, keeping } = store;
  const expiresAtMs = store.expiryOf(old);
  store.changedKey();
  store.takeOut();
  store.locate(to, toStart, toEnd);
  insertLike(store, old, to, toStart, toEnd);
  store.discards.releaseBlock(old);
  store.setExpiry(expiresAtMs);
  if (keeping) {
    store.undo.encoding = encoding;
    store.undo.begin(EFFECT.rename, to, toStart, toEnd);
    store.undo.bytes(from, fromStart, fromEnd);
    store.undo.end();
  }
  if (!store.changedKey()) return;
  store.recorder.begin(EFFECT.rename, from, fromStart, fromEnd);
  store.recorder.bytes(to, toStart, toEnd);
}

/** Gives another name a copy of value and expiry of a key, which is there; what has that name goes. */
export function copy(
  store: Store,
  from: Uint8Array,
  fromStart: number,
  fromEnd: number,
  to: Uint8Array,
  toStart: number,
  toEnd: number,
): void {
  if (store.locate(to, toStart, toEnd) !== 0) store.removeLocated();
  const old = store.locate(from, fromStart, fromEnd);
  invariant(old !== 0, 'the key that is copied is there');
  const expiresAtMs = store.expiryOf(old);
  const type = store.typeOf(old);
  const root = type === TYPE_STRING ? 0 : store.values.copy(type, store.rootOf(old));
  store.locate(to, toStart, toEnd);
  insertLike(store, old, to, toStart, toEnd);
  if (root !== 0) store.setRoot(root);
  store.setExpiry(expiresAtMs);
  store.keepAbsence(to, toStart, toEnd);
  if (!store.changedKey()) return;
  store.recorder.begin(EFFECT.copy, from, fromStart, fromEnd);
  store.recorder.bytes(to, toStart, toEnd);
}

/** Puts a record with the type, encoding and value bytes of `old` under the key located last, not there yet. */
function insertLike(store: Store, old: number, key: Uint8Array, start: number, end: number): void {
  const { arena } = store;
  const words = arena.words[old >>> CHUNK_SHIFT];
  const at = (old & UNIT_MASK) << 1;
  const length = words[at + 3];
  const encoding = (words[at] >>> ENCODING_SHIFT) & ENCODING_MASK;
  const record = store.makeRecord(key, start, end, words[at] & TYPE_MASK, encoding, length, 0);
  copyBytes(
    arena.views[record >>> CHUNK_SHIFT],
    ((record & UNIT_MASK) << 3) + HEADER_BYTES + end - start,
    arena.views[old >>> CHUNK_SHIFT],
    (at << 2) + HEADER_BYTES + words[at + 2],
    length,
  );
  store.insert(record);
}
