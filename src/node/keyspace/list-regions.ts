/**
 * Which elements of a list a walk has still to hand out, while the list changes: stretches of elements that stand as
 * they stood when the walk began, each with where it is now and what its index was then.
 *
 * Invariant: stretches are in order, do not overlap and are not empty.
 */

/** Elements [at, at + count) had the indexes [first, first + count). */
export interface Stretch {
  at: number;
  first: number;
  count: number;
}

export class ListRegions {
  /** All that has to be handed out, first to last. */
  readonly stretches: Stretch[];

  constructor(size: number) {
    this.stretches = [{ at: 0, first: 0, count: size }];
  }

  /** An element is put before the one at `index`, or at the end. */
  inserted(index: number): void {
    const { stretches } = this;
    for (let i = stretches.length - 1; i >= 0; i--) {
      const stretch = stretches[i];
      const end = stretch.at + stretch.count;
      if (end <= index) return;
      if (stretch.at < index) this.#split(i, index, index);
      const after = stretches[stretch.at < index ? i + 1 : i];
      after.at++;
    }
  }

  /** The elements [index, index + count), which have been handed out, are removed. */
  removed(index: number, count: number): void {
    for (let i = this.stretches.length - 1; i >= 0; i--) {
      const stretch = this.stretches[i];
      if (stretch.at < index) return;
      stretch.at -= count;
    }
  }

  /** The elements [from, to), which are in this stretch, have been handed out. */
  handedOut(stretch: Stretch, from: number, to: number): void {
    const { stretches } = this;
    const i = stretches.indexOf(stretch);
    const end = stretch.at + stretch.count;
    if (from > stretch.at && to < end) {
      this.#split(i, from, to);
    } else if (from > stretch.at) {
      stretch.count = from - stretch.at;
    } else if (to < end) {
      stretch.first += to - stretch.at;
      stretch.count = end - to;
      stretch.at = to;
    } else {
      stretches.splice(i, 1);
    }
  }

  /** Leaves [at, from) and [to, end) of a stretch. */
  #split(i: number, from: number, to: number): void {
    const stretch = this.stretches[i];
    const end = stretch.at + stretch.count;
    const first = stretch.first + to - stretch.at;
    stretch.count = from - stretch.at;
    this.stretches.splice(i + 1, 0, { at: to, first, count: end - to });
  }
}
