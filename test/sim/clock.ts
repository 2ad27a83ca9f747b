/**
 * A machine's clocks. The monotonic one runs at its own rate and stands while the machine is suspended; the wall
 * clock is kept by a time service, so it is off by a little, may be set, and goes on meanwhile.
 */
import type { Clock } from '#base/clock.ts';
import type { World } from './world.ts';

const EPOCH_MS = 1_700_000_000_000;

export class SimClock implements Clock {
  readonly #world: World;
  /** Speed of the monotonic clock against true time, about 1. */
  #rate: number;
  #startMs: number;
  /** What the wall clock shows more than true time since the epoch of this simulation. */
  wallOffsetMs = EPOCH_MS;
  /** How long the machine was suspended since it started, in true time. */
  suspendedMs = 0;

  constructor(world: World, rate: number) {
    this.#world = world;
    this.#rate = rate;
    this.#startMs = world.nowMs;
  }

  monotonicMs(): number {
    return 10_000 + (this.#world.nowMs - this.#startMs - this.suspendedMs) * this.#rate;
  }

  wallMs(): number {
    return this.wallOffsetMs + this.#world.nowMs;
  }

  /** A new process: the monotonic clock begins anew, at another rate; the wall clock goes on. */
  restart(rate: number): void {
    this.#rate = rate;
    this.#startMs = this.#world.nowMs;
    this.suspendedMs = 0;
  }
}
