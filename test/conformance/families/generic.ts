/** Commands on keys of any type. */
import type { Family } from './family.ts';

const CONDITIONS = ['NX', 'XX', 'GT', 'LT'];

export const generic: Family = {
  commands: {
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
    MOVE: (d) => [d.key(), d.of(['0', '1', 'x'])],
    KEYS: (d) => [d.of(['*', '{t}*', '*a', '{t}[a-c]', 'nothing*', '\\{t}?'])],
    DBSIZE: () => [],
    OBJECT: (d) => [
      d.of(['ENCODING', 'refcount', 'FREQ', 'HELP', 'BAD']),
      ...d.some([d.key()], 0.95),
    ],
    FLUSHALL: (d) => d.some(['SYNC', 'ASYNC', 'BAD'], 0.3),
    FLUSHDB: (d) => d.some(['SYNC', 'ASYNC', 'BAD'], 0.3),
    SCAN: (d) => [
      d.of(['x', '1x', ' 0', '99999999999999999999999', '0']),
      ...d.some(['MATCH', 'COUNT', '0', 'TYPE', 'BAD'], 0.3),
    ],
  },
  rare: ['FLUSHALL', 'FLUSHDB', 'KEYS', 'DBSIZE'],
  timed: { TTL: 2, PTTL: 2000, EXPIRETIME: 2, PEXPIRETIME: 2000 },
  unordered: { KEYS: 1 },
  walks: { SCAN: 1 },
  dump: (key) => [
    ['TYPE', key],
    ['PEXPIRETIME', key],
    ['OBJECT', 'ENCODING', key],
  ],
};
