/** The log in memory and where it meets the disk. */
import { expect, test } from 'vitest';
import { Prng } from '#base/prng.ts';
import type { Entry } from './entry.ts';
import { Tally, majorityOf } from './quorum.ts';
import { RaftLog } from './raft-log.ts';
import { SimulatedDisk } from './testing/simulated-disk.ts';
import { entry } from './testing/solo.ts';

function emptyLog(maxCachedBytes = 1 << 16): { log: RaftLog; disk: SimulatedDisk } {
  const disk = new SimulatedDisk();
  const recovered = disk.recover({ voters: ['a'], learners: [] });
  return { log: new RaftLog(recovered, disk, maxCachedBytes), disk };
}

/**
 * A log and the plain list of entries that it should be like; the disk holds all at once. The list keeps what the log
 * drops, and where the log restarted, entries that nobody ever saw.
 */
class Twin {
  readonly random: Prng;
  readonly log: RaftLog;
  readonly model: Entry[];
  readonly handedOut: Entry[] = [];
  #committed = 0;
  #handedOutTo = 0;
  #term = 1;

  constructor(seed: number) {
    this.random = new Prng(seed);
    const { log, disk } = emptyLog(5 * 33);
    this.log = log;
    this.model = disk.entries;
  }

  change(): void {
    const { random, log, model } = this;
    const dice = random.below(10);
    if (dice < 5) {
      if (random.chance(0.1)) this.#term++;
      const next = entry(model.length + 1, this.#term);
      log.append(next);
      model.push(next);
    } else if (dice === 5 && model.length > this.#committed) {
      const from = this.#committed + 1 + random.below(model.length - this.#committed);
      log.truncate(from);
      model.length = from - 1;
    } else if (dice === 6) {
      this.#committed += random.below(model.length - this.#committed + 1);
      log.commitTo(this.#committed);
    } else if (dice === 7) {
      for (const { payload, ...rest } of log.takeCommitted(70)) {
        this.handedOut.push({ ...rest, payload: payload.slice() });
        this.#handedOutTo = rest.index;
      }
      log.trim(model.length, this.#handedOutTo);
    } else if (dice === 8) {
      log.compact(random.below(this.#handedOutTo + 1));
    } else if (dice === 9 && random.chance(0.1)) {
      this.#restart(this.#committed + 1 + random.below(5));
    }
  }

  #restart(index: number): void {
    const { log, model } = this;
    model.length = this.#committed;
    while (model.length < index) model.push(entry(model.length + 1, this.#term));
    log.restart(index, this.#term);
    this.#committed = index;
    this.#handedOutTo = index;
    this.handedOut.length = 0;
  }

  /** What the log says and what the list says, of a random index. */
  compare(): { said: unknown[]; expected: unknown[] } {
    const { random, log, model, handedOut } = this;
    const first = log.firstIndex - 1;
    const index = first + random.below(model.length - first + 1);
    const below = random.below(this.#term + 2);
    const term = model[index - 1]?.term ?? 0;
    // of what is before the log it knows only that it goes up to the term of entry firstIndex - 1
    const within = model.slice(0, index).filter((it) => it.term <= below).length;
    const agree = within < first ? first - 1 : within;
    const slice = index === first ? [] : log.slice(index, model.length + 1, 100);
    const fits = slice.length >= Math.min(index - first, 1) && slice.length <= 3;
    const handedOutFrom = this.#handedOutTo - handedOut.length;
    return {
      said: [
        log.lastIndex,
        log.termAt(index),
        log.lastAtOrBelowTerm(index, below),
        [log.matches(index, term), log.matches(index, term + 1)],
        slice,
        fits,
        handedOut,
      ],
      expected: [
        model.length,
        term,
        agree,
        [true, false],
        model.slice(index - 1, index - 1 + slice.length),
        true,
        model.slice(handedOutFrom, this.#handedOutTo),
      ],
    };
  }
}

test('the log says of any index what a plain list of entries says (random)', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const twin = new Twin(seed);
    for (let step = 0; step < 200; step++) {
      twin.change();
      const { said, expected } = twin.compare();
      expect(said, `seed ${seed}`).toEqual(expected);
    }
  }
});

test('memory keeps what is not on disk or not applied, and else up to three quarters of its limit', () => {
  const { log, disk } = emptyLog(100);
  for (let index = 1; index <= 10; index++) {
    log.append(entry(index, 1));
    disk.entries.push(entry(index, 1));
  }
  log.trim(10, 8);
  expect(log.cachedBytes).toBe(330);
  log.commitTo(8);
  expect(log.takeCommitted(1e9).length).toBe(8);
  log.trim(4, 8);
  expect(log.cachedBytes).toBe(6 * 33);
  log.trim(10, 5);
  expect(log.cachedBytes).toBe(5 * 33);
  log.trim(10, 8);
  expect(log.cachedBytes).toBe(66);
});

test('what is cut off keeps its bytes: it may be on its way to the disk', () => {
  const { log } = emptyLog(400);
  const append = (index: number, byte: number): Entry =>
    log.append({ index, term: 1, kind: 2, payload: new Uint8Array(30).fill(byte) });
  append(1, 1);
  const dropped = append(2, 2);
  log.truncate(2);
  for (let index = 2; index <= 50; index++) {
    append(index, 3);
    log.commitTo(index);
    log.takeCommitted(1e9);
    log.trim(index, index);
  }
  expect(dropped.payload).toEqual(new Uint8Array(30).fill(2));
});

test('a log that was dropped as a whole knows the term before it, and what that rules out', () => {
  const { log } = emptyLog();
  for (const [at, term] of [2, 2, 5, 5].entries()) log.append(entry(at + 1, term));
  log.commitTo(4);
  log.takeCommitted(1e9);
  log.compact(3);
  expect([log.firstIndex, log.termAt(3), log.lastTerm]).toEqual([4, 5, 5]);
  log.compact(4);
  log.compact(2);
  expect([log.firstIndex, log.lastIndex, log.termAt(4), log.lastTerm]).toEqual([5, 4, 5, 5]);
  expect([log.lastAtOrBelowTerm(9, 5), log.lastAtOrBelowTerm(9, 4)]).toEqual([4, 3]);
  expect(log.lastAtOrBelowTerm(2, 1), 'nothing is known of it').toBe(2);
  expect([log.isUpToDate(4, 5), log.isUpToDate(3, 5), log.isUpToDate(9, 4)]).toEqual([
    true,
    false,
    false,
  ]);
  log.append(entry(5, 5));
  log.append(entry(6, 7));
  expect([log.termAt(5), log.termAt(6)]).toEqual([5, 7]);
  expect(() => log.termAt(3)).toThrow('the log has that index');
});

test('a committed entry cannot be cut off', () => {
  const { log } = emptyLog();
  log.append(entry(1, 1));
  log.commitTo(1);
  expect(() => log.truncate(1)).toThrow('never dropped');
  expect(() => log.restart(1, 1)).toThrow('never dropped');
  expect(() => log.compact(1)).toThrow('only what was handed out');
});

test('a tally says what a majority has reached', () => {
  const tally = new Tally();
  const reached = (...values: number[]): number => {
    tally.clear();
    for (const value of values) tally.add(value);
    return tally.reached();
  };
  expect(reached(5)).toBe(5);
  expect(reached(5, 9)).toBe(5);
  expect(reached(1, 9, 5)).toBe(5);
  expect(reached(1, 2, 3, 4)).toBe(2);
  expect(reached(-Infinity, Infinity, 3, 3, 4)).toBe(3);
  expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3]);
});
