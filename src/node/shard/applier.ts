/**
 * Turns committed entries into the state of this member: keyspace (data members), settings, membership, shard time.
 * It begins with what a snapshot file holds, where there is one.
 *
 * Invariants:
 * - entries are applied once each, in order, only when committed; `appliedIndex` never exceeds the commit index;
 * - what this member executed itself as primary is never applied a second time; if another leader's entry
 *   took its place it is undone or, where that is not possible, the keyspace is rebuilt from the log (rule W6);
 * - a unit in several parts is applied when its last part is committed, or never (rule W4);
 * - the keyspace is never a mixture: until a snapshot is read to its end, `appliedIndex` is before the log.
 */
import { ByteWriter } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import { ENTRY_CONFIG, type Entry, entryBytes } from '#node/raft/entry.ts';
import { decodeMembership, type Membership } from '#node/raft/membership.ts';
import type { SnapshotHead } from '#node/snapshot/format.ts';
import type { Batches } from './batches.ts';
import {
  type CheckpointDigest,
  decodeDigest,
  decodeEffectsHeader,
  decodeSettings,
  EFFECTS_HEADER_BYTES,
  FIRST_PART,
  KIND_CHECKPOINT,
  KIND_DIGEST,
  KIND_EFFECTS,
  KIND_SETTINGS,
  LAST_PART,
  type Settings,
} from './payload.ts';
import type { Disk } from './ports.ts';
import type { Restore } from './restore.ts';

/** The log on disk, for a keyspace that has to be built anew. */
export interface DurableLog {
  /** Entries up to here can be read. */
  readonly durableIndex: number;
  /** Entries [from, toExclusive), at least one, then as many as fit `maxBytes`. */
  read(from: number, toExclusive: number, maxBytes: number): readonly Entry[];
}

export function durableLog(disk: Disk, raft: { readonly durableIndex: number }): DurableLog {
  return {
    get durableIndex(): number {
      return raft.durableIndex;
    },
    read: (from, toExclusive, maxBytes) => disk.read(from, toExclusive, maxBytes),
  };
}

export interface ApplierEvents {
  settings(settings: Settings): void;
  /** The keyspace is what it is after this checkpoint entry, which is applied and committed. */
  checkpoint(index: number, term: number): void;
  digest(digest: CheckpointDigest): void;
  /** Entry `index` of `term` is committed and applied. */
  applied(index: number, term: number): void;
  /** Effects executed here were replaced by another leader's: the owner must call {@link Applier.rebuild}. */
  lost(): void;
}

/** Committed entries kept in memory to be applied; above that they are read from the log again. */
const MAX_BACKLOG_ENTRIES = 10_000;
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
  /** A snapshot that is being read: nothing is applied before. */
  #restore: Restore | null = null;
  /** Bytes of entries applied since the last checkpoint. */
  bytesSinceCheckpoint = 0;
  /** The membership in force at the last applied entry, and the entry that says it; 0 for the initial one. */
  membership: Membership;
  configIndex = 0;

  /** @param initial the membership before the first entry. */
  constructor(
    initial: Membership,
    log: DurableLog,
    keyspace: Keyspace | null,
    batches: Batches,
    events: ApplierEvents,
  ) {
    this.membership = initial;
    this.appliedIndex = 0;
    this.committedIndex = 0;
    this.#log = log;
    this.#keyspace = keyspace;
    this.#batches = batches;
    this.#events = events;
  }

  /** All that is known to be committed is applied. */
  get caughtUp(): boolean {
    return this.appliedIndex === this.committedIndex && this.#restore === null;
  }

  /** The keyspace is not yet what it was before {@link rebuild}. */
  get rebuilding(): boolean {
    return this.appliedIndex < this.#rebuildUpTo || this.#restore !== null;
  }

  /** Payloads of entries up to here will not be looked at again. */
  get releasedIndex(): number {
    const kept = this.#queueAt < this.#queue.length;
    return kept ? this.#queue[this.#queueAt].index - 1 : this.committedIndex;
  }

  /** Takes what Raft says is committed, in order and once. */
  committed(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.committedIndex + 1, 'entries are committed in order');
      this.committedIndex = entry.index;
      // while a snapshot is read the queue would grow without end
      if (this.#restore === null) this.#queue.push(entry);
    }
    if (this.#queue.length - this.#queueAt > MAX_BACKLOG_ENTRIES) this.#forgetQueue();
  }

  /** Applies one slice of what is committed. True when there is more to do. */
  run(): boolean {
    if (this.#restore !== null) return this.#runRestore(this.#restore);
    if (this.caughtUp) return false;
    const next = this.appliedIndex + 1;
    const head = this.#queueAt < this.#queue.length ? this.#queue[this.#queueAt].index : 0;
    return head === next ? this.#runQueue() : this.#runDisk(next, head);
  }

  /**
   * Throws the keyspace away; {@link run} reads it anew, from `restore` where there is one, else from an empty one, and
   * then from the log.
   */
  rebuild(restore: Restore | null): void {
    this.#keyspace?.clear();
    this.#batches.abandon();
    this.#parts = null;
    this.#forgetQueue();
    this.appliedIndex = 0;
    this.bytesSinceCheckpoint = 0;
    this.#rebuildUpTo = this.committedIndex;
    this.#restore = restore;
  }

  /** Begins with a snapshot: at the start, or because the log begins anew after `index`. */
  begin(index: number, restore: Restore | null): void {
    this.rebuild(restore);
    this.committedIndex = index;
    this.#rebuildUpTo = index;
  }

  #runRestore(restore: Restore): boolean {
    const head = restore.step();
    if (head === null) return true;
    this.#restore = null;
    this.#begins(head);
    return !this.caughtUp;
  }

  #begins(head: SnapshotHead): void {
    const { index, shardTimeMs, membership, configIndex, settings } = head;
    this.appliedIndex = index;
    if (shardTimeMs > this.shardTimeMs) this.shardTimeMs = shardTimeMs;
    this.membership = membership;
    this.configIndex = configIndex;
    if (settings.length > 0) this.#events.settings(decodeSettings(settings));
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
    this.#forgetQueue();
    return !this.caughtUp;
  }

  #forgetQueue(): void {
    this.#queue = [];
    this.#queueAt = 0;
  }

  /** Reads what is committed but not in the queue, up to `head` (0: to the end). False when it is not on disk yet. */
  #runDisk(next: number, head: number): boolean {
    const committed = head === 0 ? this.committedIndex : head - 1;
    const last = Math.min(committed, this.#log.durableIndex);
    if (last < next) return false;
    const entries = this.#log.read(next, last + 1, SLICE_BYTES);
    invariant(entries.length > 0 && entries[0].index === next, 'a committed entry can be read');
    for (const entry of entries) if (!this.#apply(entry)) return true;
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
      this.#applyOther(entry);
    }
    this.appliedIndex = entry.index;
    this.bytesSinceCheckpoint =
      entry.kind === KIND_CHECKPOINT ? 0 : this.bytesSinceCheckpoint + entryBytes(entry);
    if (entry.kind === KIND_CHECKPOINT) this.#events.checkpoint(entry.index, entry.term);
    if (verdict === 'executed') this.#batches.advance(entry.index);
    this.#events.applied(entry.index, entry.term);
    return true;
  }

  #applyOther({ index, kind, payload }: Entry): void {
    if (kind === KIND_SETTINGS) {
      this.#events.settings(decodeSettings(payload));
    } else if (kind === KIND_DIGEST) {
      this.#events.digest(decodeDigest(payload));
    } else if (kind === ENTRY_CONFIG) {
      this.membership = decodeMembership(payload);
      this.configIndex = index;
    }
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
