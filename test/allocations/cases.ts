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

/** What a command that allocates nothing may still cost, in bytes: a sampled clock reading, a turn's share. */
const NOTHING = 16;
/** The keyspace makes objects for what is written: to become {@link NOTHING} with one that does not. */
const KEYSPACE_OBJECTS = 400;

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
    mostBytes: KEYSPACE_OBJECTS,
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
    mostBytes: KEYSPACE_OBJECTS,
  },
  {
    name: 'INCR',
    before: [],
    command: (i) => ['INCR', `count:${i % KEYS}`],
    mostBytes: KEYSPACE_OBJECTS,
  },
  {
    name: 'HSET',
    before: everyKey((i) => ['HSET', `hash:${i}`, 'field', VALUE]),
    command: (i) => ['HSET', `hash:${i % KEYS}`, 'field', VALUE],
    mostBytes: KEYSPACE_OBJECTS,
  },
  {
    name: 'HGET',
    before: everyKey((i) => ['HSET', `hash:${i}`, 'field', VALUE]),
    command: (i) => ['HGET', `hash:${i % KEYS}`, 'field'],
    mostBytes: KEYSPACE_OBJECTS,
  },
];
