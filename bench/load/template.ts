/**
 * Commands as they are sent again and again: encoded once, with places where a number of twelve digits is
 * written anew each time. `__rand_int__` is a random number, as in redis-benchmark; `__same_int__` is
 * random and the same all over one command (keys in one slot); `__next_int__` counts up from 0.
 */

const PLACEHOLDER = /__(?:rand|same|next)_int__/g;
const DIGITS = 12;
const ZERO = 0x30;

interface Place {
  readonly offset: number;
  readonly kind: 'rand' | 'same' | 'next';
}

/** One command with its places. */
export interface Template {
  readonly bytes: Uint8Array;
  readonly places: readonly Place[];
}

/** @param command words separated by single spaces */
export function compile(command: string): Template {
  const words = command.split(' ');
  const encoded = words.map((word) => {
    // all placeholders have as many characters as digits
    return `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
  });
  const text = `*${words.length}\r\n${encoded.join('')}`;
  const places = [...text.matchAll(PLACEHOLDER)].map(({ 0: match, index }): Place => {
    return { offset: index, kind: match.slice(2, 6) as Place['kind'] };
  });
  return { bytes: Buffer.from(text, 'latin1'), places };
}

/** Where numbers come from: shared by all connections of a generator. */
export class Numbers {
  readonly #range: number;
  #next = 0;
  #state: number;

  /** @param range random numbers are below it */
  constructor(range: number, seed: number) {
    this.#range = range;
    this.#state = seed | 1;
  }

  /** Below the range. */
  random(): number {
    return this.below(this.#range);
  }

  below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }

  next(): number {
    return this.#next++;
  }
}

/** The bytes of one pipeline of a connection, written over again and again. */
export class Batch {
  readonly bytes: Uint8Array;
  /** What is to be sent: the part of `bytes` that is in use. */
  whole: Uint8Array;
  readonly #variants: readonly Template[];
  readonly #trailer: Template | null;
  readonly #numbers: Numbers;
  readonly #pipeline: number;
  /** By command: which variant, and where it starts. */
  readonly #chosen: Int32Array;
  readonly #starts: Int32Array;
  #laidOut = -1;

  /**
   * @param variants one of them is chosen at random for each command
   * @param trailer sent once at the end of each batch
   */
  constructor(
    variants: readonly Template[],
    trailer: Template | null,
    pipeline: number,
    numbers: Numbers,
  ) {
    this.#variants = variants;
    this.#trailer = trailer;
    this.#pipeline = pipeline;
    this.#chosen = new Int32Array(pipeline);
    this.#starts = new Int32Array(pipeline);
    this.#numbers = numbers;
    const longest = Math.max(...variants.map(({ bytes }) => bytes.length));
    this.bytes = new Uint8Array(longest * pipeline + (trailer?.bytes.length ?? 0));
    this.whole = this.bytes;
  }

  /** New numbers everywhere; `commands` of them, at most those of the pipeline. */
  refresh(commands = this.#pipeline): void {
    // with one variant everything but the numbers stays where it is
    if (this.#variants.length > 1 || commands !== this.#laidOut) this.#layOut(commands);
    for (let command = 0; command < commands; command++) {
      this.#fill(this.#variants[this.#chosen[command]].places, this.#starts[command]);
    }
  }

  #layOut(commands: number): void {
    let at = 0;
    for (let command = 0; command < commands; command++) {
      const chosen = this.#variants.length === 1 ? 0 : this.#numbers.below(this.#variants.length);
      const { bytes } = this.#variants[chosen];
      this.#chosen[command] = chosen;
      this.#starts[command] = at;
      this.bytes.set(bytes, at);
      at += bytes.length;
    }
    if (this.#trailer !== null) {
      this.bytes.set(this.#trailer.bytes, at);
      at += this.#trailer.bytes.length;
    }
    if (at !== this.whole.length) this.whole = this.bytes.subarray(0, at);
    this.#laidOut = commands;
  }

  #fill(places: readonly Place[], start: number): void {
    if (places.length === 0) return;
    const same = this.#numbers.random();
    for (const { offset, kind } of places) {
      const number =
        kind === 'same' ? same : kind === 'rand' ? this.#numbers.random() : this.#numbers.next();
      writeDigits(this.bytes, start + offset, number);
    }
  }
}

function writeDigits(bytes: Uint8Array, offset: number, number: number): void {
  let rest = number;
  for (let at = offset + DIGITS - 1; at >= offset; at--) {
    const higher = (rest / 10) | 0;
    bytes[at] = ZERO + rest - higher * 10;
    rest = higher;
  }
}
