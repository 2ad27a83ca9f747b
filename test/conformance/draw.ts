/** Draws keys, numbers, values and times for random command lines from a seeded generator. */
import type { Prng } from '#base/prng.ts';

export type Line = readonly string[];

/** All keys of a sequence are in one slot, so that no order of commands crosses slots. */
export const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `{t}${name}`);

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

  /**
   * Relative times are never drawn twice: two equal ones, a moment apart, would compare (GT, LT) by the
   * milliseconds that each server happened to take.
   */
  #nextStep(): number {
    this.#step = (this.#step + 7) % 10_007;
    return this.#step;
  }

  /** A relative time in seconds: far enough apart from all others to compare the same everywhere. */
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

  /** The keys of a command that takes them by number (LMPOP, SINTERCARD): the count, now and then wrong, and keys. */
  numberedKeys(most: number): string[] {
    const keys = this.times(most, () => [this.key()]);
    const wrong = this.random.chance(0.05);
    return [
      wrong ? this.of(['0', '-1', 'x', '', '2', '5', '9223372036854775807']) : `${keys.length}`,
      ...keys,
    ];
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
