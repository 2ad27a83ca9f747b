/**
 * Runs the real code of two threads in every order of their atomic steps. A thread cannot be stopped in the middle
 * of a function, so a step is taken by running it anew: what it read before comes from a record, the next access
 * goes to memory, and at the one after that it is thrown out.
 */
import type { Words } from '#node/pulse/cell.ts';

/** One thread: `act` runs on what `make` built before the other thread existed. */
export interface Thread<S, T> {
  readonly make: (words: Words) => S;
  readonly act: (made: S) => T;
}

const SUSPENDED = Symbol('suspended');

class Memory implements Words {
  readonly #words: Map<number, bigint>;

  constructor(words: ReadonlyMap<number, bigint> = new Map()) {
    this.#words = new Map(words);
  }

  load(at: number): bigint {
    return this.#words.get(at) ?? 0n;
  }

  store(at: number, value: bigint): void {
    this.#words.set(at, value);
  }

  copy(): Memory {
    return new Memory(this.#words);
  }
}

/** Memory as a thread sees it that has taken `record.length` steps and takes one more. */
class Replay implements Words {
  readonly record: bigint[];
  readonly #memory: Memory;
  #at = 0;
  #stepped = false;

  constructor(memory: Memory, record: readonly bigint[]) {
    this.#memory = memory;
    this.record = [...record];
  }

  load(at: number): bigint {
    return this.#step(() => this.#memory.load(at));
  }

  store(at: number, value: bigint): void {
    this.#step(() => {
      this.#memory.store(at, value);
      return 0n;
    });
  }

  #step(access: () => bigint): bigint {
    if (this.#at < this.record.length) return this.record[this.#at++];
    if (this.#stepped) throw SUSPENDED;
    this.#stepped = true;
    this.#at++;
    const value = access();
    this.record.push(value);
    return value;
  }
}

type Progress<T> = { readonly record: readonly bigint[] } | { readonly result: T };

/** Words that are one memory while a thread is made and another one while it acts. */
class Switch implements Words {
  target: Words;

  constructor(target: Words) {
    this.target = target;
  }

  load(at: number): bigint {
    return this.target.load(at);
  }

  store(at: number, value: bigint): void {
    this.target.store(at, value);
  }
}

function step<S, T>(
  thread: Thread<S, T>,
  start: Memory,
  memory: Memory,
  record: readonly bigint[],
): Progress<T> {
  const words = new Switch(start.copy());
  const made = thread.make(words);
  const replay = new Replay(memory, record);
  words.target = replay;
  try {
    return { result: thread.act(made) };
  } catch (thrown) {
    if (thrown !== SUSPENDED) throw thrown;
    return { record: replay.record };
  }
}

/** Calls `seen` with the two results of every order; returns how many orders there are. */
export function interleave<A, B, X, Y>(
  setUp: (words: Words) => void,
  a: Thread<A, X>,
  b: Thread<B, Y>,
  seen: (a: X, b: Y) => void,
): number {
  const start = new Memory();
  setUp(start);
  const visit = (memory: Memory, ofA: Progress<X>, ofB: Progress<Y>): number => {
    if ('result' in ofA && 'result' in ofB) {
      seen(ofA.result, ofB.result);
      return 1;
    }
    let orders = 0;
    if ('record' in ofA) {
      const next = memory.copy();
      orders += visit(next, step(a, start, next, ofA.record), ofB);
    }
    if ('record' in ofB) {
      const next = memory.copy();
      orders += visit(next, ofA, step(b, start, next, ofB.record));
    }
    return orders;
  };
  return visit(start, { record: [] }, { record: [] });
}
