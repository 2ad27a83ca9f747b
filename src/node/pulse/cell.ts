/**
 * The cell: the memory that the command thread and the pulse thread share, and why no lease breaks while the
 * pulse thread promises in the command thread's name.
 *
 * The danger: the pulse thread of a follower answers a leader's pulse, by which it promises no vote for an
 * election timeout (raft SPEC R6), while its command thread votes for somebody else. Neither may wait for the
 * other, so both say what they are about to do before they look at what the other does (Dekker):
 *
 *   command thread                               pulse thread
 *   V1  STATE := leaving for term t              A1  STATE is "follows" in the term of the pulse, else no answer
 *   V2  reads PROMISE                            A2  PROMISE := until when it promises
 *   V3  votes only if that time is over          A3  answers only if STATE is still what A1 read
 *
 * Atomics are sequentially consistent, so in the one order of all steps either A2 comes before V2, and the vote is
 * refused; or V1 and V2 come before A2, and A3 sees that STATE has changed: once a vote in term t is given, STATE
 * says t or more for ever, and the pulse was of an earlier term. (A pulse of term t itself harms nobody: its sender
 * leads t, so nobody else wins t.) A refused vote, or a pre-vote, which binds nobody, leaves the old term behind:
 * STATE may then say "follows" again. `interleaving.test.ts` tries every order of these steps.
 *
 * PROMISE is never shortened, also not by a pulse thread that was started anew after the first one died. A process
 * that starts keeps the promise of the one before it in the Raft core (`Core`'s constructor).
 *
 * On the leader nothing can be unsafe: the pulse thread writes down which of its pulses was answered, with their
 * term, and only the command thread judges the lease, in the term that it leads now.
 *
 * Words of 64 bits are read and written whole. A stamp (a time with its term) takes two: the time is cleared before
 * the term is written and set after; a reader that sees the same time before and after reading the term has the
 * term that belongs to it, because the times of one stamp rise. Times are microseconds of the command thread's
 * monotonic clock (`epoch.ts`); 0: never.
 *
 * BigInts are garbage. So this is for what happens at most every few milliseconds: ticks, pulses, votes, a change of
 * role, a lease that has run out. No command and no turn comes here.
 */
import { invariant } from '#base/invariant.ts';
import type { PulseStanding } from '#node/shard/ports.ts';

/** What the command thread says of its member: a {@link CellState}. */
export const STATE = 0;
/** When the command thread last ticked. */
export const TICK = 1;
/** When a follower's core last heard of its leader itself. */
export const CONTACT = 2;
/** Until when the pulse thread has promised no vote. */
export const PROMISE = 3;
/** Stamp: the last pulse that was answered. */
export const HEARD = 4;
const FIRST_SLOT = 6;
/**
 * Stamps of what others answered. A slot belongs to one memberId for the life of the process, so that no answer is
 * ever taken for another member's.
 */
export const SLOTS = 1024;
const WORDS = FIRST_SLOT + 2 * SLOTS;

export const CELL_BYTES = 8 * WORDS;

/** As numbered in the cell. */
const STANDINGS = ['leaving', 'follows', 'leads'] as const satisfies readonly PulseStanding[];

export interface CellState {
  readonly term: number;
  readonly standing: PulseStanding;
}

/** Memory of 64-bit words under sequentially consistent reads and writes. */
export interface Words {
  load(at: number): bigint;
  store(at: number, value: bigint): void;
}

/** The real one, on memory that threads share. */
export class SharedWords implements Words {
  readonly #words: BigInt64Array;

  /** @param memory of {@link CELL_BYTES}, all zero at first. */
  constructor(memory: SharedArrayBuffer) {
    invariant(memory.byteLength === CELL_BYTES, 'a cell has its size');
    this.#words = new BigInt64Array(memory);
  }

  load(at: number): bigint {
    return Atomics.load(this.#words, at);
  }

  store(at: number, value: bigint): void {
    Atomics.store(this.#words, at, value);
  }
}

export function encodeState({ term, standing }: CellState): bigint {
  return BigInt(term) * 4n + BigInt(STANDINGS.indexOf(standing));
}

export function decodeState(word: bigint): CellState {
  return { term: Number(word / 4n), standing: STANDINGS[Number(word % 4n)] };
}

/** The word of a slot's stamp. */
export function slotWord(slot: number): number {
  invariant(slot >= 0 && slot < SLOTS, 'a slot is in the cell');
  return FIRST_SLOT + 2 * slot;
}

/** Puts a time, later than the one before, with its term into the stamp at `at`. One thread writes a stamp. */
export function writeStamp(words: Words, at: number, term: number, atUs: number): void {
  words.store(at, 0n);
  words.store(at + 1, BigInt(term));
  words.store(at, BigInt(atUs));
}

/** The time of the stamp at `at` in microseconds; 0 when it is of another term, absent, or being written. */
export function readStamp(words: Words, at: number, term: number): number {
  const before = words.load(at);
  const stampTerm = words.load(at + 1);
  if (before === 0n || stampTerm !== BigInt(term)) return 0;
  return words.load(at) === before ? Number(before) : 0;
}

/** The last microsecond that is not after `ms`. */
export function toUs(ms: number): number {
  return Math.floor(ms * 1000);
}
