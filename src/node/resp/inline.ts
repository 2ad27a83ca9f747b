/**
 * Inline commands: a line of words, with Redis' quoting rules (sds.c: sdssplitargs). Words in double quotes
 * know \n \r \t \b \a \xHH and \ before any other character; in single quotes only \'. A closing quote must
 * be followed by a space or the end.
 */
import type { Arguments } from './arguments.ts';

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;

const ESCAPES = new Map<number, number>([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);

/**
 * Splits bytes[start, end) into `args`, which get a buffer of their own. False when quotes are unbalanced.
 * A line of nothing but spaces gives no arguments.
 */
export function splitInline(
  bytes: Uint8Array,
  start: number,
  end: number,
  args: Arguments,
): boolean {
  // Words never grow when their quotes are taken off.
  const out = new Uint8Array(end - start);
  args.reset(out);
  const splitter = new InlineSplitter(bytes, start, end, out);
  for (;;) {
    const wordStart = splitter.length;
    const word = splitter.next();
    if (word === 'end') return true;
    if (word === 'unbalanced') {
      args.reset(out);
      return false;
    }
    args.push(wordStart, splitter.length);
  }
}

class InlineSplitter {
  length = 0;
  #at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #out: Uint8Array;

  constructor(bytes: Uint8Array, start: number, end: number, out: Uint8Array) {
    this.#bytes = bytes;
    this.#at = start;
    // C strings end at a zero byte, and so do Redis' inline requests
    const zero = bytes.indexOf(0, start);
    this.#end = zero >= 0 && zero < end ? zero : end;
    this.#out = out;
  }

  /** Appends the next word to the output. */
  next(): 'word' | 'end' | 'unbalanced' {
    const bytes = this.#bytes;
    while (this.#at < this.#end && isSpace(bytes[this.#at])) this.#at++;
    if (this.#at >= this.#end) return 'end';
    while (this.#at < this.#end) {
      const byte = bytes[this.#at];
      if (isSpace(byte)) break;
      this.#at++;
      if (byte === QUOTE || byte === APOSTROPHE) {
        if (!this.#quoted(byte)) return 'unbalanced';
        break;
      }
      this.#out[this.length++] = byte;
    }
    return 'word';
  }

  /** Appends up to the closing `quote`; false when it is missing or not followed by a space or the end. */
  #quoted(quote: number): boolean {
    const bytes = this.#bytes;
    while (this.#at < this.#end) {
      const byte = bytes[this.#at++];
      if (byte === quote) return this.#at >= this.#end || isSpace(bytes[this.#at]);
      if (byte === BACKSLASH && this.#at < this.#end) {
        if (quote === QUOTE) this.#escape();
        else if (bytes[this.#at] === APOSTROPHE) this.#out[this.length++] = bytes[this.#at++];
        else this.#out[this.length++] = byte;
      } else {
        this.#out[this.length++] = byte;
      }
    }
    return false;
  }

  /** Appends what the escape means whose backslash has been read; there is at least one byte after it. */
  #escape(): void {
    const bytes = this.#bytes;
    const byte = bytes[this.#at++];
    if (byte === 0x78 && this.#at + 2 <= this.#end) {
      const high = hexDigit(bytes[this.#at]);
      const low = hexDigit(bytes[this.#at + 1]);
      if (high >= 0 && low >= 0) {
        this.#at += 2;
        this.#out[this.length++] = high * 16 + low;
        return;
      }
    }
    this.#out[this.length++] = ESCAPES.get(byte) ?? byte;
  }
}

/** C's isspace. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
