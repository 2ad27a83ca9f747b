/** Quorum: majority arithmetic, in fixed space because it runs for every acknowledgement. */
import { invariant } from '#base/invariant.ts';
import { VOTERS_MAX } from './membership.ts';

/** The smallest number of `voters` voters that any other such number of them overlaps. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Finds the value that a majority has reached: `clear`, `add` one value per voter, `reached`. */
export class Tally {
  readonly #values = new Float64Array(VOTERS_MAX);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  add(value: number): void {
    invariant(this.#count < VOTERS_MAX, 'a group has at most VOTERS_MAX voters');
    let at = this.#count++;
    for (; at > 0 && this.#values[at - 1] < value; at--) this.#values[at] = this.#values[at - 1];
    this.#values[at] = value;
  }

  /** The highest value v such that a majority of the added values is at least v. */
  reached(): number {
    invariant(this.#count > 0, 'a group has voters');
    return this.#values[majorityOf(this.#count) - 1];
  }
}
