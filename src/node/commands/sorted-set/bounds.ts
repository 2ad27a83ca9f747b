/**
 * The bounds of a range of scores (`5`, `(5`, `-inf`) or of members (`[a`, `(a`, `-`, `+`), and which ranks lie
 * within. Ranges are half open: from {@link Bounds.first} to {@link Bounds.beyond}, which may be the lower.
 */
import type { SortedSets } from '#node/keyspace/sorted-sets.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { parseShortDecimal } from '#node/resp/double.ts';
import { parseAnyDouble } from '#node/resp/number.ts';

const ROUND = 0x28;
const SQUARE = 0x5b;
const MINUS = 0x2d;
const PLUS = 0x2b;
const NUL = 0;

export interface Bounds {
  /** Reads the bounds out of two arguments; false when one is malformed. */
  read(args: Arguments, minimumAt: number, maximumAt: number): boolean;
  /** The rank of the first member within, in the sorted set found last. */
  first(sortedSets: SortedSets): number;
  /** The rank behind the last member within. */
  beyond(sortedSets: SortedSets): number;
}

export class ScoreBounds implements Bounds {
  #minimum = 0;
  #maximum = 0;
  #withMinimum = true;
  #withMaximum = true;

  read(args: Arguments, minimumAt: number, maximumAt: number): boolean {
    this.#withMinimum = !startsWith(args, minimumAt, ROUND);
    this.#withMaximum = !startsWith(args, maximumAt, ROUND);
    this.#minimum = readBound(args, minimumAt, !this.#withMinimum);
    this.#maximum = readBound(args, maximumAt, !this.#withMaximum);
    return !Number.isNaN(this.#minimum) && !Number.isNaN(this.#maximum);
  }

  first(sortedSets: SortedSets): number {
    return sortedSets.countBelow(this.#minimum, !this.#withMinimum);
  }

  beyond(sortedSets: SortedSets): number {
    return sortedSets.countBelow(this.#maximum, this.#withMaximum);
  }
}

/** A bound as Redis takes it: all that strtod does, so spaces before it, and nothing at all for 0. NaN: none. */
function readBound(args: Arguments, i: number, exclusive: boolean): number {
  const start = exclusive ? args.start(i) + 1 : args.start(i);
  const quick = parseShortDecimal(args.bytes, start, args.end(i));
  if (!Number.isNaN(quick)) return quick;
  const text = args.latin1(i).slice(exclusive ? 1 : 0);
  const whole = text.split('\0', 1)[0];
  return whole === '' ? 0 : parseAnyDouble(whole.replace(/^[ \t\n\v\f\r]+/, ''));
}

type MemberBound = 'lowest' | 'highest' | 'inclusive' | 'exclusive';

export class MemberBounds implements Bounds {
  #bytes: Uint8Array = new Uint8Array(0);
  #minimum: MemberBound = 'lowest';
  #minimumStart = 0;
  #minimumEnd = 0;
  #maximum: MemberBound = 'highest';
  #maximumStart = 0;
  #maximumEnd = 0;

  read(args: Arguments, minimumAt: number, maximumAt: number): boolean {
    const minimum = memberBound(args, minimumAt);
    const maximum = memberBound(args, maximumAt);
    if (minimum === null || maximum === null) return false;
    this.#bytes = args.bytes;
    this.#minimum = minimum;
    this.#minimumStart = args.start(minimumAt) + 1;
    this.#minimumEnd = args.end(minimumAt);
    this.#maximum = maximum;
    this.#maximumStart = args.start(maximumAt) + 1;
    this.#maximumEnd = args.end(maximumAt);
    return true;
  }

  first(sortedSets: SortedSets): number {
    if (this.#minimum === 'lowest') return 0;
    if (this.#minimum === 'highest') return sortedSets.size;
    const exclusive = this.#minimum === 'exclusive';
    const start = this.#minimumStart;
    return sortedSets.countBelowMember(this.#bytes, start, this.#minimumEnd, exclusive);
  }

  beyond(sortedSets: SortedSets): number {
    if (this.#maximum === 'lowest') return 0;
    if (this.#maximum === 'highest') return sortedSets.size;
    const inclusive = this.#maximum === 'inclusive';
    const start = this.#maximumStart;
    return sortedSets.countBelowMember(this.#bytes, start, this.#maximumEnd, inclusive);
  }
}

function memberBound(args: Arguments, i: number): MemberBound | null {
  if (args.length(i) === 0) return null;
  const start = args.start(i);
  const first = args.bytes[start];
  if (first === SQUARE) return 'inclusive';
  if (first === ROUND) return 'exclusive';
  // Redis looks at a terminated text
  if (args.length(i) > 1 && args.bytes[start + 1] !== NUL) return null;
  if (first === MINUS) return 'lowest';
  return first === PLUS ? 'highest' : null;
}

function startsWith(args: Arguments, i: number, byte: number): boolean {
  return args.length(i) > 0 && args.bytes[args.start(i)] === byte;
}
