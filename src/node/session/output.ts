/**
 * A connection's replies on their way out: the bytes, which part of them waits for what, and CLIENT REPLY.
 */
import { ReplyWriter } from '#node/resp/reply.ts';
import type { ReplyMode } from '#node/commands/session-port.ts';
import { WithheldRanges } from './withheld.ts';

export class Output {
  /** Replies that have not left yet. */
  readonly writer = new ReplyWriter();
  readonly #withheld = new WithheldRanges();
  #mode: ReplyMode = 'on';
  /** CLIENT REPLY SKIP: 2 while that command runs, 1 while the next one does. */
  #skip = 0;

  setMode(mode: ReplyMode): void {
    if (mode === 'skip') {
      if (this.#mode === 'on') this.#skip = 2;
    } else {
      this.#mode = mode;
      this.#skip = 0;
    }
  }

  /** What was written since `from` is one reply; it waits for `index` (see withheld.ts). */
  finish(from: number, index: number): void {
    const { writer } = this;
    if (this.#mode === 'off' || this.#skip > 0) writer.truncate(from);
    if (this.#skip > 0) this.#skip--;
    if (writer.length > from) this.#withheld.add(writer.length, index);
  }

  /** Takes the leading replies that wait for at most `index` out; null when there are none. */
  take(index: number): Uint8Array | null {
    const end = this.#withheld.take(index);
    if (end <= 0) return null;
    const bytes = this.writer.copy(0, end);
    this.writer.discardFront(end);
    this.#withheld.shift(end);
    return bytes;
  }

  get empty(): boolean {
    return this.#withheld.empty;
  }

  /** The highest index that something here waits for; -1 for none. */
  get lastIndex(): number {
    return this.#withheld.lastIndex;
  }

  clear(): void {
    this.writer.clear();
    this.#withheld.clear();
  }
}
