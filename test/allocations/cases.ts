/**
 * Commands whose way through a session must not make garbage. A row: what is run once before, what one of many
 * is, and how many bytes of the heap and of buffers it may cost on average. A new hot command is a new row.
 */
export interface AllocationCase {
  readonly name: string;
  /** What the user may do; everything when absent. */
  readonly accessString?: string;
  readonly before: readonly (readonly string[])[];
  /** The words of the command with number `i`. */
  readonly command: (i: number) => readonly string[];
  readonly mostBytes: number;
}

/** What a command that allocates nothing may still cost, in bytes: its sixteenth of a turn and its batch. */
const NOTHING = 24;
/** A time in milliseconds is no small integer: V8 makes 16 bytes of it in each call that it does not inline. */
const TIMES = 80;

const KEYS = 64;
const VALUE = 'v'.repeat(64);

const key = (i: number): string => `key:${i % KEYS}`;
const everyKey = (command: (i: number) => string[]): string[][] =>
  Array.from({ length: KEYS }, (_, i) => command(i));

export const CASES: readonly AllocationCase[] = [
  { name: 'PING', before: [], command: () => ['PING'], mostBytes: NOTHING },
  {
    name: 'GET',
    before: everyKey((i) => ['SET', key(i), VALUE]),
    command: (i) => ['GET', key(i)],
    mostBytes: NOTHING,
  },
  {
    name: 'GET of an absent key',
    before: [],
    command: (i) => ['GET', `absent:${i % KEYS}`],
    mostBytes: NOTHING,
  },
  {
    name: 'GET by a user with few rights',
    accessString: '~other:* ~absent:* -@all +get +set',
    before: [],
    command: (i) => ['GET', `absent:${i % KEYS}`],
    mostBytes: NOTHING,
  },
  {
    name: 'SET',
    before: everyKey((i) => ['SET', key(i), VALUE]),
    command: (i) => ['SET', key(i), VALUE],
    mostBytes: NOTHING,
  },
  {
    name: 'INCR',
    before: [],
    command: (i) => ['INCR', `count:${i % KEYS}`],
    mostBytes: NOTHING,
  },
  {
    name: 'HSET',
    before: everyKey((i) => ['HSET', `hash:${i}`, 'field', VALUE]),
    command: (i) => ['HSET', `hash:${i % KEYS}`, 'field', VALUE],
    mostBytes: NOTHING,
  },
  {
    name: 'HGET',
    before: everyKey((i) => ['HSET', `hash:${i}`, 'field', VALUE]),
    command: (i) => ['HGET', `hash:${i % KEYS}`, 'field'],
    mostBytes: NOTHING,
  },
  {
    name: 'LPUSH and RPOP',
    before: everyKey((i) => ['RPUSH', `list:${i}`, VALUE, VALUE]),
    command: (i) => (i % 2 === 0 ? ['LPUSH', 'list:0', VALUE] : ['RPOP', 'list:0']),
    mostBytes: NOTHING,
  },
  {
    name: 'SADD',
    before: [],
    command: (i) => ['SADD', `set:${i % 4}`, `member:${i % KEYS}`],
    mostBytes: NOTHING,
  },
  {
    name: 'ZADD',
    before: [],
    command: (i) => ['ZADD', `zset:${i % 4}`, String(i), `member:${i % KEYS}`],
    mostBytes: NOTHING,
  },
  {
    name: 'ZSCORE',
    before: everyKey((i) => ['ZADD', 'zset', String(i * 1.5), `member:${i}`]),
    command: (i) => ['ZSCORE', 'zset', `member:${i % KEYS}`],
    mostBytes: NOTHING,
  },
  {
    name: 'HINCRBY',
    before: [],
    command: (i) => ['HINCRBY', `counts:${i % KEYS}`, 'field', '7'],
    mostBytes: NOTHING,
  },
  {
    name: 'DEL and SET',
    before: [],
    command: (i) => (i % 2 === 0 ? ['SET', 'gone', VALUE] : ['DEL', 'gone']),
    mostBytes: NOTHING,
  },
  {
    name: 'SET with an expiry',
    before: [],
    command: (i) => ['SET', key(i), VALUE, 'PX', '100000'],
    mostBytes: TIMES,
  },
];
