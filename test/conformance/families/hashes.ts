/** Commands on hashes. */
import type { Draw } from '../draw.ts';
import type { Family } from './family.ts';

const FIELDS = ['f1', 'f2', 'f3', 'f4', ''];

function field(d: Draw): string {
  return d.random.chance(0.9) ? d.of(FIELDS) : `x${d.random.below(1000)}`;
}

export const hashes: Family = {
  commands: {
    HSET: (d) => [d.key(), ...d.times(4, () => [field(d), d.value()])],
    HMSET: (d) => [d.key(), ...d.times(4, () => [field(d), d.value()])],
    HSETNX: (d) => [d.key(), field(d), d.value()],
    HGET: (d) => [d.key(), field(d)],
    HMGET: (d) => [d.key(), ...d.times(4, () => [field(d)])],
    HGETALL: (d) => [d.key()],
    HDEL: (d) => [d.key(), ...d.times(3, () => [field(d)])],
    HLEN: (d) => [d.key()],
    HEXISTS: (d) => [d.key(), field(d)],
    HKEYS: (d) => [d.key()],
    HVALS: (d) => [d.key()],
    HINCRBY: (d) => [d.key(), field(d), d.integer()],
    HINCRBYFLOAT: (d) => [d.key(), field(d), d.float()],
    HSTRLEN: (d) => [d.key(), field(d)],
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
  },
  unordered: { HGETALL: 2, HKEYS: 1, HVALS: 1 },
  random: ['HRANDFIELD'],
  walks: { HSCAN: 2 },
  dump: (key) => [['HGETALL', key]],
};
