/** The member's transaction log on disk: append with group commit, read back, tell what is durable. */
import type { Entry } from '#node/raft/entry.ts';
import type { Persist } from '#node/raft/raft.ts';
import type { Disk } from '#node/shard/ports.ts';

export interface Log extends Disk {
  persist(request: Persist): void;
  read(from: number, toExclusive: number, maxBytes: number): Entry[];
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** True while there is no room for the next segment. */
  readonly full: boolean;
  oldestUnsyncedMs(nowMs: number): number;
  readonly firstIndex: number;
  /** Last index on disk. */
  readonly lastIndex: number;
  /** Appends the sync mark now if the last batch has none yet. */
  idle(): void;
  /** Waits for what was accepted, then closes files and gives the lock back. */
  close(): Promise<void>;
}
