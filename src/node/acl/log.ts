/** ACL LOG: the last refusals on this member, newest first, equal ones within a minute counted together. */

/** Entries kept (Redis' `acllog-max-len`). */
const ENTRIES_MAX = 128;
/** Equal refusals this close are one entry. */
const GROUP_MS = 60_000;
/** Longest object kept, in characters: it comes from clients. */
const OBJECT_MAX = 256;

export type AclDenial = 'auth' | 'command' | 'key' | 'channel';
export type AclLogContext = 'toplevel' | 'multi' | 'lua';

export interface AclRefusal {
  readonly reason: AclDenial;
  readonly context: AclLogContext;
  /** The command, key or channel that was refused; the command's name for `auth`. */
  readonly object: string;
  readonly userName: string;
  /** The connection's line of CLIENT LIST. */
  readonly client: string;
}

export interface AclLogEntry extends AclRefusal {
  readonly id: number;
  count: number;
  readonly createdMs: number;
  updatedMs: number;
}

export class AclLog {
  #entries: AclLogEntry[] = [];
  #nextId = 0;
  /** Refusals since the start, for INFO and metrics. */
  readonly denied: Record<AclDenial, number> = { auth: 0, command: 0, key: 0, channel: 0 };

  /** @param nowMs wall clock, milliseconds since the epoch */
  add(refusal: AclRefusal, nowMs: number): void {
    this.denied[refusal.reason]++;
    const object = refusal.object.slice(0, OBJECT_MAX);
    const at = this.#entries.findIndex(
      (e) =>
        e.reason === refusal.reason &&
        e.context === refusal.context &&
        e.object === object &&
        e.userName === refusal.userName &&
        nowMs - e.createdMs <= GROUP_MS,
    );
    if (at !== -1) {
      const [entry] = this.#entries.splice(at, 1);
      entry.count++;
      entry.updatedMs = nowMs;
      this.#entries.unshift(entry);
      return;
    }
    this.#entries.unshift({
      ...refusal,
      object,
      id: this.#nextId++,
      count: 1,
      createdMs: nowMs,
      updatedMs: nowMs,
    });
    if (this.#entries.length > ENTRIES_MAX) this.#entries.pop();
  }

  /** The newest `count` entries. */
  newest(count: number): readonly AclLogEntry[] {
    return this.#entries.slice(0, count);
  }

  clear(): void {
    this.#entries = [];
  }
}
