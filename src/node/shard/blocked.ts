/**
 * Sessions whose command is blocked (`#node/commands/blocked-command.ts`), and when to ask them again: when there
 * are news of what they may wait for, or the first of them has waited for as long as it wants.
 */
import { ERRORS } from '#node/resp/errors.ts';
import { unblock, wake } from '#node/session/blocking.ts';
import type { SessionHost } from '#node/session/host.ts';
import type { Session } from '#node/session/session.ts';

export class BlockedSessions {
  /** A member's log, this one's too, is further on disk than it was. */
  news = false;
  readonly #sessions = new Set<Session>();
  readonly #host: SessionHost;
  #soonestMs = Number.POSITIVE_INFINITY;

  constructor(host: SessionHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** It has asked just now. */
  add(session: Session): void {
    if (this.#sessions.size === 0) this.news = false;
    this.#sessions.add(session);
    this.#soonestMs = Math.min(this.#soonestMs, session.blockedUntilMs);
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
  }

  /** Asks them, if there is a reason to. What they answer stands in the replies of this turn. */
  look(nowMs: number): void {
    const due = this.news || nowMs >= this.#soonestMs;
    this.news = false;
    if (!due || this.#sessions.size === 0) return;
    this.#soonestMs = Number.POSITIVE_INFINITY;
    for (const session of this.#sessions) {
      if (wake(session, this.#host, nowMs)) this.#sessions.delete(session);
      else this.#soonestMs = Math.min(this.#soonestMs, session.blockedUntilMs);
    }
  }

  /** Rule W6: this member leads no more, so that what they wait for may never come. */
  unblock(): void {
    for (const session of this.#sessions) unblock(session, this.#host, ERRORS.unblockedByRole);
    this.#sessions.clear();
  }
}
