/**
 * Progress: what a leader knows of one other member's log, and what it may send to it. All changes to
 * it are the methods below.
 *
 *   probe ──accepted──► replicate        probe: one append at a time, to find where the logs agree
 *     ▲                  │     ▲         replicate: entries stream ahead of their acknowledgements,
 *     └──────refused─────┘     │                    up to a number of bytes in flight
 *                          accepted
 *   either ──`next` is not kept──► snapshot         the leader's log lacks what comes next: a file is offered
 *
 * Invariants: match < next; match never falls while the log is not lost; bytesInFlight is the sum over
 * the appends in flight; nothing is in flight but in replicate.
 */
import { invariant } from '#base/invariant.ts';

export class Progress {
  readonly id: string;
  voter: boolean;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** The highest index known to be on its disk as in the leader's log. */
  match = 0;
  /** The next index to send. */
  next: number;
  /** When it last answered in this term. */
  lastContactMs: number;
  /** The latest send time that it has acknowledged. */
  ackedSentMs = -Infinity;
  /** Bytes that its disk has room for, as it last said; Infinity until then. */
  freeBytes = Infinity;
  /** The commit index that it was last told in an append. */
  toldCommit = 0;
  /** Not in replicate: an append, or an offer, is on its way; wait for the answer, or for a heartbeat's. */
  waiting = false;
  /** In snapshot: the index of the file that was offered; else 0. */
  offeredIndex = 0;
  /** An empty append is due, to see whether what is in flight was lost. */
  nudge = false;
  /** A tick has passed and no append told the commit index: it is due in a message of its own. */
  commitDue = false;
  /** It refused what it had acknowledged before; it gets and counts for nothing in this term. */
  lostLog = false;
  bytesInFlight = 0;
  /** When `match` was learnt. */
  #matchKnownMs = -Infinity;
  #offeredMs = -Infinity;
  /** Appends in flight: last index and bytes of each, from #inFlightHead on. */
  #inFlight: { readonly lastIndex: number; readonly bytes: number }[] = [];
  #inFlightHead = 0;

  constructor(id: string, voter: boolean, next: number, nowMs: number) {
    this.id = id;
    this.voter = voter;
    this.next = next;
    this.lastContactMs = nowMs;
  }

  /** It answered, in this term, something that was sent at `sentMs`. */
  contact(sentMs: number, nowMs: number, freeBytes: number): void {
    this.lastContactMs = nowMs;
    if (sentMs > this.ackedSentMs) this.ackedSentMs = Math.min(sentMs, nowMs);
    this.freeBytes = freeBytes;
  }

  /** Its pulse answered, in this term, a pulse that was sent at `sentMs`, which is past. */
  pulseAcked(sentMs: number): void {
    this.ackedSentMs = Math.max(this.ackedSentMs, sentMs);
    this.lastContactMs = Math.max(this.lastContactMs, sentMs);
  }

  /** It lacks what the leader does not keep; a file that ends in `index` is offered to it. */
  offered(index: number, nowMs: number): void {
    invariant(this.match < index, 'a file is offered to who needs it');
    this.#leave('snapshot', this.next);
    this.waiting = true;
    this.offeredIndex = index;
    this.#offeredMs = nowMs;
  }

  /** Entries up to `lastIndex` were sent in replicate. */
  sent(lastIndex: number, bytes: number): void {
    invariant(this.state === 'replicate', 'a probe does not move next');
    this.next = lastIndex + 1;
    this.bytesInFlight += bytes;
    this.#inFlight.push({ lastIndex, bytes });
  }

  /** It has the leader's log up to `index` on disk. True when that is news. */
  accepted(index: number, nowMs: number): boolean {
    if (this.lostLog) return false;
    const news = index > this.match;
    if (news) {
      this.match = index;
      this.#matchKnownMs = nowMs;
    }
    if (this.state !== 'replicate') {
      // Also an old answer: it shows that the logs agree up to match.
      this.#leave('replicate', this.match + 1);
    } else if (this.next <= this.match) {
      this.next = this.match + 1;
    }
    this.#release();
    return news;
  }

  /**
   * It refused an append after `prevIndex` that was sent at `sentMs`; the logs can agree at `agree` at
   * the highest. Answers that something overtook are ignored.
   */
  refused(prevIndex: number, agree: number, sentMs: number): void {
    if (prevIndex <= this.match) {
      // Sent after the acknowledgement of match had come, and refused all the same.
      if (this.match > 0 && sentMs > this.#matchKnownMs) this.#lose();
      return;
    }
    if (this.state === 'snapshot') return;
    if (this.state === 'probe' && prevIndex !== this.next - 1) return;
    this.#leave('probe', Math.max(Math.min(prevIndex, agree + 1), this.match + 1));
  }

  /** A heartbeat of `sentMs` was answered: an append or offer that is still unanswered may have been lost. */
  heartbeatAnswered(sentMs: number): void {
    if (this.state === 'probe') this.waiting = false;
    else if (this.state === 'snapshot') this.waiting = sentMs <= this.#offeredMs;
    else if (this.match < this.next - 1) this.nudge = true;
  }

  #leave(state: 'probe' | 'replicate' | 'snapshot', next: number): void {
    this.state = state;
    this.next = next;
    this.waiting = false;
    this.offeredIndex = 0;
    this.nudge = false;
    this.bytesInFlight = 0;
    this.#inFlight = [];
    this.#inFlightHead = 0;
  }

  #lose(): void {
    this.match = 0;
    this.#leave('probe', this.next);
    this.lostLog = true;
  }

  /** Takes what `match` covers out of flight. */
  #release(): void {
    const flights = this.#inFlight;
    let head = this.#inFlightHead;
    while (head < flights.length && flights[head].lastIndex <= this.match) {
      this.bytesInFlight -= flights[head].bytes;
      head++;
    }
    if (head === flights.length) {
      flights.length = 0;
      head = 0;
    } else if (head >= 64 && head * 2 >= flights.length) {
      flights.splice(0, head);
      head = 0;
    }
    this.#inFlightHead = head;
  }
}
