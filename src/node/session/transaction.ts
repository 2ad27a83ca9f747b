/** MULTI's queue and WATCH's keys of one connection. */
import type { CommandEntry } from '#node/commands/command-index.ts';
import type { Keyspace, WatchToken } from '#node/keyspace/keyspace.ts';
import type { Arguments } from '#node/resp/arguments.ts';

/** What a queued command costs beyond its bytes (two array entries and the ranges). */
const COMMAND_OVERHEAD_BYTES = 128;

export class Transaction {
  /** MULTI was sent. */
  open = false;
  /** A command could not be queued: EXEC answers EXECABORT. */
  broken = false;
  readonly entries: CommandEntry[] = [];
  readonly args: Arguments[] = [];
  /** Memory of the queue, in bytes. */
  bytes = 0;
  #watched: WatchToken[] = [];

  get watchCount(): number {
    return this.#watched.length;
  }

  /** Something queued changes keys. */
  get writes(): boolean {
    return this.entries.some((entry) => entry.isWrite);
  }

  /** Something queued reads or changes the keyspace. */
  get touchesKeyspace(): boolean {
    return this.entries.some((entry) => entry.touchesKeyspace);
  }

  /** Queues a copy of the command. */
  add(entry: CommandEntry, args: Arguments): void {
    const copy = args.copy();
    this.entries.push(entry);
    this.args.push(copy);
    this.bytes += copy.bytes.length + copy.count * 8 + COMMAND_OVERHEAD_BYTES;
  }

  /** Ends MULTI; watched keys stay. */
  close(): void {
    this.open = false;
    this.broken = false;
    this.entries.length = 0;
    this.args.length = 0;
    this.bytes = 0;
  }

  watch(keyspace: Keyspace, bytes: Uint8Array, start: number, end: number): void {
    const token = keyspace.watch(bytes, start, end);
    if (this.#watched.some((known) => known.key === token.key)) keyspace.unwatch(token);
    else this.#watched.push(token);
  }

  unwatch(keyspace: Keyspace): void {
    for (const token of this.#watched) keyspace.unwatch(token);
    this.#watched = [];
  }

  /**
   * Has a watched key changed, or expired, since it was watched? The keyspace notes what it looks at, so that
   * the reply of EXEC waits for the last effects on these keys (rule W2).
   */
  anyModified(keyspace: Keyspace): boolean {
    for (const token of this.#watched) if (keyspace.modifiedSince(token)) return true;
    return false;
  }
}
