/**
 * Lease: how long a leader may answer without asking (dissertation §6.4.1).
 *
 * A member that acknowledges a heartbeat or append promises no vote for the shortest election timeout
 * from the moment it got it. That moment lies after the message's send time, so until
 * `sendTime + electionTimeout` the members that acknowledged, a majority, elect nobody; the lease ends
 * earlier, by `leaseFraction`, because their clocks may run faster than the leader's (SPEC R6).
 */
export class Lease {
  readonly #lengthMs: number;
  /** The latest send time that a majority has acknowledged. */
  #fromMs = -Infinity;
  /** Rounds sent at or before this time do not count: the clock was in doubt. */
  #floorMs = -Infinity;
  #surrendered = false;

  /** @param lengthMs the shortest election timeout times the lease fraction. */
  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /**
   * Sets the latest send time that a majority of the present voters has acknowledged: Infinity when
   * this member alone is a majority. It may fall, when the membership changes.
   */
  renew(fromMs: number): void {
    this.#fromMs = fromMs;
  }

  /** Ends the lease until a majority acknowledges a round sent after `nowMs`. */
  drop(nowMs: number): void {
    this.#floorMs = Math.max(this.#floorMs, nowMs);
  }

  /** Ends it for good: another member was told to stand. */
  surrender(): void {
    this.#surrendered = true;
  }

  /** True while nobody else can have been elected. */
  valid(nowMs: number): boolean {
    return (
      !this.#surrendered && this.#fromMs > this.#floorMs && nowMs < this.#fromMs + this.#lengthMs
    );
  }
}
