/**
 * Test support: the pulse thread of a member and the cell that it shares with the command thread (DESIGN §3). It
 * answers leaders, and leads, while the command thread is stalled. Its steps fall between any two of the
 * command thread's, also within a judgement on a vote.
 */
import type { Prng } from '#base/prng.ts';
import type { VotePort } from '#node/raft/options.ts';
import type { Raft } from '#node/raft/raft.ts';

/** "I lead `term`", from thread to thread, or the answer to it. */
export interface PulseMessage {
  readonly answer: boolean;
  readonly from: string;
  readonly to: string;
  readonly term: number;
  /** By the leader's clock. */
  readonly sentMs: number;
}

/** A leader whose command thread has not turned for so long sends no pulses. */
const STALL_MAX_MS = 1000;

export class SimulatedPulse implements VotePort {
  readonly #id: string;
  readonly #random: Prng;
  readonly #localMs: () => number;
  readonly #send: (message: PulseMessage) => void;
  readonly #promiseMs: number;
  readonly #hear: () => void;
  // the cell: written by the command thread
  #term = 0;
  #leads = false;
  #turnMs = 0;
  // and by the pulse
  #promisedUntilMs = -Infinity;
  #heard = { term: 0, atMs: -Infinity };
  #acks = new Map<string, { term: number; sentMs: number }>();
  /** Pulses that came; of those begun the promise is given. */
  readonly #inbox: { readonly message: PulseMessage; begunMs: number | null }[] = [];

  /** @param hear a pulse may come at this moment. */
  constructor(
    id: string,
    promiseMs: number,
    random: Prng,
    localMs: () => number,
    send: (message: PulseMessage) => void,
    hear: () => void,
  ) {
    this.#id = id;
    this.#promiseMs = promiseMs;
    this.#random = random;
    this.#localMs = localMs;
    this.#send = send;
    this.#hear = hear;
  }

  /** The command thread has turned. */
  publish(raft: Raft): void {
    this.#term = raft.term;
    this.#leads = raft.role === 'leader';
    this.#turnMs = this.#localMs();
  }

  /** The command thread takes in what the pulse knows. */
  tell(raft: Raft, nowMs: number): void {
    raft.heardPulse(this.#heard.term, this.#heard.atMs, nowMs);
    for (const [id, { term, sentMs }] of this.#acks) {
      if (term === raft.term) raft.pulseAcked(id, sentMs, nowMs);
    }
  }

  beforeVote(term: number): number {
    this.#meanwhile();
    this.#term = term;
    this.#meanwhile();
    const promisedUntilMs = this.#promisedUntilMs;
    this.#meanwhile();
    return promisedUntilMs;
  }

  /** It is time for pulses to `ids`, if this member leads. */
  beat(ids: readonly string[]): void {
    for (const to of ids) {
      const message = this.messageTo(to);
      if (message !== null) this.#send(message);
    }
  }

  /** The pulse that it would send now. */
  messageTo(to: string): PulseMessage | null {
    const sentMs = this.#localMs();
    if (to === this.#id || !this.#leads || sentMs - this.#turnMs > STALL_MAX_MS) return null;
    return { answer: false, from: this.#id, to, term: this.#term, sentMs };
  }

  receive(message: PulseMessage): void {
    if (!message.answer) {
      this.#inbox.push({ message, begunMs: null });
      return;
    }
    const { from, term, sentMs } = message;
    const known = this.#acks.get(from);
    if (term !== this.#term || !this.#leads) return;
    if (known?.term === term && known.sentMs >= sentMs) return;
    this.#acks.set(from, { term, sentMs });
  }

  /** One step with any of the pulses that came: the promise, or a second look at the term and the answer. */
  work(): void {
    const { length } = this.#inbox;
    if (length === 0) return;
    const at = this.#random.chance(0.5) ? length - 1 : this.#random.below(length);
    const item = this.#inbox[at];
    const { from, term, sentMs } = item.message;
    if (item.begunMs === null && term === this.#term) {
      item.begunMs = this.#localMs();
      this.#promisedUntilMs = Math.max(this.#promisedUntilMs, item.begunMs + this.#promiseMs);
      return;
    }
    this.#inbox.splice(at, 1);
    if (item.begunMs === null || term !== this.#term) return;
    this.#heard = { term, atMs: item.begunMs };
    this.#send({ answer: true, from: this.#id, to: from, term, sentMs });
  }

  #meanwhile(): void {
    if (this.#random.chance(0.3)) this.#hear();
    for (let steps = this.#random.below(4); steps > 0; steps--) this.work();
  }
}
