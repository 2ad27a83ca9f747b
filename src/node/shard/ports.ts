/**
 * The ports of the node's pure half: everything the shard wants from the world, and nothing else. The
 * shells `#node/log` and `#node/net` implement them for a real machine, `test/sim` for a simulated one.
 */
import type { Entry } from '#node/raft/entry.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { ClientConnection } from '#node/session/connection.ts';

export type { ClientConnection };

/** The member's transaction log on disk. */
export interface Disk {
  /**
   * Puts hard state and entries on disk, in the order of calls. Returns at once; the owner is told by
   * `onPersisted(seq)`, in order, when both are durable; payloads may change from then on. After a failed
   * write or sync nothing more is reported and the member must stop (rule W7).
   */
  persist(request: Persist): void;
  /** Entries [from, toExclusive) in order: at least one if `from` exists, then as many as fit `maxBytes`. */
  read(from: number, toExclusive: number, maxBytes: number): Entry[];
  /** Bytes that can still be written, as last measured (at most a second old). */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /**
   * Age in milliseconds of the oldest request that is not durable yet, counted anew from whatever was written since:
   * a large request takes long on a disk that is well. 0 when there is none.
   */
  oldestUnsyncedMs(nowMs: number): number;
  /** Entries below `index` are needed no more; what goes, and when, is the disk's business. */
  dropBefore(index: number): void;
}

/** A whole snapshot file under its name. */
export interface SnapshotFile {
  /** The last log entry that it covers, and that entry's term. */
  readonly index: number;
  readonly term: number;
  readonly sizeBytes: number;
}

/** The member's snapshot files. Whether they are encrypted on disk does not show here. */
export interface SnapshotFiles {
  /** Ascending by index. */
  readonly files: readonly SnapshotFile[];
  /**
   * Bytes [offset, offset + maxBytes) of a file, fewer at its end, valid until the next call; blocks. Throws when it is
   * gone or damaged.
   */
  read(index: number, offset: number, maxBytes: number): Uint8Array;
  /** A file in the making; it counts when it is published. */
  create(index: number, term: number): SnapshotSink;
  remove(index: number): void;
}

export interface SnapshotSink {
  /** Bytes given and not written yet: who writes pauses above a limit of its own. */
  readonly pendingBytes: number;
  /** `bytes` may be changed afterwards. */
  write(bytes: Uint8Array): void;
  /**
   * Makes the file durable under its name, then calls `done(null)`; with an error (also of an earlier write, also a
   * full disk) the file is gone and those before it stay. Never called from inside.
   */
  publish(done: (error: Error | null) => void): void;
  abandon(): void;
}

/** What the shell tells about one connection. */
export interface ClientHandler {
  /** bytes[start, end) arrived; they are valid only during the call. */
  data(bytes: Uint8Array, start: number, end: number): void;
  /** `bufferedBytes` has become 0 after it was not. */
  drained(): void;
  /** The client will send no more: close once its withheld replies have left. Absent: closed at once. */
  ended?(): void;
  closed(): void;
}

/** The shard's side of the client listener. */
export interface Clients {
  open(connection: ClientConnection): ClientHandler;
}

/** Frame types on peer links. */
export const PEER_FRAME_RAFT = 1;
export const PEER_FRAME_GOSSIP = 2;
export const PEER_FRAME_SNAPSHOT = 3;

/** Links to other members; best effort, as Raft assumes: frames may be lost, never changed. */
export interface Peers {
  /** Sends a frame. The caller may change `bytes` afterwards. */
  send(toMemberId: string, frameType: number, bytes: Uint8Array): void;
}

/**
 * Where a member stands in its term, for the pulse thread: it `leads`, it `follows` a leader that it has heard of, or
 * it is `leaving`: neither, or about to vote in the term that is named.
 */
export type PulseStanding = 'leads' | 'follows' | 'leaving';

/**
 * The thread that sends and answers heartbeats while this one is busy (docs/ARCHITECTURE.md, "Pulse"). Nothing here
 * waits. Times are this member's monotonic milliseconds.
 */
export interface Pulse {
  /** Says where this member stands. Costs nothing when that is as before. */
  publish(term: number, standing: PulseStanding): void;
  /** Says that the command thread lives, and when it last heard of the leader itself; 0: never. */
  tick(nowMs: number, contactMs: number): void;
  /**
   * To be called before anything is decided about a vote, or about standing, in `term`: from now on no pulse of an
   * earlier term is answered until {@link publish}. Returns until when no vote may be given, because of one that was.
   */
  beforeVote(term: number): number;
  /** When the leader of `term` was last heard of by a pulse that was answered; 0: not in this term. */
  heardMs(term: number): number;
  /** The send time of the last pulse of `term` that a member has answered; 0: none. */
  answeredSentMs(memberId: string, term: number): number;
}
