/** Random command lines over strings, hashes and the generic commands; now and then malformed. */
import type { Prng } from '#base/prng.ts';

export type Line = readonly string[];

/** All keys of a sequence are in one slot, so that no order of commands crosses slots. */
export const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `{t}${name}`);
const FIELDS = ['f1', 'f2', 'f3', 'f4', ''];

const INTEGERS = [
  '0',
  '1',
  '-1',
  '2',
  '10',
  '100',
  '-5',
  '9007199254740991',
  '9007199254740993',
  '+1',
  '01',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  ' 1',
  '1.5',
  'abc',
  '',
];
const FLOATS = [
  '1.5',
  '-2.25',
  '0.1',
  '3',
  '1e3',
  '5.0e-3',
  'inf',
  '-inf',
  'nan',
  'abc',
  '',
  ' 1',
  '.5',
  '-0',
  '0x10',
  '1e400',
  '1.234567890123456789',
  '123456789012345678',
  '1e-400',
  '3.0e20',
  '1e5000',
];

/** Draws from lists with a seeded generator. */
export class Draw {
  #step = 0;
  readonly random: Prng;
  readonly nowMs: number;

  constructor(random: Prng, nowMs: number) {
    this.random = random;
    this.nowMs = nowMs;
  }

  of<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)];
  }

  key(): string {
    return this.of(KEYS);
  }

  field(): string {
    return this.random.chance(0.9) ? this.of(FIELDS) : `x${this.random.below(1000)}`;
  }

  integer(): string {
    return this.random.chance(0.5) ? String(this.random.below(20) - 5) : this.of(INTEGERS);
  }

  float(): string {
    if (this.random.chance(0.5)) return this.of(FLOATS);
    return String((this.random.below(2_000_000) - 1_000_000) / 1000);
  }

  value(): string {
    const kind = this.random.below(10);
    if (kind < 3) return this.integer();
    if (kind < 4) return this.float();
    if (kind < 5) return 'ab\r\n\x00\xff'.repeat(this.random.below(4));
    const length = this.of([1, 3, 10, 43, 44, 45, 63, 64, 65, 200]);
    let text = '';
    while (text.length < length) text += this.of(['a', 'b', 'c', 'xyz']);
    return text.slice(0, length);
  }

  /** A relative time in seconds: far enough apart from all others to compare the same everywhere. */
  /**
   * Relative times are never drawn twice: two equal ones, a moment apart, would compare (GT, LT) by the
   * milliseconds that each server happened to take.
   */
  #nextStep(): number {
    this.#step = (this.#step + 7) % 10_007;
    return this.#step;
  }

  seconds(): string {
    if (this.random.chance(0.15)) return this.integer();
    return String(1000 + 700 * this.#nextStep());
  }

  milliseconds(): string {
    if (this.random.chance(0.15)) return this.of(['0', '-1', 'abc', '9223372036854775807']);
    return String(5_000_000 + 700_000 * this.#nextStep());
  }

  atSeconds(): string {
    if (this.random.chance(0.15)) return this.of(['1', '-1', '0', 'abc', '9223372036854775807']);
    return String(Math.floor(this.nowMs / 1000) + 10_350 + 700 * this.random.below(5));
  }

  atMilliseconds(): string {
    if (this.random.chance(0.15)) return this.of(['1', '-1', '0', 'x', '-9223372036854775808']);
    return String(this.nowMs + 20_350_000 + 700_000 * this.random.below(5));
  }

  /** Each of `words` with some chance, in any case. */
  some(words: readonly string[], chance = 0.3): string[] {
    const taken = words.filter(() => this.random.chance(chance));
    return taken.map((word) => (this.random.chance(0.5) ? word : word.toLowerCase()));
  }

  times(most: number, make: () => readonly string[]): string[] {
    return Array.from({ length: 1 + this.random.below(most) }, make).flat();
  }

  time(): string[] {
    switch (this.random.below(8)) {
      case 0:
        return ['EX', this.seconds()];
      case 1:
        return ['px', this.milliseconds()];
      case 2:
        return ['EXAT', this.atSeconds()];
      case 3:
        return ['PXAT', this.atMilliseconds()];
      default:
        return [];
    }
  }
}

const CONDITIONS = ['NX', 'XX', 'GT', 'LT'];

/** How to draw the arguments of each command. */
const COMMANDS: Record<string, (d: Draw) => string[]> = {
  SET: (d) => [d.key(), d.value(), ...d.some(['NX', 'XX', 'GET', 'KEEPTTL'], 0.15), ...d.time()],
  GET: (d) => [d.key()],
  SETNX: (d) => [d.key(), d.value()],
  SETEX: (d) => [d.key(), d.seconds(), d.value()],
  PSETEX: (d) => [d.key(), d.milliseconds(), d.value()],
  GETSET: (d) => [d.key(), d.value()],
  GETDEL: (d) => [d.key()],
  GETEX: (d) => [d.key(), ...d.some(['PERSIST'], 0.2), ...d.time()],
  MGET: (d) => d.times(3, () => [d.key()]),
  MSET: (d) => d.times(3, () => [d.key(), d.value()]),
  MSETNX: (d) => d.times(3, () => [d.key(), d.value()]),
  APPEND: (d) => [d.key(), d.value()],
  STRLEN: (d) => [d.key()],
  INCR: (d) => [d.key()],
  DECR: (d) => [d.key()],
  INCRBY: (d) => [d.key(), d.integer()],
  DECRBY: (d) => [d.key(), d.integer()],
  INCRBYFLOAT: (d) => [d.key(), d.float()],
  GETRANGE: (d) => [d.key(), d.integer(), d.integer()],
  SUBSTR: (d) => [d.key(), d.integer(), d.integer()],
  SETRANGE: (d) => [d.key(), d.of(['0', '1', '5', '70', '-1', '536870912', 'x']), d.value()],
  LCS: (d) => [
    d.key(),
    d.key(),
    ...d.some(['LEN', 'IDX', 'WITHMATCHLEN']),
    ...(d.random.chance(0.2) ? ['MINMATCHLEN', d.integer()] : []),
  ],
  DEL: (d) => d.times(2, () => [d.key()]),
  UNLINK: (d) => d.times(2, () => [d.key()]),
  EXISTS: (d) => d.times(3, () => [d.key()]),
  TOUCH: (d) => d.times(3, () => [d.key()]),
  TYPE: (d) => [d.key()],
  EXPIRE: (d) => [d.key(), d.seconds(), ...d.some(CONDITIONS, 0.15)],
  PEXPIRE: (d) => [d.key(), d.milliseconds(), ...d.some(CONDITIONS, 0.15)],
  EXPIREAT: (d) => [d.key(), d.atSeconds(), ...d.some(CONDITIONS, 0.15)],
  PEXPIREAT: (d) => [d.key(), d.atMilliseconds(), ...d.some([...CONDITIONS, 'BAD'], 0.15)],
  TTL: (d) => [d.key()],
  PTTL: (d) => [d.key()],
  EXPIRETIME: (d) => [d.key()],
  PEXPIRETIME: (d) => [d.key()],
  PERSIST: (d) => [d.key()],
  RENAME: (d) => [d.key(), d.key()],
  RENAMENX: (d) => [d.key(), d.key()],
  COPY: (d) => [
    d.key(),
    d.key(),
    ...d.some(['REPLACE']),
    ...d.some(['DB'], 0.1),
    ...d.some(['0', '1', '99', 'x'], 0.05),
  ],
  KEYS: (d) => [d.of(['*', '{t}*', '*a', '{t}[a-c]', 'nothing*', '\\{t}?'])],
  DBSIZE: () => [],
  OBJECT: (d) => [
    d.of(['ENCODING', 'refcount', 'FREQ', 'HELP', 'BAD']),
    ...d.some([d.key()], 0.95),
  ],
  FLUSHALL: (d) => d.some(['SYNC', 'ASYNC', 'BAD'], 0.3),
  FLUSHDB: (d) => d.some(['SYNC', 'ASYNC', 'BAD'], 0.3),
  HSET: (d) => [d.key(), ...d.times(4, () => [d.field(), d.value()])],
  HMSET: (d) => [d.key(), ...d.times(4, () => [d.field(), d.value()])],
  HSETNX: (d) => [d.key(), d.field(), d.value()],
  HGET: (d) => [d.key(), d.field()],
  HMGET: (d) => [d.key(), ...d.times(4, () => [d.field()])],
  HGETALL: (d) => [d.key()],
  HDEL: (d) => [d.key(), ...d.times(3, () => [d.field()])],
  HLEN: (d) => [d.key()],
  HEXISTS: (d) => [d.key(), d.field()],
  HKEYS: (d) => [d.key()],
  HVALS: (d) => [d.key()],
  HINCRBY: (d) => [d.key(), d.field(), d.integer()],
  HINCRBYFLOAT: (d) => [d.key(), d.field(), d.float()],
  HSTRLEN: (d) => [d.key(), d.field()],
  HRANDFIELD: (d) => [
    d.key(),
    ...d.some(
      [d.of(['0', '3', '-4', '1', 'x', '9223372036854775807', '-9223372036854775808'])],
      0.8,
    ),
    ...d.some(['WITHVALUES', 'BAD'], 0.3),
  ],
  HSCAN: (d) => [
    d.key(),
    d.of(['0', '0', 'x', '']),
    ...d.some(['MATCH', 'COUNT', 'f*', '5', 'BAD'], 0.2),
  ],
  SCAN: (d) => [
    d.of(['x', '1x', ' 0', '99999999999999999999999', '0']),
    ...d.some(['MATCH', 'COUNT', '0', 'TYPE', 'BAD'], 0.3),
  ],
};

/** Commands that end a sequence's interesting state are drawn less often. */
const RARE = new Set(['FLUSHALL', 'FLUSHDB', 'KEYS', 'DBSIZE']);

export const COMMAND_NAMES = Object.keys(COMMANDS);

/** The next line of a sequence. */
export function drawLine(draw: Draw): Line {
  let name = draw.of(COMMAND_NAMES);
  while (RARE.has(name) && !draw.random.chance(0.1)) name = draw.of(COMMAND_NAMES);
  let args = COMMANDS[name](draw);
  if (draw.random.chance(0.02)) args = args.slice(0, -1);
  if (draw.random.chance(0.02)) args.push(draw.value());
  return [draw.random.chance(0.9) ? name : name.toLowerCase(), ...args];
}
