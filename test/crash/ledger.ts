/**
 * What clients were told, and whether it fits together. One process runs all clients, so the order in
 * which things happen here is the order in real time, which linearizability is about:
 *
 * - counters: an INCR that was acknowledged returned more than anything acknowledged or read before it
 *   was sent, and no two returned the same (two primaries would);
 * - reads: a read returns no less than what was acknowledged or read before it was sent;
 * - unique keys: each was written once; if that was acknowledged it is there at the end.
 *
 * A write that failed may have been done, once or (the client library sends again) more often: it raises
 * nothing and proves nothing.
 */
export class Ledger {
  /** What went wrong, for people; empty is what we want. */
  readonly violations: string[] = [];
  acknowledgedWrites = 0;
  reads = 0;
  /** The highest value of each counter that a finished read or write has shown. */
  readonly #floor = new Map<string, number>();
  readonly #returned = new Map<string, Set<number>>();
  readonly #unique = new Map<string, string>();

  /** To be called before a counter's command is sent: what it must not fall below. */
  floor(key: string): number {
    return this.#floor.get(key) ?? 0;
  }

  /** An INCR of `key`, sent when the floor was `floor`, returned `value`. */
  incremented(key: string, floor: number, value: number): void {
    this.acknowledgedWrites++;
    if (value <= floor) {
      this.violations.push(`INCR ${key} returned ${value} after ${floor} had been seen`);
    }
    const returned = this.#returned.get(key) ?? new Set<number>();
    if (returned.has(value)) this.violations.push(`two INCR ${key} returned ${value}`);
    this.#returned.set(key, returned.add(value));
    this.#raise(key, value);
  }

  /** A GET of the counter `key`, sent when the floor was `floor`, returned `value` (0: no such key). */
  read(key: string, floor: number, value: number): void {
    this.reads++;
    if (value < floor) {
      this.violations.push(`GET ${key} returned ${value} after ${floor} had been seen`);
    }
    this.#raise(key, value);
  }

  /** Two counters that are only raised together were read together. */
  readPair(keys: string, first: number, second: number): void {
    this.reads++;
    if (first !== second) {
      this.violations.push(`${keys} were read as ${first} and ${second}: half an EXEC`);
    }
  }

  /** The write of a unique key was acknowledged. */
  wrote(key: string, value: string): void {
    this.acknowledgedWrites++;
    this.#unique.set(key, value);
  }

  /** Every acknowledged unique key with its value. */
  get unique(): ReadonlyMap<string, string> {
    return this.#unique;
  }

  /** The counters that were seen, with the highest value seen. */
  get counters(): ReadonlyMap<string, number> {
    return this.#floor;
  }

  /** A unique key was read when all was over. */
  found(key: string, value: string | null): void {
    const expected = this.#unique.get(key);
    if (value !== expected) {
      this.violations.push(`${key} was acknowledged as ${expected}; at the end it is ${value}`);
    }
  }

  #raise(key: string, value: number): void {
    if (value > this.floor(key)) this.#floor.set(key, value);
  }
}
