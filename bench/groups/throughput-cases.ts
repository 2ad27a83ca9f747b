/**
 * The commands of the throughput tables: what is sent, what must be there before, over how many keys.
 * A case is named by command, pipeline, and what is not usual: `get-p16`, `get-p16-1k-c500`.
 */

export interface CommandLoad {
  /** A template (see load/template.ts) with VALUE where the value goes. */
  readonly command: string;
  /** Random numbers are below it. */
  readonly keys: number;
  /** A value is part of it, so that its size matters. */
  readonly sized: boolean;
  /** Sent before the first round so many times, over the same keys. */
  readonly before?: { readonly command: string; readonly count: number };
  /** 'empty': each round starts with no keys, so that it adds. */
  readonly start?: 'empty';
  /** Sent before each round, for every so many requests once: what the round takes away. */
  readonly stock?: { readonly command: string; readonly perRequests: number };
  /** redis-benchmark cannot send it. */
  readonly ownGenerator?: true;
}

const KEYS = 100_000;
const COLLECTIONS = 10_000;
const LISTS = 1_000;
const EIGHT_FIELDS = 'f1 1 f2 2 f3 3 f4 4 f5 5 f6 6 f7 7 field VALUE';
const TEN_KEYS = Array.from({ length: 10 }, (_, at) => `{__same_int__}:${at} VALUE`).join(' ');
const TWENTY_VALUES = Array.from({ length: 20 }, () => 'VALUE').join(' ');

export const COMMANDS: Readonly<Record<string, CommandLoad>> = {
  get: {
    command: 'GET key:__rand_int__',
    keys: KEYS,
    sized: true,
    before: { command: 'SET key:__next_int__ VALUE', count: KEYS },
  },
  set: {
    command: 'SET key:__rand_int__ VALUE',
    keys: KEYS,
    sized: true,
    before: { command: 'SET key:__next_int__ VALUE', count: KEYS },
  },
  incr: { command: 'INCR counter:__rand_int__', keys: KEYS, sized: false },
  hset: {
    command: 'HSET hash:__rand_int__ field VALUE',
    keys: KEYS,
    sized: true,
    before: { command: `HSET hash:__next_int__ ${EIGHT_FIELDS}`, count: KEYS },
  },
  hget: {
    command: 'HGET hash:__rand_int__ field',
    keys: KEYS,
    sized: true,
    before: { command: `HSET hash:__next_int__ ${EIGHT_FIELDS}`, count: KEYS },
  },
  lpush: { command: 'LPUSH list:__rand_int__ VALUE', keys: LISTS, sized: true, start: 'empty' },
  lpop: {
    command: 'LPOP list:__rand_int__',
    keys: LISTS,
    sized: true,
    start: 'empty',
    // lists are chosen at random, some are longer than others
    stock: { command: `LPUSH list:__rand_int__ ${TWENTY_VALUES}`, perRequests: 20 / 1.3 },
  },
  sadd: {
    command: 'SADD set:__rand_int__ member:__rand_int__',
    keys: COLLECTIONS,
    sized: false,
    start: 'empty',
  },
  zadd: {
    command: 'ZADD zset:__rand_int__ __rand_int__ member:__rand_int__',
    keys: COLLECTIONS,
    sized: false,
    start: 'empty',
  },
  zrange: {
    command: 'ZRANGE zset:__rand_int__ 0 99',
    keys: LISTS,
    sized: false,
    before: { command: 'ZADD zset:__rand_int__ __rand_int__ member:__rand_int__', count: 300_000 },
  },
  mset: { command: `MSET ${TEN_KEYS}`, keys: KEYS, sized: true, ownGenerator: true },
};

export interface ThroughputCase {
  readonly name: string;
  readonly load: CommandLoad;
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly connections: number;
}

const USUAL_BYTES = 64;
const USUAL_CONNECTIONS = 50;
export const PIPELINES = [1, 16, 64] as const;

/** The full cross product; sizes only where a value is sent or read. */
export const ALL: readonly ThroughputCase[] = Object.entries(COMMANDS).flatMap(([name, load]) =>
  PIPELINES.flatMap((pipeline) =>
    (load.sized ? [USUAL_BYTES, 1024] : [USUAL_BYTES]).flatMap((valueBytes) =>
      [USUAL_CONNECTIONS, 1, 500].map((connections) => {
        const size = valueBytes === USUAL_BYTES ? '' : '-1k';
        const clients = connections === USUAL_CONNECTIONS ? '' : `-c${connections}`;
        const full = `${name}-p${pipeline}${size}${clients}`;
        return { name: full, load, pipeline, valueBytes, connections };
      }),
    ),
  ),
);

/** All commands and pipelines with what is usual, and for GET and SET one thing changed at a time. */
export const USUAL: readonly string[] = ALL.filter(
  ({ name, pipeline, valueBytes, connections }) => {
    if (valueBytes === USUAL_BYTES && connections === USUAL_CONNECTIONS) return true;
    if (!/^(?:get|set)-/.test(name)) return false;
    return connections === USUAL_CONNECTIONS
      ? pipeline !== 64
      : valueBytes === USUAL_BYTES && pipeline === 1;
  },
).map(({ name }) => name);

/** The template with a value of so many bytes. */
export function withValue(template: string, valueBytes: number): string {
  return template.replaceAll('VALUE', 'x'.repeat(valueBytes));
}

/** `GET, P16`, and what is not usual. */
export function titleOf({ name, pipeline, valueBytes, connections }: ThroughputCase): string {
  const size = valueBytes === USUAL_BYTES ? '' : ', 1 KiB';
  const clients = connections === USUAL_CONNECTIONS ? '' : `, ${connections} connections`;
  return `${name.split('-')[0].toUpperCase()}, P${pipeline}${size}${clients}`;
}
