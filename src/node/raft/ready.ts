/** Ready: the core's single output. Its parts may be acted on in any order and at any pace. */
import type { Entry } from './entry.ts';
import type { HardState } from './hard-state.ts';
import type { Message } from './message.ts';
import type { SnapshotOffer } from './snapshot.ts';

/**
 * One unit for the disk. Units are done in the order of `seq` and reported by `persisted(seq)` once
 * synced; several may be under way. Within a unit: hard state, restart, truncation, entries.
 */
export interface Persist {
  /** 1, 2, 3… since the start of the process. */
  readonly seq: number;
  /** Null when unchanged. */
  readonly hardState: HardState | null;
  /** The log begins anew after this entry, which a snapshot covers: nothing before it is kept. Null: it goes on. */
  readonly restart: { readonly index: number; readonly term: number } | null;
  /** Drop the entries with this index and above before `entries` are appended. */
  readonly truncateFrom: number | null;
  /**
   * Consecutive; the first follows what the disk holds after `truncateFrom`. Their payloads are as they are
   * until the unit is reported persisted.
   */
  readonly entries: readonly Entry[];
}

export interface Ready {
  /** Null when there is nothing to write. */
  readonly persist: Persist | null;
  /**
   * To be sent now, also before `persist` is done: whatever had to wait for the disk was held back
   * until then. Losing one is harmless. Entries in them are to be encoded before the next call of Raft.
   */
  readonly messages: readonly Message[];
  /**
   * Newly committed entries, each handed out once and in order, since the process started. Their payloads are
   * as they are until {@link Raft.applied} is told of them.
   */
  readonly committed: readonly Entry[];
  /**
   * The leader's log lacks what this member needs: this file is to be fetched, made durable under its name, and
   * given to {@link Raft.install}. Repeated while it is wanted; a later one may name a newer file, but what is being
   * fetched still helps. Null: nothing new.
   */
  readonly fetch: SnapshotOffer | null;
}
