/**
 * The keyspace as its shard sees it: time, what is recorded, what is committed, what is undone, and the work that
 * is done in slices. What commands see is added by `keyspace.ts`.
 */
import type { ByteWriter } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { EffectApplier } from './applier.ts';
import { Compaction } from './compaction.ts';
import type { EncodingLimits } from './encodings.ts';
import { Hashes } from './hashes.ts';
import { Lists } from './lists.ts';
import { Loader } from './loader.ts';
import { Sets } from './sets.ts';
import { SortedSets } from './sorted-sets.ts';
import { Store } from './store.ts';
import { Strings } from './strings.ts';
import type { Walk } from './walk.ts';
import { Watches } from './watches.ts';

export class KeyspaceCore {
  role: 'primary' | 'replica' = 'primary';
  /** Counts since start: accesses that found their key or did not, keys deleted for their expiry. */
  readonly statistics = { hits: 0, misses: 0, expired: 0 };
  readonly hashes: Hashes;
  readonly lists: Lists;
  readonly sets: Sets;
  readonly sortedSets: SortedSets;
  protected readonly strings: Strings;
  protected readonly watches = new Watches();
  protected readonly store: Store;
  #nowMs = 0;
  readonly #applier: EffectApplier;
  readonly #compaction: Compaction;

  /** @param hashSeed two 32-bit integers that clients cannot know; the same on all members. */
  constructor(hashSeed: readonly [number, number]) {
    const store = new Store(hashSeed, this.watches);
    this.store = store;
    this.strings = new Strings(store);
    this.hashes = new Hashes(store);
    this.lists = new Lists(store);
    this.sets = new Sets(store);
    this.sortedSets = new SortedSets(store);
    this.#compaction = new Compaction(store);
    const { strings, hashes, lists, sets, sortedSets } = this;
    this.#applier = new EffectApplier(store, { strings, hashes, lists, sets, sortedSets });
  }

  /** Shard time in milliseconds since the epoch, set before each run; never goes back. */
  get nowMs(): number {
    return this.#nowMs;
  }

  set nowMs(value: number) {
    this.#nowMs = value;
    this.store.nowSeconds = Math.floor(value / 1000);
  }

  /** Effects are recorded; true on a primary. */
  get recording(): boolean {
    return this.store.recording;
  }

  set recording(value: boolean) {
    this.store.recording = value;
  }

  /** Whether changed keys become hazards, so that {@link waitIndex} covers what others have changed (rule W2). */
  set notesHazards(value: boolean) {
    this.store.notesHazards = value;
  }

  /** Encoded effects since the shard last took them; the shard clears it. */
  get effects(): ByteWriter {
    return this.store.effects;
  }

  /** The log index that effects made now will have. */
  get openIndex(): number {
    return this.store.openIndex;
  }

  set openIndex(index: number) {
    this.store.openIndex = index;
  }

  /** The highest index that what was read or changed since {@link beginCommand} depends on; 0 for none. */
  get waitIndex(): number {
    return this.store.waitIndex;
  }

  set waitIndex(index: number) {
    this.store.waitIndex = index;
  }

  /** Keys, those past their time but not deleted yet included (as DBSIZE counts). */
  get size(): number {
    return this.store.index.size;
  }

  /** Keys that have an expiry. */
  get expiringCount(): number {
    return this.store.index.expiringCount;
  }

  /** The memory that keys and values take, in bytes: what `maxmemory` is about. */
  get memoryBytes(): number {
    return this.store.memoryBytes;
  }

  /** Memory held from the system for keys and values, in bytes. */
  get reservedBytes(): number {
    return this.store.arena.reservedBytes;
  }

  /** Decide about OBJECT ENCODING, and nothing else; may be changed at any time. */
  get limits(): EncodingLimits {
    return this.store.limits;
  }

  /** To fill the keyspace, which is empty and belongs to a replica, with records from a snapshot. */
  load(): Loader {
    invariant(!this.recording && this.size === 0, 'what is loaded into is an empty replica');
    this.store.beginUnit(-1);
    return new Loader(this.store);
  }

  /** Hands out the keyspace as it is at one moment, in slices (snapshots). */
  get walk(): Walk {
    return this.store.walk;
  }

  /**
   * A command or unit starts: nothing has been noted.
   * @param slot that of all its keys, when the caller knows it.
   */
  beginCommand(slot = -1): void {
    this.store.waitIndex = 0;
    this.store.beginUnit(slot);
  }

  /** Everything at or below `index` is committed: its hazards are over, and what was kept for it is freed. */
  committed(index: number): void {
    this.store.hazards.committed(index);
    this.store.undo.committed(index);
  }

  /** Applies bytes[start, end) of another member's (or an earlier life's) effects. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    invariant(!this.recording, 'effects are applied where none are recorded');
    this.#applier.apply(bytes, start, end);
    this.store.forget();
  }

  /**
   * Takes back everything that was executed with an index after this, and its hazards; the keyspace is what it was,
   * but for the order of fields in hashes. False, and nothing has changed, when too much went on for that.
   */
  undo(afterIndex: number): boolean {
    const store = this.store;
    if (!store.undo.canUndo(afterIndex)) return false;
    store.walk.abandon();
    const { recording } = store;
    store.recording = false;
    store.undo.takeRows(afterIndex, (bytes, start, end) => {
      this.#applier.undoRow(bytes, start, end);
    });
    store.recording = recording;
    store.hazards.undone(afterIndex);
    store.forget();
    return true;
  }

  /** Forgets all keys, hazards and recorded effects; nothing is logged. For a rebuild from the log. */
  clear(): void {
    this.store.clear();
    this.#compaction.stop();
  }

  /** 32 hexadecimal digits that depend on names, types, expiries and contents alone. */
  digest(): string {
    return this.store.digest.text();
  }

  /** Frees about so many elements of what was deleted, and gives memory back; true when there is more to do. */
  freeSlice(maxElements: number): boolean {
    const { store } = this;
    const more = store.arena.giveBack();
    if (store.discards.empty) return more;
    // when nothing else is in the arena, all of it can go at once
    if (store.index.size === 0 && store.undo.empty && !store.walk.active) {
      store.startAnew();
      this.#compaction.stop();
      return store.arena.giveBack();
    }
    return store.discards.freeSlice(maxElements) || more;
  }

  /** Moves about so many keys and elements out of half-empty memory; true when there is more to do now. */
  compactSlice(maxElements: number): boolean {
    return this.#compaction.slice(maxElements);
  }
}
