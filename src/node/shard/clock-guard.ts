/**
 * Notices when wall and monotonic clock move apart: the machine was suspended (the monotonic clock stood
 * still while a lease ran out for everybody else) or somebody set the time. Rule W5.
 */
import type { Clock } from '#base/clock.ts';

export class ClockGuard {
  /** By how many milliseconds the wall clock ran ahead of (or, negative, behind) the monotonic one. */
  lastJumpMs = 0;
  readonly #clock: Clock;
  readonly #toleranceMs: number;
  #offsetMs: number;

  /** @param toleranceMs drift between two looks that is still normal (clock slewing, rounding). */
  constructor(clock: Clock, toleranceMs: number) {
    this.#clock = clock;
    this.#toleranceMs = toleranceMs;
    this.#offsetMs = clock.wallMs() - clock.monotonicMs();
  }

  /** True once for each jump since the last look. */
  jumped(): boolean {
    const offsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    this.lastJumpMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    return Math.abs(this.lastJumpMs) > this.#toleranceMs;
  }
}
