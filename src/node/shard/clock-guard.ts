/**
 * Notices when wall and monotonic clock move apart: the machine was suspended (the monotonic clock stood
 * still while a lease ran out for everybody else) or somebody set the time. Rule W5.
 *
 * Small steps must not add up unnoticed within a lease, so what is compared with is not the last look: it follows
 * what is seen at a limited rate.
 */
import type { Clock } from '#base/clock.ts';

/** How fast clocks may drift apart without that being a jump, as a part of the time that passes. */
const FOLLOWED_PART = 0.05;

export class ClockGuard {
  /** By how many milliseconds the wall clock ran ahead of (or, negative, behind) the monotonic one. */
  lastJumpMs = 0;
  readonly #clock: Clock;
  readonly #toleranceMs: number;
  #offsetMs: number;
  #lookedMs: number;

  /** @param toleranceMs what goes unnoticed, drift apart (clock slewing, rounding). */
  constructor(clock: Clock, toleranceMs: number) {
    this.#clock = clock;
    this.#toleranceMs = toleranceMs;
    this.#lookedMs = clock.monotonicMs();
    this.#offsetMs = clock.wallMs() - this.#lookedMs;
  }

  /** True once for each jump since the last look. */
  jumped(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const offsetMs = this.#clock.wallMs() - nowMs;
    const byMs = offsetMs - this.#offsetMs;
    const followedMs = (nowMs - this.#lookedMs) * FOLLOWED_PART;
    this.#lookedMs = nowMs;
    if (Math.abs(byMs) > this.#toleranceMs) {
      this.lastJumpMs = byMs;
      this.#offsetMs = offsetMs;
      return true;
    }
    this.#offsetMs += Math.max(-followedMs, Math.min(followedMs, byMs));
    return false;
  }
}

/**
 * What a {@link ClockGuard} may leave unnoticed: a quarter of what a lease is shorter than the promise that it rests
 * on. The rest is for clocks that run at different rates.
 */
export function clockToleranceMs(
  clockJumpMs: number,
  electionTimeoutMs: number,
  leaseFraction: number,
): number {
  return Math.min(clockJumpMs, (electionTimeoutMs * (1 - leaseFraction)) / 4);
}
