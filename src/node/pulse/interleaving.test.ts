/**
 * The safety of the pulse, tried out: a command thread that votes against a pulse thread that promises, in every
 * order of their accesses to the cell, with the code that really runs.
 */
import { expect, test } from 'vitest';
import { readStamp, SLOTS, slotWord, STATE, type Words, writeStamp } from './cell.ts';
import { CommandSide } from './command-side.ts';
import { PulseSide } from './pulse-side.ts';
import { interleave, type Thread } from './testing/interleave.ts';

const NOW_MS = 1000;
const TIMING = { electionTimeoutMs: 400, heartbeatMs: 50, maxStallMs: 5000 };

function follower(words: Words): CommandSide {
  const side = new CommandSide(words);
  side.tick(NOW_MS, NOW_MS - 10);
  side.publish(5, 'follows');
  return side;
}

/** What the Raft core does with a vote request of term 6, and the member with what comes of it. */
function vote(side: CommandSide): boolean {
  const granted = NOW_MS >= side.beforeVote(6);
  if (granted) side.publish(6, 'leaving');
  else side.publish(5, 'follows');
  return granted;
}

const voter: Thread<CommandSide, boolean> = { make: follower, act: vote };

const answerer = (times: number): Thread<PulseSide, number> => ({
  make: (words) => new PulseSide(words, TIMING),
  act: (side) => {
    let answered = 0;
    for (let time = 0; time < times; time++) {
      if (side.answers({ term: 5, sentUs: 1 + time }, NOW_MS + time)) answered++;
    }
    return answered;
  },
});

test('R6: never is both a vote given and a pulse of the term before answered', () => {
  const outcomes = new Set<string>();
  const orders = interleave(follower, voter, answerer(2), (granted, answered) => {
    outcomes.add(`${granted} ${answered}`);
    expect(granted && answered > 0).toBe(false);
  });
  expect(orders).toBeGreaterThan(50);
  // none, one or both pulses, and no vote; or a vote; or, unluckily, neither
  expect([...outcomes].sort()).toEqual(['false 0', 'false 1', 'false 2', 'true 0']);
});

test('R6: a pre-vote, after which the old term is followed on, leaves no gap for a vote', () => {
  const outcomes = new Set<string>();
  const twice: Thread<CommandSide, boolean> = {
    make: follower,
    act: (side) => {
      side.beforeVote(6);
      side.publish(5, 'follows');
      return vote(side);
    },
  };
  interleave(follower, twice, answerer(1), (granted, answered) => {
    outcomes.add(`${granted} ${answered}`);
    expect(granted && answered > 0).toBe(false);
  });
  expect([...outcomes].sort()).toEqual(['false 0', 'false 1', 'true 0']);
});

/** Memory in which the state looks for ever as when it was first read. */
class Credulous implements Words {
  readonly #words: Words;
  #state: bigint | null = null;

  constructor(words: Words) {
    this.#words = words;
  }

  load(at: number): bigint {
    if (at !== STATE) return this.#words.load(at);
    this.#state ??= this.#words.load(at);
    return this.#state;
  }

  store(at: number, value: bigint): void {
    this.#words.store(at, value);
  }
}

test('without the second look at the state both could happen, and this test would see it', () => {
  let both = 0;
  const credulous: Thread<PulseSide, boolean> = {
    make: (words) => new PulseSide(new Credulous(words), TIMING),
    act: (side) => side.answers({ term: 5, sentUs: 1 }, NOW_MS),
  };
  interleave(follower, voter, credulous, (granted, answered) => {
    if (granted && answered) both++;
  });
  expect(both).toBeGreaterThan(0);
});

test('a stamp that is read while it is written gives its own term or nothing', () => {
  const word = slotWord(SLOTS - 1);
  const seen = new Set<number>();
  const writer: Thread<Words, null> = {
    make: (words) => words,
    act: (words) => {
      writeStamp(words, word, 6, 200);
      writeStamp(words, word, 7, 300);
      return null;
    },
  };
  for (const term of [5, 6, 7]) {
    const reader: Thread<Words, number> = {
      make: (words) => words,
      act: (words) => readStamp(words, word, term),
    };
    interleave(
      (words) => writeStamp(words, word, 5, 100),
      writer,
      reader,
      (_, us) => {
        seen.add(us);
        expect([0, (term - 4) * 100]).toContain(us);
      },
    );
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 100, 200, 300]);
});
