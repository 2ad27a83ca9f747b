/** Commands on strings. */
import type { Family } from './family.ts';

export const strings: Family = {
  commands: {
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
  },
  dump: (key) => [['GET', key]],
};
