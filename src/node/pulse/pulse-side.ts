/**
 * The pulse thread's half of the pulse, without its sockets and timers: which pulse is sent, whether one that came
 * is answered, and what an answer means. Times are arguments; the simulator runs this as an actor of its own.
 *
 * A pulse says "the sender leads this term and its command thread lives"; an answer to it promises, like one to a
 * heartbeat of the core, no vote for the shortest election timeout. Both sides stop when it would hide more than a
 * busy command thread: the leader when its own has not ticked for `maxStallMs`, a follower when its core has not
 * heard of the leader itself for that long and an election timeout (its own thread hangs, or the peer link is gone).
 *
 * The order of the steps in {@link PulseSide.answers} is what safety rests on; `cell.ts` says why.
 */
import {
  CONTACT,
  decodeState,
  HEARD,
  PROMISE,
  readStamp,
  slotWord,
  STATE,
  TICK,
  toUs,
  type Words,
  writeStamp,
} from './cell.ts';

export interface PulseTiming {
  /** The shortest election timeout: what an answer promises. */
  readonly electionTimeoutMs: number;
  /** How often a leader's pulse goes out. */
  readonly heartbeatMs: number;
  /** Longest silence of the command thread for which the pulse goes on. */
  readonly maxStallMs: number;
}

/** What goes over the wire, and comes back unchanged as the answer. */
export interface Beat {
  readonly term: number;
  /** By the sender's clock, in whole microseconds. */
  readonly sentUs: number;
}

export class PulseSide {
  readonly #words: Words;
  readonly #timing: PulseTiming;
  /** The last pulse sent: nobody can have answered a later one. */
  #sent: Beat = { term: 0, sentUs: 0 };
  #promisedUs: number;
  #heardUs: number;

  constructor(words: Words, timing: PulseTiming) {
    this.#words = words;
    this.#timing = timing;
    // a thread before this one may have promised more
    this.#promisedUs = Number(words.load(PROMISE));
    this.#heardUs = Number(words.load(HEARD));
  }

  /** The pulse to send to every other member now; null when this one does not lead or its command thread is stuck. */
  beat(nowMs: number): Beat | null {
    const { term, standing } = decodeState(this.#words.load(STATE));
    if (standing !== 'leads') return null;
    const silentUs = toUs(nowMs) - Number(this.#words.load(TICK));
    if (silentUs > this.#timing.maxStallMs * 1000) return null;
    this.#sent = { term, sentUs: toUs(nowMs) };
    return this.#sent;
  }

  /**
   * A leader's pulse came: true when it is to be answered. `nowMs` was read after it came.
   */
  answers(pulse: Beat, nowMs: number): boolean {
    const words = this.#words;
    const nowUs = toUs(nowMs);
    const state = words.load(STATE);
    const { term, standing } = decodeState(state);
    if (standing !== 'follows' || term !== pulse.term) return false;
    const { electionTimeoutMs, maxStallMs } = this.#timing;
    const silentUs = nowUs - Number(words.load(CONTACT));
    if (silentUs > (maxStallMs + electionTimeoutMs) * 1000) return false;
    // a millisecond on top: no rounding on the way to the vote shortens what was promised
    this.#promisedUs = Math.max(this.#promisedUs, nowUs + (electionTimeoutMs + 1) * 1000);
    words.store(PROMISE, BigInt(this.#promisedUs));
    if (words.load(STATE) !== state) return false;
    if (nowUs > this.#heardUs) {
      this.#heardUs = nowUs;
      writeStamp(words, HEARD, term, nowUs);
    }
    return true;
  }

  /**
   * The member of `slot` answered. False when it answers what was never sent: it does not speak this protocol.
   */
  answered(slot: number, { term, sentUs }: Beat): boolean {
    if (term > this.#sent.term || (term === this.#sent.term && sentUs > this.#sent.sentUs))
      return false;
    if (term < this.#sent.term) return true;
    const word = slotWord(slot);
    if (sentUs > readStamp(this.#words, word, term)) writeStamp(this.#words, word, term, sentUs);
    return true;
  }
}
