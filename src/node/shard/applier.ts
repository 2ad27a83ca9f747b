/**
 * Turns committed entries into the state of this member: keyspace (data members), settings, shard time.
 *
 * Invariants:
 * - entries are applied once each, in order, only when committed; `appliedIndex` never exceeds the commit index;
 * - what this member executed itself as primary is never applied a second time; if another leader's entry
 *   took its place it is undone or, where that is not possible, the keyspace is rebuilt from the log (rule W6);
 * - a unit in several parts is applied when its last part is committed, or never (rule W4).
 */
import { ByteWriter } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import type { Entry } from '#node/raft/entry.ts';
import type { Batches } from './batches.ts';
import {
  decodeEffectsHeader,
  decodeSettings,
  EFFECTS_HEADER_BYTES,
  FIRST_PART,
  KIND_EFFECTS,
  KIND_SETTINGS,
  LAST_PART,
  type Settings,
} from './payload.ts';

/** The log on disk, for a keyspace that has to be built anew. */
export interface DurableLog {
  /** Everything that this member was ever told is committed can be read. */
  readonly settled: boolean;
  /** Entries [from, toExclusive), at least one, then as many as fit `maxBytes`. */
  read(from: number, toExclusive: number, maxBytes: number): readonly Entry[];
}

export interface ApplierEvents {
  settings(settings: Settings): void;
  /** Entry `index` of `term` is committed and applied. */
  applied(index: number, term: number): void;
  /** Effects executed here were replaced by another leader's: the owner must call {@link Applier.rebuild}. */
  lost(): void;
  /** The keyspace was cleared and is read anew from the log. */
  rebuilding(): void;
}

/** Bytes of entries read and applied in one go, so that other work gets its turn (about a millisecond each). */
const SLICE_BYTES = 1 << 20;

export class Applier {
  appliedIndex: number;
  /** Everything up to here is known to be committed. */
  committedIndex: number;
  /** The highest time that an entry carried, in milliseconds since the Unix epoch (rule W8). */
  shardTimeMs = 0;
  readonly #log: DurableLog;
  /** Null on a log member. */
  readonly #keyspace: Keyspace | null;
  readonly #batches: Batches;
  readonly #events: ApplierEvents;
  /** Committed entries as Raft handed them out, ascending, from `#queueAt` on not applied. */
  #queue: Entry[] = [];
  #queueAt = 0;
  #parts: ByteWriter | null = null;
  #rebuildUpTo = 0;

  /** @param firstIndex where the log starts. */
  constructor(
    firstIndex: number,
    log: DurableLog,
    keyspace: Keyspace | null,
    batches: Batches,
    events: ApplierEvents,
  ) {
    this.appliedIndex = firstIndex - 1;
    this.committedIndex = firstIndex - 1;
    this.#log = log;
    this.#keyspace = keyspace;
    this.#batches = batches;
    this.#events = events;
  }

  /** All that is known to be committed is applied. */
  get caughtUp(): boolean {
    return this.appliedIndex === this.committedIndex;
  }

  /** The keyspace is not yet what it was before {@link rebuild}. */
  get rebuilding(): boolean {
    return this.appliedIndex < this.#rebuildUpTo;
  }

  /** Committed entries that wait in memory. */
  get backlog(): number {
    return this.#queue.length - this.#queueAt;
  }

  /** Takes what Raft says is committed, in order and once. */
  committed(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.committedIndex + 1, 'entries are committed in order');
      this.committedIndex = entry.index;
      this.#queue.push(entry);
    }
  }

  /** Applies one slice of what is committed. True when there is more to do. */
  run(): boolean {
    if (this.caughtUp) return false;
    const next = this.appliedIndex + 1;
    const head = this.#queueAt < this.#queue.length ? this.#queue[this.#queueAt].index : 0;
    return head === next ? this.#runQueue() : this.#runDisk(next, head);
  }

  /** Throws the keyspace away; {@link run} reads it anew from the log. */
  rebuild(firstIndex: number): void {
    this.#keyspace?.clear();
    this.#batches.abandon();
    this.#parts = null;
    this.#queue = [];
    this.#queueAt = 0;
    this.appliedIndex = firstIndex - 1;
    this.#rebuildUpTo = this.committedIndex;
    this.#events.rebuilding();
  }

  #runQueue(): boolean {
    let bytes = 0;
    while (this.#queueAt < this.#queue.length) {
      const entry = this.#queue[this.#queueAt];
      bytes += entry.payload.length;
      if (!this.#apply(entry)) return true;
      this.#queueAt++;
      if (bytes > SLICE_BYTES) return true;
    }
    this.#queue = [];
    this.#queueAt = 0;
    return false;
  }

  /** Reads what is committed but no longer in the queue, up to `head` (0: to the end). */
  #runDisk(next: number, head: number): boolean {
    if (!this.#log.settled) return false;
    const toExclusive = head === 0 ? this.committedIndex + 1 : head;
    const entries = this.#log.read(next, toExclusive, SLICE_BYTES);
    invariant(entries.length > 0 && entries[0].index === next, 'a committed entry can be read');
    for (const entry of entries) {
      invariant(this.#apply(entry), 'nothing executed here is in flight while the log is read');
    }
    return !this.caughtUp;
  }

  /** False when the keyspace has to be rebuilt first: the entry was not applied. */
  #apply(entry: Entry): boolean {
    let verdict = this.#batches.judge(entry.index, entry.term);
    if (verdict === 'lost') {
      if (!this.#undoLost()) {
        this.#events.lost();
        return false;
      }
      verdict = 'foreign';
    }
    if (entry.kind === KIND_EFFECTS) {
      const { shardTimeMs, flags } = decodeEffectsHeader(entry.payload);
      if (shardTimeMs > this.shardTimeMs) this.shardTimeMs = shardTimeMs;
      if (verdict === 'foreign') this.#applyEffects(entry.payload, flags);
    } else {
      this.#parts = null; // a unit whose leader fell before its last part: never happened
      if (entry.kind === KIND_SETTINGS) this.#events.settings(decodeSettings(entry.payload));
    }
    this.appliedIndex = entry.index;
    if (verdict === 'executed') this.#batches.advance(entry.index);
    this.#events.applied(entry.index, entry.term);
    return true;
  }

  /** Takes back all that was executed here and is not committed; false when it has to be rebuilt. */
  #undoLost(): boolean {
    const undone = this.#keyspace?.undo(this.#batches.numberBeforeInFlight) ?? false;
    if (undone) this.#batches.abandon();
    return undone;
  }

  #applyEffects(payload: Uint8Array, flags: number): void {
    const keyspace = this.#keyspace;
    if (keyspace === null) return;
    keyspace.nowMs = this.shardTimeMs;
    if (flags === (FIRST_PART | LAST_PART)) {
      this.#parts = null;
      keyspace.apply(payload, EFFECTS_HEADER_BYTES, payload.length);
      return;
    }
    if ((flags & FIRST_PART) !== 0) this.#parts = new ByteWriter(payload.length * 2);
    invariant(this.#parts !== null, 'a part of a unit follows its first part');
    this.#parts.raw(payload, EFFECTS_HEADER_BYTES, payload.length);
    if ((flags & LAST_PART) === 0) return;
    keyspace.apply(this.#parts.bytes, 0, this.#parts.length);
    this.#parts.clear();
    this.#parts = null;
  }
}
