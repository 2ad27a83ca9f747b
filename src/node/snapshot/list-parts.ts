/**
 * Puts a list together from parts in any order: what comes before its turn waits in lists of its own.
 *
 * Invariant: `waiting` is in order, nothing in it overlaps, and all of it comes after `next`.
 */
import type { ByteRange } from '#base/byte-range.ts';
import type { Loader } from '#node/keyspace/loader.ts';

/** Elements [first, end), in the list at `root`; 0 when nothing is loaded. */
interface Waiting {
  readonly first: number;
  end: number;
  root: number;
}

export class ListParts {
  /** All elements before this index have come. */
  #next = 0;
  readonly #waiting: Waiting[] = [];
  readonly #loader: Loader | null;
  /** Where the elements of the part that is read go; null for the list itself. */
  #into: Waiting | null = null;

  constructor(loader: Loader | null) {
    this.#loader = loader;
  }

  /** A part with the elements [first, end) follows; false when one of them has come already. */
  begin(first: number, end: number): boolean {
    const waiting = this.#waiting;
    const at = this.#placeOf(first);
    const before = at === 0 ? this.#next : waiting[at - 1].end;
    if (first < before || (at < waiting.length && end > waiting[at].first)) return false;
    if (first === this.#next) {
      this.#into = null;
      this.#next = end;
    } else if (first === before) {
      this.#into = waiting[at - 1];
      this.#into.end = end;
    } else {
      this.#into = { first, end, root: this.#loader?.beginAside() ?? 0 };
      waiting.splice(at, 0, this.#into);
    }
    return true;
  }

  add(element: ByteRange): void {
    const into = this.#into;
    if (this.#loader === null) return;
    if (into === null) this.#loader.addElement(element);
    else into.root = this.#loader.addAside(into.root, element);
  }

  /** The part is over. */
  end(): void {
    const waiting = this.#waiting;
    while (waiting.length > 0 && waiting[0].first === this.#next) {
      this.#loader?.takeAside(waiting[0].root);
      this.#next = waiting[0].end;
      waiting.shift();
    }
  }

  /** How many of those that wait begin at or before an index. */
  #placeOf(first: number): number {
    const waiting = this.#waiting;
    let low = 0;
    let high = waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (waiting[middle].first <= first) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
