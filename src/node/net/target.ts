/**
 * A member that should have a link: when it is dialled next. Back-off is 50 ms to 1 s with jitter, so
 * that a member that comes back is found soon and one that stays away costs little.
 */

/** Where a member may be found. */
export interface PeerTarget {
  readonly name: string;
  readonly shard: string;
  /** Absent until it has said hello. */
  readonly memberId?: string;
  readonly host: string;
  readonly port: number;
}

const SHORTEST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;

export class Target {
  member: PeerTarget;
  stopped = false;
  readonly #random: () => number;
  readonly #dial: (target: Target) => void;
  #waitMs = SHORTEST_WAIT_MS;
  #timer: NodeJS.Timeout | null = null;
  #dialling = false;
  #attempts = 0;

  constructor(member: PeerTarget, random: () => number, dial: (target: Target) => void) {
    this.member = member;
    this.#random = random;
    this.#dial = dial;
  }

  /** Takes a new address; false when it changed, and the member should be dialled there. */
  moveTo(member: PeerTarget): boolean {
    const same = member.host === this.member.host && member.port === this.member.port;
    this.member = member;
    if (!same) this.#waitMs = SHORTEST_WAIT_MS;
    return same;
  }

  /** Dials after a short random wait, unless that is under way. */
  dialSoon(): void {
    if (this.stopped || this.#dialling || this.#timer !== null) return;
    const waitMs = this.#waitMs * (0.5 + this.#random());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#dialling = true;
      this.#dial(this);
    }, waitMs);
  }

  /** One of `addresses`: the first at first, then each in turn. */
  choose(addresses: readonly string[]): string {
    return addresses[this.#attempts++ % addresses.length];
  }

  /** The attempt came to nothing: again, later. */
  failed(): void {
    this.#dialling = false;
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
    this.dialSoon();
  }

  /** A link is up, whoever dialled. */
  reached(): void {
    this.#dialling = false;
    this.#waitMs = SHORTEST_WAIT_MS;
    this.#attempts = 0;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  stop(): void {
    this.stopped = true;
    this.reached();
  }
}
