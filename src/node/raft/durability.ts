/**
 * Durability: what is to be written, what is being written, and which messages must wait for it.
 *
 * The rule of SPEC R7: a message that says "I voted" or "I have it" leaves only after everything that
 * was to be written when it was made is on disk. The disk works in order, so one number per message is
 * enough: the seq of the last unit it depends on.
 *
 * Invariants: seqs are given out and reported in order; durableIndex is the last index up to which the
 * member's present log is on its disk, whatever the disk is still busy with; 0 while a restart of the log is not.
 */
import { invariant } from '#base/invariant.ts';
import type { Entry } from './entry.ts';
import type { HardState } from './hard-state.ts';
import type { Message } from './message.ts';
import type { Persist } from './ready.ts';

export class Durability {
  #durableIndex: number;
  /** What the next unit will hold. */
  #hardStateDue = false;
  #restart: { readonly index: number; readonly term: number } | null = null;
  #truncateFrom: number | null = null;
  #entries: Entry[] = [];
  /** Units handed to the disk, oldest first. `lastIndex`: what the log's end on disk will be, 0 = as before. */
  readonly #writing: { readonly seq: number; lastIndex: number }[] = [];
  #seq = 0;
  #persistedSeq = 0;
  /** The last unit with a hard state. */
  #hardStateSeq = 0;
  #messages: Message[] = [];
  /** Ascending by `seq`. */
  #held: { readonly seq: number; readonly message: Message }[] = [];

  /** @param lastIndex the end of the log on disk. */
  constructor(lastIndex: number) {
    this.#durableIndex = lastIndex;
  }

  get durableIndex(): number {
    return this.#durableIndex;
  }

  /** True when the present term and vote are on disk. */
  get hardStateDurable(): boolean {
    return !this.#hardStateDue && this.#hardStateSeq <= this.#persistedSeq;
  }

  /** Term or vote changed. */
  hardStateChanged(): void {
    this.#hardStateDue = true;
  }

  append(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Entries `from` and above were dropped from the log. */
  truncate(from: number): void {
    const pending = this.#entries;
    if (pending.length > 0 && pending[0].index <= from) {
      pending.length = from - pending[0].index;
      return;
    }
    pending.length = 0;
    this.#truncateFrom = Math.min(this.#truncateFrom ?? from, from);
    this.#durableIndex = Math.min(this.#durableIndex, from - 1);
    for (const unit of this.#writing) unit.lastIndex = Math.min(unit.lastIndex, from - 1);
  }

  /** The log is empty and begins after this entry, whatever was in it or is still being written. */
  restart(index: number, term: number): void {
    this.#entries = [];
    this.#truncateFrom = null;
    this.#restart = { index, term };
    this.#durableIndex = 0;
    for (const unit of this.#writing) unit.lastIndex = 0;
  }

  /** Sends with the next Ready. */
  send(message: Message): void {
    this.#messages.push(message);
  }

  /** Sends as soon as everything that has changed so far is on disk. */
  sendWhenPersisted(message: Message): void {
    const seq = this.#changed ? this.#seq + 1 : this.#seq;
    if (seq <= this.#persistedSeq) this.#messages.push(message);
    else this.#held.push({ seq, message });
  }

  /** What changed since the last call as a unit for the disk, or null. */
  takePersist(hardState: () => HardState): Persist | null {
    if (!this.#changed) return null;
    const entries = this.#entries;
    const persist: Persist = {
      seq: ++this.#seq,
      hardState: this.#hardStateDue ? hardState() : null,
      restart: this.#restart,
      truncateFrom: this.#truncateFrom,
      entries,
    };
    const lastIndex =
      entries.length > 0 ? entries[entries.length - 1].index : (this.#restart?.index ?? 0);
    this.#writing.push({ seq: this.#seq, lastIndex });
    if (this.#hardStateDue) this.#hardStateSeq = this.#seq;
    this.#hardStateDue = false;
    this.#restart = null;
    this.#truncateFrom = null;
    this.#entries = [];
    return persist;
  }

  /** The messages that may leave now. */
  takeMessages(): readonly Message[] {
    const messages = this.#messages;
    if (messages.length > 0) this.#messages = [];
    return messages;
  }

  /** Unit `seq` is on disk. Returns the messages that waited for it, to be sent or taken in. */
  persisted(seq: number): readonly Message[] {
    const unit = this.#writing.shift();
    invariant(unit !== undefined && unit.seq === seq, 'units are persisted in order');
    this.#persistedSeq = seq;
    this.#durableIndex = Math.max(this.#durableIndex, unit.lastIndex);
    let count = 0;
    while (count < this.#held.length && this.#held[count].seq <= seq) count++;
    if (count === 0) return [];
    return this.#held.splice(0, count).map(({ message }) => message);
  }

  get #changed(): boolean {
    return (
      this.#hardStateDue ||
      this.#restart !== null ||
      this.#truncateFrom !== null ||
      this.#entries.length > 0
    );
  }
}
