/**
 * Requests out of a byte stream, incrementally: RESP arrays of bulk strings, and inline commands.
 *
 * Complete commands are read in place from the caller's buffer, so the common case copies nothing: one pass
 * over the bytes, which only notes where the arguments stand. What that pass cannot take (inline commands, large
 * ones, what has not arrived whole, errors) is left to the careful way, which remembers how far it has come. What
 * is left of a partial command is kept in a buffer of the decoder's own, so a large value that comes in many reads
 * is copied once (the buffer grows by doubling, up to what the value needs).
 *
 * Use: `feed(bytes, start, end)`, then `next()` until it is not 'command'. The fed bytes must stay as they
 * are until `next()` has returned 'more', or `hold()` was called.
 *
 * Limits and error texts are Redis' (networking.c). After 'error' the decoder takes nothing more.
 */
import { discardLarge } from '#base/bytes.ts';
import { invariant } from '#base/invariant.ts';
import { Arguments } from './arguments.ts';
import { PROTOCOL_ERRORS } from './errors.ts';
import { splitInline } from './inline.ts';
import { parseInt64 } from './number.ts';

export interface DecoderLimits {
  /** Most bytes in one argument (`proto-max-bulk-len`). */
  readonly bulkBytes: number;
  /** Most arguments in one command. */
  readonly argumentCount: number;
  /** Most bytes of one request that has not arrived whole (`client-query-buffer-limit`). */
  readonly requestBytes: number;
}

export const DEFAULT_DECODER_LIMITS: DecoderLimits = {
  bulkBytes: 512 * 1024 * 1024,
  argumentCount: 1024 * 1024,
  requestBytes: 1024 * 1024 * 1024,
};

/** Longest inline command or count line (Redis: PROTO_INLINE_MAX_SIZE). */
const LINE_BYTES = 64 * 1024;
const UNAUTHENTICATED_ARGUMENTS = 10;
const UNAUTHENTICATED_BULK_BYTES = 16384;

const NONE = new Uint8Array(0);
const CR = 0x0d;
const LF = 0x0a;
const STAR = 0x2a;
const DOLLAR = 0x24;

const ZERO = 0x30;
/** The quick pass takes commands of at most so many arguments (two digits), each of at most so many bytes. */
const QUICK_ARGUMENTS = 99;
const QUICK_BULK_BYTES = 1_000_000;

/** Instead of where a command ends. */
const NONE_QUICK = -1;
/** What is looked at ahead, one command after the other. */
const aheadArgs = new Arguments();

/** No bulk length read yet. */
const UNKNOWN = -1;

export type Decoded = 'command' | 'more' | 'error';

export class RequestDecoder {
  /** The command that `next()` found; valid until the next call. */
  readonly args = new Arguments();
  /** After 'error': the text of PROTOCOL_ERRORS to reply with before closing. */
  error = '';

  /** What is being parsed is #source[#commandStart, #end), parsed up to #at. */
  #source: Uint8Array = NONE;
  #commandStart = 0;
  #at = 0;
  #end = 0;
  /** The decoder's own buffer; #source is this one when #held. */
  #own: Uint8Array<ArrayBuffer> = NONE;
  #held = false;
  #limits: DecoderLimits;
  #authenticated = true;
  #quickArguments = 0;
  #quickBulkBytes = 0;
  /** Arguments still to come of the array being read; 0 between commands. */
  #missing = 0;
  #bulkLength = UNKNOWN;
  /** Bytes from #at on that are known not to end the line: a line that trickles in is searched once. */
  #searched = 0;

  constructor(limits: DecoderLimits = DEFAULT_DECODER_LIMITS) {
    this.#limits = limits;
    this.setLimits(limits, true);
  }

  /** @param authenticated false until the client may send large requests (Redis: authRequired). */
  setLimits(limits: DecoderLimits, authenticated: boolean): void {
    this.#limits = limits;
    this.#authenticated = authenticated;
    const most = authenticated ? QUICK_ARGUMENTS : UNAUTHENTICATED_ARGUMENTS;
    const mostBytes = authenticated ? QUICK_BULK_BYTES : UNAUTHENTICATED_BULK_BYTES;
    this.#quickArguments = Math.min(most, limits.argumentCount);
    this.#quickBulkBytes = Math.min(mostBytes, limits.bulkBytes);
  }

  /** Bytes kept of a request that has not arrived whole, or of input that has not been asked for. */
  get heldBytes(): number {
    return this.#end - this.#commandStart;
  }

  /** Takes bytes[start, end) as the next input. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.error !== '') return;
    if (this.#end > this.#commandStart) {
      this.hold();
      this.#append(bytes, start, end);
      return;
    }
    if (this.#held) this.#release();
    this.#source = bytes;
    this.#commandStart = start;
    this.#at = start;
    this.#end = end;
  }

  /** Copies what has not been consumed out of the caller's buffer, which may then be used again. */
  hold(): void {
    if (this.#held || this.#end === this.#commandStart) return;
    const start = this.#commandStart;
    const own = this.#source.slice(start, this.#end);
    this.#own = own;
    this.#source = own;
    this.#held = true;
    if (this.#missing > 0) this.args.rebase(own, -start);
    this.#at -= start;
    this.#end = own.length;
    this.#commandStart = 0;
  }

  /** Takes nothing more: what is held of a request will not be completed. */
  close(): void {
    if (this.error === '') this.#fail('closed');
  }

  /** Reads on. 'command': {@link args} hold one. 'more': input is used up. 'error': see {@link error}. */
  next(): Decoded {
    if (this.#missing > 0) return this.#careful();
    const end = this.#quick(this.#at, this.args);
    if (end === NONE_QUICK) return this.#careful();
    this.#at = end;
    this.#commandStart = end;
    return 'command';
  }

  /**
   * Puts argument 1 of each of the next commands into `into`, at most `most`, as far as they have arrived whole and
   * are short. Nothing is consumed; it is valid until the next call of {@link next}.
   */
  firstArgumentsAhead(into: Arguments, most: number): void {
    into.reset(this.#source);
    let at = this.#missing === 0 ? this.#quick(this.#at, aheadArgs) : NONE_QUICK;
    for (let left = most; at !== NONE_QUICK; at = this.#quick(at, aheadArgs)) {
      if (aheadArgs.count > 1) into.push(aheadArgs.start(1), aheadArgs.end(1));
      if (--left === 0) break;
    }
    aheadArgs.reset(NONE);
  }

  /**
   * Reads a whole array of bulks whose numbers are short and well-formed, from `from` into `args`; where it ends, or
   * {@link NONE_QUICK} when what follows is anything else.
   */
  #quick(from: number, args: Arguments): number {
    const source = this.#source;
    const end = this.#end;
    let at = from;
    if (end - at < 4 || source[at] !== STAR) return NONE_QUICK;
    let count = source[at + 1] - ZERO;
    if (count < 1 || count > 9) return NONE_QUICK;
    at += 2;
    if (source[at] !== CR) {
      const digit = source[at] - ZERO;
      if (digit < 0 || digit > 9 || source[at + 1] !== CR) return NONE_QUICK;
      count = count * 10 + digit;
      at++;
    }
    at += 2;
    if (count > this.#quickArguments) return NONE_QUICK;
    const mostBytes = this.#quickBulkBytes;
    const ranges = args.prepare(source, count);
    for (let i = 0; i < count * 2; i += 2) {
      if (end - at < 4 || source[at] !== DOLLAR) return NONE_QUICK;
      let length = source[at + 1] - ZERO;
      if (length < 0 || length > 9) return NONE_QUICK;
      at += 2;
      if (source[at] !== CR) {
        if (length === 0) return NONE_QUICK;
        do {
          const digit = source[at] - ZERO;
          if (digit < 0 || digit > 9) return NONE_QUICK;
          length = length * 10 + digit;
          at++;
          if (length > mostBytes || at >= end) return NONE_QUICK;
        } while (source[at] !== CR);
      }
      at += 2;
      const stop = at + length;
      if (stop + 2 > end) return NONE_QUICK;
      ranges[i] = at;
      ranges[i + 1] = stop;
      at = stop + 2;
    }
    return at;
  }

  #careful(): Decoded {
    if (this.error !== '') return 'error';
    for (;;) {
      if (this.#missing === 0) {
        this.#commandStart = this.#at;
        if (this.#at >= this.#end) {
          this.#release();
          return 'more';
        }
        const begun = this.#source[this.#at] === STAR ? this.#beginArray() : this.#inline();
        if (begun === 'again') continue;
        if (begun === 'more') return this.#suspend();
        if (begun !== 'array') return begun;
      }
      const read = this.#arguments();
      return read === 'more' ? this.#suspend() : read;
    }
  }

  /** Reads `*count`; 'again' for an empty array, 'array' when arguments follow. */
  #beginArray(): Decoded | 'again' | 'array' {
    const lineEnd = this.#lineEnd();
    if (lineEnd < 0) {
      return this.#tooLong() ? this.#fail(PROTOCOL_ERRORS.multibulkCountTooBig) : 'more';
    }
    const count = parseInt64(this.#source, this.#at + 1, lineEnd);
    if (count === undefined || count > this.#limits.argumentCount) {
      return this.#fail(PROTOCOL_ERRORS.invalidMultibulk);
    }
    if (count > UNAUTHENTICATED_ARGUMENTS && !this.#authenticated) {
      return this.#fail(PROTOCOL_ERRORS.unauthenticatedMultibulk);
    }
    this.#at = lineEnd + 2;
    if (count <= 0) return 'again';
    this.args.reset(this.#source);
    this.#missing = Number(count);
    this.#bulkLength = UNKNOWN;
    return 'array';
  }

  /** Reads the arguments that are still missing. */
  #arguments(): Decoded {
    while (this.#missing > 0) {
      if (this.#bulkLength === UNKNOWN) {
        const read = this.#bulkHeader();
        if (read !== 'command') return read;
      }
      const end = this.#at + this.#bulkLength;
      if (end + 2 > this.#end) return 'more';
      this.args.push(this.#at, end);
      this.#at = end + 2;
      this.#bulkLength = UNKNOWN;
      this.#missing--;
    }
    this.#commandStart = this.#at;
    return 'command';
  }

  /** Reads `$length`; 'command' means go on. */
  #bulkHeader(): Decoded {
    const lineEnd = this.#lineEnd();
    if (lineEnd < 0) {
      return this.#tooLong() ? this.#fail(PROTOCOL_ERRORS.bulkCountTooBig) : 'more';
    }
    const type = this.#source[this.#at];
    if (type !== DOLLAR) {
      return this.#fail(PROTOCOL_ERRORS.expectedDollar(String.fromCharCode(type)));
    }
    const length = parseInt64(this.#source, this.#at + 1, lineEnd);
    if (length === undefined || length < 0 || length > this.#limits.bulkBytes) {
      return this.#fail(PROTOCOL_ERRORS.invalidBulk);
    }
    if (length > UNAUTHENTICATED_BULK_BYTES && !this.#authenticated) {
      return this.#fail(PROTOCOL_ERRORS.unauthenticatedBulk);
    }
    this.#at = lineEnd + 2;
    this.#bulkLength = Number(length);
    return 'command';
  }

  /** Reads a line of words; 'again' when it is empty. */
  #inline(): Decoded | 'again' {
    const newline = this.#source.indexOf(LF, this.#at + this.#searched);
    if (newline < 0 || newline >= this.#end) {
      this.#searched = this.#end - this.#at;
      return this.#tooLong() ? this.#fail(PROTOCOL_ERRORS.inlineTooBig) : 'more';
    }
    let end = newline;
    if (end > this.#at && this.#source[end - 1] === CR) end--;
    if (!splitInline(this.#source, this.#at, end, this.args)) {
      return this.#fail(PROTOCOL_ERRORS.unbalancedQuotes);
    }
    this.#searched = 0;
    this.#at = newline + 1;
    this.#commandStart = this.#at;
    return this.args.count === 0 ? 'again' : 'command';
  }

  /** Where the line at #at ends (its CR), -1 when CR and the byte after it have not both arrived. */
  #lineEnd(): number {
    const source = this.#source;
    const last = Math.min(this.#end - 1, this.#at + LINE_BYTES);
    for (let at = this.#at + this.#searched; at < last; at++) {
      if (source[at] === CR) {
        this.#searched = 0;
        return at;
      }
    }
    this.#searched = Math.max(0, last - this.#at);
    return -1;
  }

  #tooLong(): boolean {
    return this.#end - this.#at > LINE_BYTES;
  }

  #fail(error: string): 'error' {
    this.error = error;
    this.#missing = 0;
    this.#searched = 0;
    this.#at = this.#end;
    this.#commandStart = this.#end;
    this.#release();
    return 'error';
  }

  /** Input is used up inside a command: keeps what there is of it. */
  #suspend(): Decoded {
    if (this.heldBytes > this.#limits.requestBytes)
      return this.#fail(PROTOCOL_ERRORS.requestTooBig);
    this.hold();
    return 'more';
  }

  /** Appends to the own buffer, which holds what is unconsumed. */
  #append(bytes: Uint8Array, start: number, end: number): void {
    invariant(this.#held, 'unconsumed input is held');
    const kept = this.#end - this.#commandStart;
    const need = kept + end - start;
    if (this.#end + end - start > this.#own.length) this.#makeRoom(kept, need);
    this.#own.set(bytes.subarray(start, end), this.#end);
    this.#end += end - start;
  }

  /** Moves the `kept` bytes to the front of a buffer with room for at least `need`. */
  #makeRoom(kept: number, need: number): void {
    const start = this.#commandStart;
    let target = this.#own;
    if (need > this.#own.length) {
      const wanted = this.#at - start + Math.max(this.#bulkLength, 0) + 2;
      let capacity = Math.max(need, this.#own.length * 2);
      if (need <= wanted) capacity = Math.min(capacity, wanted);
      target = new Uint8Array(capacity);
      target.set(this.#own.subarray(start, this.#end));
      discardLarge(this.#own);
    } else {
      target.copyWithin(0, start, this.#end);
    }
    this.#own = target;
    this.#source = target;
    if (this.#missing > 0) this.args.rebase(target, -start);
    this.#at -= start;
    this.#commandStart = 0;
    this.#end = kept;
  }

  /** Everything is consumed: forgets the input, and the arguments of the last command with it. */
  #release(): void {
    if (this.#held) {
      this.args.reset(NONE);
      discardLarge(this.#own);
    }
    this.#own = NONE;
    this.#source = NONE;
    this.#held = false;
    this.#commandStart = 0;
    this.#at = 0;
    this.#end = 0;
  }
}
