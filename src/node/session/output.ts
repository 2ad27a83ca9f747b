/**
 * A connection's replies on their way out: where they are written, which part of them waits for what, and
 * CLIENT REPLY.
 *
 * What may leave at the end of this turn is written into a buffer that all connections of the host share, and
 * sent from there: a segment of it is this connection's. The first reply that has to wait for longer takes the
 * connection's replies into a buffer of its own, and later ones follow it there until that has run empty.
 *
 * Invariants: a connection has replies in one of the two places, not in both; it has none in the shared buffer
 * when the host's turn is over ({@link Output.release} moves what stays); only the connection that consumes its
 * input, between {@link Output.begin} and the end of that, writes into the shared buffer.
 */
import type { ReplyMode } from '#node/commands/session-port.ts';
import { ReplyWriter } from '#node/resp/reply.ts';
import type { ClientConnection } from './connection.ts';
import { LEAVES_AT_ONCE, WAITS_FOR_LEASE, WithheldRanges } from './withheld.ts';

export class Output {
  /** Where the replies of now are written: the shared buffer or the own one. */
  writer: ReplyWriter;
  readonly #shared: ReplyWriter;
  #protocol: 2 | 3 = 2;
  /** The segment of the shared buffer: [from, end), of which what is before `onceEnd` leaves at once. */
  #from = 0;
  #onceEnd = 0;
  #end = 0;
  #own: ReplyWriter | null = null;
  /** Ranges of the own buffer. */
  readonly #withheld = new WithheldRanges();
  #mode: ReplyMode = 'on';
  /** CLIENT REPLY SKIP: 2 while that command runs, 1 while the next one does. */
  #skip = 0;
  /** Replies are dropped: the mode is not `on`, or one is skipped. */
  #silent = false;

  constructor(shared: ReplyWriter) {
    this.#shared = shared;
    this.writer = shared;
  }

  get protocol(): 2 | 3 {
    return this.#protocol;
  }

  set protocol(protocol: 2 | 3) {
    this.#protocol = protocol;
    this.writer.protocol = protocol;
  }

  setMode(mode: ReplyMode): void {
    if (mode === 'skip') {
      if (this.#mode === 'on') this.#skip = 2;
    } else {
      this.#mode = mode;
      this.#skip = 0;
    }
    this.#silent = this.#mode !== 'on' || this.#skip > 0;
  }

  /** Commands of this connection run now. */
  begin(): void {
    if (!this.#withheld.empty) return;
    const shared = this.#shared;
    if (this.#from === this.#end) {
      this.#from = shared.length;
      this.#onceEnd = shared.length;
      this.#end = shared.length;
    } else if (shared.length !== this.#end) {
      // others have written since: what comes would not stand behind what is there
      this.#moveToOwn(this.#from);
      return;
    }
    shared.protocol = this.#protocol;
    this.writer = shared;
  }

  /** What was written since `from` is one reply; it waits for `index` (see withheld.ts). */
  finish(from: number, index: number): void {
    const { writer } = this;
    if (this.#silent) this.#drop(from);
    const { length } = writer;
    if (length === from) return;
    if (writer !== this.#shared) {
      this.#withheld.add(length, index);
      return;
    }
    if (index > WAITS_FOR_LEASE) {
      this.#moveToOwn(this.#from);
      const own = this.writer;
      own.raw(writer.bytes, from, length);
      this.#withheld.add(own.length, index);
      writer.truncate(from);
      return;
    }
    if (index === LEAVES_AT_ONCE && this.#onceEnd === from) this.#onceEnd = length;
    this.#end = length;
  }

  /**
   * Sends the leading replies that wait for at most `index`; returns how many bytes. Nothing stays in the shared
   * buffer.
   */
  release(index: number, connection: ClientConnection): number {
    const from = this.#from;
    if (from < this.#end) {
      const upTo = index >= WAITS_FOR_LEASE ? this.#end : this.#onceEnd;
      if (upTo > from) connection.send(this.#shared.bytes, from, upTo);
      if (upTo < this.#end) {
        this.#moveToOwn(upTo);
      } else {
        this.#from = this.#end;
        this.#onceEnd = this.#end;
      }
      return upTo - from;
    }
    const own = this.#own;
    if (own === null) return 0;
    const end = this.#withheld.take(index);
    if (end <= 0) return 0;
    connection.send(own.bytes, 0, end);
    own.discardFront(end);
    this.#withheld.shift(end);
    return end;
  }

  /** Nothing is here that has not left. */
  get empty(): boolean {
    return this.#from === this.#end && this.#withheld.empty;
  }

  /** Something here does not leave at once. */
  get withholding(): boolean {
    return this.#onceEnd < this.#end || !this.#withheld.empty;
  }

  /** The highest index that something here waits for; {@link LEAVES_AT_ONCE} when it waits for nothing. */
  get lastIndex(): number {
    if (this.#onceEnd < this.#end) return WAITS_FOR_LEASE;
    return this.#withheld.lastIndex;
  }

  /** Bytes here that have not left. */
  get bytes(): number {
    const { writer } = this;
    return writer === this.#shared ? this.#end - this.#from : writer.length;
  }

  /** As {@link bytes}, while this connection's commands run. */
  get bytesSoFar(): number {
    const { writer } = this;
    return writer === this.#shared ? writer.length - this.#from : writer.length;
  }

  clear(): void {
    this.#from = this.#end;
    this.#onceEnd = this.#end;
    this.#own?.clear();
    this.#withheld.clear();
  }

  /** Drops a reply that the client does not want. */
  #drop(from: number): void {
    this.writer.truncate(from);
    if (this.#skip > 0) this.#skip--;
    this.#silent = this.#mode !== 'on' || this.#skip > 0;
  }

  /** Moves the segment of the shared buffer from `start` on into the own buffer, which is empty. */
  #moveToOwn(start: number): void {
    const shared = this.#shared;
    const own = (this.#own ??= new ReplyWriter());
    own.protocol = this.#protocol;
    own.raw(shared.bytes, start, this.#end);
    if (this.#onceEnd > start) this.#withheld.add(this.#onceEnd - start, LEAVES_AT_ONCE);
    if (this.#end > this.#onceEnd) this.#withheld.add(this.#end - start, WAITS_FOR_LEASE);
    this.#from = this.#end;
    this.#onceEnd = this.#end;
    this.writer = own;
  }
}
