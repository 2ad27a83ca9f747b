/** Waiting times with jitter, so that many failures at once do not come back at once. */

/** A number in [0, 1). */
export type Random = () => number;

/** Doubling from `firstMs` to `mostMs` with full jitter in the upper half; reset on success. */
export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #random: Random;
  #failures = 0;

  constructor(firstMs: number, mostMs: number, random: Random = Math.random) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#random = random;
  }

  /** How many times {@link nextMs} was asked since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** The next wait in milliseconds, at least `atLeastMs` (a server's Retry-After). */
  nextMs(atLeastMs = 0): number {
    const ceiling = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return Math.max(atLeastMs, Math.round(ceiling * (0.5 + 0.5 * this.#random())));
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** `ms` give or take `fraction` of it. */
export function jittered(ms: number, fraction = 0.2, random: Random = Math.random): number {
  return Math.round(ms * (1 - fraction + 2 * fraction * random()));
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
