/**
 * The command thread's half of the pulse: what it says of its member, and what it takes from the pulse thread. The
 * port of a {@link Member} onto the cell; `cell.ts` says why this is safe.
 */
import type { Pulse, PulseStanding } from '#node/shard/ports.ts';
import {
  CONTACT,
  encodeState,
  HEARD,
  PROMISE,
  readStamp,
  SLOTS,
  slotWord,
  STATE,
  TICK,
  toUs,
  type Words,
} from './cell.ts';

export class CommandSide implements Pulse {
  readonly #words: Words;
  readonly #slots = new Map<string, number>();
  /** What STATE says. */
  #term = 0;
  #standing: PulseStanding = 'leaving';
  #contactMs = 0;

  constructor(words: Words) {
    this.#words = words;
    words.store(STATE, encodeState({ term: 0, standing: 'leaving' }));
  }

  publish(term: number, standing: PulseStanding): void {
    if (term === this.#term && standing === this.#standing) return;
    this.#term = term;
    this.#standing = standing;
    this.#words.store(STATE, encodeState({ term, standing }));
  }

  tick(nowMs: number, contactMs: number): void {
    this.#words.store(TICK, BigInt(toUs(nowMs)));
    if (contactMs === this.#contactMs) return;
    this.#contactMs = contactMs;
    this.#words.store(CONTACT, BigInt(toUs(contactMs)));
  }

  beforeVote(term: number): number {
    // a pre-vote of a higher term may have been judged since the last `publish`
    this.publish(Math.max(term, this.#term), 'leaving');
    return Number(this.#words.load(PROMISE)) / 1000;
  }

  heardMs(term: number): number {
    return readStamp(this.#words, HEARD, term) / 1000;
  }

  answeredSentMs(memberId: string, term: number): number {
    const slot = this.#slots.get(memberId);
    return slot === undefined ? 0 : readStamp(this.#words, slotWord(slot), term) / 1000;
  }

  /** The slot of `memberId`, for life; -1 when there are none left, and it gets no pulse. */
  slotOf(memberId: string): number {
    const known = this.#slots.get(memberId);
    if (known !== undefined) return known;
    if (this.#slots.size === SLOTS) return -1;
    this.#slots.set(memberId, this.#slots.size);
    return this.#slots.size - 1;
  }
}
