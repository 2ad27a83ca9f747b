/**
 * What a member tells the pulse thread, and what it takes from it into its Raft core. Without a pulse thread there
 * is nothing to do.
 *
 * Invariants: the present term and standing are told after every call of the core, before its messages are answered;
 * what the pulse has heard is taken before anyone is judged by his silence, and before a lease is called over.
 */
import type { Clock } from '#base/clock.ts';
import type { Raft } from '#node/raft/raft.ts';
import type { Pulse, PulseStanding } from './ports.ts';

export class PulseWatch {
  /** When a leader was last heard of by the pulse; 0: never. */
  heardMs = 0;
  readonly #raft: Raft;
  readonly #pulse: Pulse | null;
  readonly #clock: Clock;
  #leaderId = '';

  constructor(raft: Raft, pulse: Pulse | null, clock: Clock) {
    this.#raft = raft;
    this.#pulse = pulse;
    this.#clock = clock;
  }

  /** Tells where the core stands now. */
  publish(leaderContactMs: number): void {
    const pulse = this.#pulse;
    if (pulse === null) return;
    const { leaderId, term } = this.#raft;
    if (leaderId !== this.#leaderId) {
      // when this thread is busy from now on, the pulse must have heard of the first contact
      this.#leaderId = leaderId;
      pulse.tick(this.#clock.monotonicMs(), leaderContactMs);
    }
    pulse.publish(term, this.#standing);
  }

  /** Tells that this thread lives, and takes what the pulse has heard; before the core's own tick. */
  tick(leaderContactMs: number): void {
    if (this.#pulse === null) return;
    this.take();
    this.#pulse.tick(this.#clock.monotonicMs(), leaderContactMs);
  }

  /** Takes what the pulse has heard. */
  take(): void {
    const pulse = this.#pulse;
    if (pulse === null) return;
    const raft = this.#raft;
    const { id: self, term } = raft;
    if (raft.role !== 'leader') {
      const heardMs = pulse.heardMs(term);
      // read after it: the core does not count what it has not come to yet
      const nowMs = this.#clock.monotonicMs();
      if (heardMs === 0) return;
      this.heardMs = Math.min(heardMs, nowMs);
      raft.heardPulse(term, this.heardMs, nowMs);
      return;
    }
    for (const id of raft.membership.voters) {
      const sentMs = id === self ? 0 : pulse.answeredSentMs(id, term);
      const nowMs = this.#clock.monotonicMs();
      if (sentMs > 0) raft.pulseAcked(id, Math.min(sentMs, nowMs), nowMs);
    }
  }

  get #standing(): PulseStanding {
    const raft = this.#raft;
    if (raft.role === 'leader') return 'leads';
    return raft.leaderId === '' ? 'leaving' : 'follows';
  }
}
