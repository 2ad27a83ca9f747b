/**
 * Sorted sets as commands see them, in the order (score, bytes of the member). Reading is about the one that
 * `Keyspace.find` went to last, or `open` did; `member` and `score` are a position, valid until the next change
 * of anything. A change takes the key, records the effect, raises the hazard, and leaves the changed one open.
 */
import type { ByteRange } from '#base/byte-range.ts';
import type { Prng } from '#base/prng.ts';
import type { SortedSet } from '#node/data/sorted-set.ts';
import { EFFECT } from './effects.ts';
import { ENCODING_LARGE, TYPE_SORTED_SET } from './record.ts';
import type { Store } from './store.ts';

export class SortedSets {
  /** Where the reading methods stand. */
  readonly member: ByteRange;
  readonly #store: Store;
  readonly #set: SortedSet;

  constructor(store: Store) {
    this.#store = store;
    this.#set = store.values.sortedSet;
    this.member = this.#set.member;
  }

  /** The score where the reading methods stand. */
  get score(): number {
    return this.#set.score;
  }

  /** Reading is about the sorted set of this record (`Keyspace.found`) from now on. */
  open(record: number): void {
    this.#set.open(this.#store.rootOf(record));
  }

  /** Members of the open sorted set. */
  get size(): number {
    return this.#set.size;
  }

  /** Goes to the member bytes[start, end); false when it is not there. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#set.find(bytes, start, end);
  }

  /** The member's score in the one of this record, NaN when absent. Neither opens it nor moves the position. */
  scoreIn(record: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#set.scoreIn(this.#store.rootOf(record), bytes, start, end);
  }

  /** How many members stand before this one; -1 when it is not there. */
  rankOf(bytes: Uint8Array, start: number, end: number): number {
    return this.#set.rankOf(bytes, start, end);
  }

  /** Goes to the member of this ascending rank (from 0); false when there is none. */
  seek(rank: number): boolean {
    return this.#set.seek(rank);
  }

  /** Goes to the next higher member. */
  next(): boolean {
    return this.#set.next();
  }

  /** Goes to the next lower member. */
  previous(): boolean {
    return this.#set.previous();
  }

  /** Members with a lower, or with `inclusive` not higher, score: the rank where a range starts or ends. */
  countBelow(score: number, inclusive: boolean): number {
    return this.#set.countBelow(score, inclusive);
  }

  /** The same by the bytes of members, which is only meant when all scores are equal. */
  countBelowMember(bytes: Uint8Array, start: number, end: number, inclusive: boolean): number {
    return this.#set.countBelowMember(bytes, start, end, inclusive);
  }

  /** Goes to some member, nearly uniformly. */
  random(random: Prng): boolean {
    return this.#set.random(random);
  }

  /** A step of a walk (ZSCAN): goes to about `count` members and calls `visit` at each; the next cursor. */
  scan(cursor: number, count: number, visit: () => void): number {
    return this.#set.scan(cursor, count, visit);
  }

  /** Gives a member of the key, which is a sorted set or not there, this score. */
  add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    score: number,
    member: Uint8Array,
    memberStart: number,
    memberEnd: number,
  ): 'added' | 'updated' | 'unchanged' {
    const store = this.#store;
    const set = this.#set;
    const root = store.openForChange(key, keyStart, keyEnd, TYPE_SORTED_SET);
    if (store.large.any) store.large.beforeElement(root, member, memberStart, memberEnd);
    const outcome = set.add(root, score, member, memberStart, memberEnd);
    const changed = set.root;
    set.open(changed);
    if (outcome === 'unchanged') return outcome;
    if (store.keeping) {
      const isNew = outcome === 'added';
      const op = isNew ? EFFECT.sortedSetRemove : EFFECT.sortedSetAdd;
      store.undo.begin(op, key, keyStart, keyEnd);
      if (!isNew) store.undo.float64(set.scoreBefore);
      store.undo.bytes(member, memberStart, memberEnd);
      store.undo.end();
    }
    const { limits } = store;
    if (
      memberEnd - memberStart > limits.zsetMaxListpackValue ||
      set.size > limits.zsetMaxListpackEntries
    ) {
      store.setEncoding(ENCODING_LARGE);
    }
    if (store.changed(changed)) {
      const { recorder } = store;
      recorder.begin(EFFECT.sortedSetAdd, key, keyStart, keyEnd);
      recorder.float64(score);
      recorder.bytes(member, memberStart, memberEnd);
    }
    return outcome;
  }

  /** Removes a member, and the key with its last one; false when it is not there. */
  remove(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    member: Uint8Array,
    memberStart: number,
    memberEnd: number,
  ): boolean {
    const store = this.#store;
    const set = this.#set;
    const root = store.locateRoot(key, keyStart, keyEnd);
    if (root === 0) return false;
    store.openForChange(key, keyStart, keyEnd, TYPE_SORTED_SET);
    set.open(root);
    if (set.size === 1) {
      if (!set.find(member, memberStart, memberEnd)) return false;
      if (!store.removeLocated()) return true;
    } else {
      if (store.large.any) store.large.beforeElement(root, member, memberStart, memberEnd);
      if (!set.remove(root, member, memberStart, memberEnd)) return false;
      const changed = set.root;
      set.open(changed);
      if (store.keeping) {
        store.undo.begin(EFFECT.sortedSetAdd, key, keyStart, keyEnd);
        store.undo.float64(set.scoreBefore);
        store.undo.bytes(member, memberStart, memberEnd);
        store.undo.end();
      }
      if (!store.changed(changed)) return true;
    }
    store.recorder.begin(EFFECT.sortedSetRemove, key, keyStart, keyEnd);
    store.recorder.bytes(member, memberStart, memberEnd);
    return true;
  }
}
