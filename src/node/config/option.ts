/**
 * What one option is: how its text becomes a value, which values are allowed, who may set it, and why
 * it is there. The table of all options is `options.ts`; arguments, help text, parameters and
 * documentation are read from its rows and never repeat them.
 *
 * A row's rules are the same wherever its text comes from: process arguments or `spec.parameters`.
 */

/** What a number counts, or what a text is; for documentation and error messages. */
export type Unit = 'ms' | 's' | 'µs' | 'bytes' | 'percent' | 'count' | 'port' | 'text' | 'choice';

/** The outcome of reading one text: a value, or the rule that it breaks. */
export type Parsed<T> = { readonly value: T } | { readonly rule: string };

export interface OptionRow<T> {
  readonly unit: Unit;
  /** `undefined`: must be given. */
  readonly default: T | undefined;
  /** The allowed values in words: `1 to 65535`, `sync or async`. */
  readonly bounds: string;
  /** `process`: an argument of one process; `cluster`: also a parameter that all members share. */
  readonly scope: 'process' | 'cluster';
  /** `live`: a new value takes effect at once; `restart`: at the next start of the process. */
  readonly change: 'live' | 'restart';
  /** Redis' or MemoryDB's name where it is not the key in kebab case. */
  readonly name?: string;
  /** Accepted and shown, but nothing reads it yet (reported in `status.inactiveFields`). */
  readonly inactive?: true;
  readonly why: string;
  readonly parse: (text: string) => Parsed<T>;
  readonly print: (value: T) => string;
}

interface About {
  readonly why: string;
  readonly scope?: 'process' | 'cluster';
  readonly change?: 'live' | 'restart';
  readonly name?: string;
  readonly inactive?: true;
}

interface TextAbout extends About {
  readonly default?: string;
  /** Must match as a whole; together with `rule`, its meaning in words. */
  readonly pattern?: RegExp;
  readonly rule?: string;
}

/** An option that is any text, or text of one form. */
export function textOption(about: TextAbout): OptionRow<string> {
  const rule = about.rule ?? 'any text';
  return {
    ...shared(about),
    unit: 'text',
    default: about.default,
    bounds: rule,
    parse: (text) => (about.pattern?.test(text) === false ? { rule } : { value: text }),
    print: String,
  };
}

interface NumberAbout extends About {
  readonly unit: Exclude<Unit, 'bytes' | 'text' | 'choice'>;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** 0 is allowed although it is below `min`, and means this. */
  readonly zeroMeans?: string;
}

/** An option that is a whole number in [min, max]. */
export function numberOption(about: NumberAbout): OptionRow<number> {
  const bounds =
    `${about.min} to ${about.max}` + (about.zeroMeans ? `, or 0: ${about.zeroMeans}` : '');
  const rule = `a whole number, ${bounds}`;
  return {
    ...shared(about),
    unit: about.unit,
    default: about.default,
    bounds,
    parse: (text) => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      const allowed = within(value, about.min, about.max, about.zeroMeans !== undefined);
      return allowed ? { value } : { rule };
    },
    print: String,
  };
}

interface BytesAbout extends About {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly zeroMeans?: string;
}

/** An option that is a number of bytes: `1048576`, `1mb` or `1Mi`; decimal `1m` is 1000000, as in Redis. */
export function bytesOption(about: BytesAbout): OptionRow<number> {
  const bounds =
    `${printBytes(about.min)} to ${printBytes(about.max)}` +
    (about.zeroMeans ? `, or 0: ${about.zeroMeans}` : '');
  const rule = `bytes such as 1048576, 1mb or 1Mi, ${bounds}`;
  return {
    ...shared(about),
    unit: 'bytes',
    default: about.default,
    bounds,
    parse: (text) => {
      const value = parseBytes(text);
      const allowed = within(value, about.min, about.max, about.zeroMeans !== undefined);
      return allowed ? { value } : { rule };
    },
    print: printBytes,
  };
}

interface ChoiceAbout<T extends string> extends About {
  readonly of: readonly T[];
  readonly default: NoInfer<T>;
}

/** An option that is one word out of a closed set. */
export function choiceOption<const T extends string>(about: ChoiceAbout<T>): OptionRow<T> {
  const bounds = `${about.of.slice(0, -1).join(', ')} or ${about.of.at(-1)}`;
  return {
    ...shared(about),
    unit: 'choice',
    default: about.default,
    bounds,
    parse: (text) => {
      const value = about.of.find((word) => word === text);
      return value === undefined ? { rule: bounds } : { value };
    },
    print: String,
  };
}

/** `clientPort` as `client-port`: how options are spelled outside TypeScript. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const SUFFIX_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  ki: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  mi: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
  gi: 1024 ** 3,
};

/** The number of bytes that `text` names, by Redis' suffixes and Kubernetes' Ki, Mi and Gi; NaN if none. */
export function parseBytes(text: string): number {
  const match = /^(\d{1,15})([a-z]{0,2})$/.exec(text.toLowerCase());
  return match ? Number(match[1]) * (SUFFIX_BYTES[match[2]] ?? Number.NaN) : Number.NaN;
}

/** `bytes` in the largest of gb, mb and kb that divides it. */
export function printBytes(bytes: number): string {
  for (const [suffix, factor] of [
    ['gb', 1024 ** 3],
    ['mb', 1024 ** 2],
    ['kb', 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${suffix}`;
  }
  return String(bytes);
}

function within(value: number, min: number, max: number, zero: boolean): boolean {
  if (!Number.isSafeInteger(value)) return false;
  return (value >= min && value <= max) || (zero && value === 0);
}

type Shared = Pick<OptionRow<unknown>, 'scope' | 'change' | 'why' | 'name' | 'inactive'>;

function shared(about: About): Shared {
  return {
    scope: about.scope ?? 'process',
    change: about.change ?? 'restart',
    why: about.why,
    ...(about.name === undefined ? {} : { name: about.name }),
    ...(about.inactive === undefined ? {} : { inactive: about.inactive }),
  };
}
