/** Commands on sets. */
import type { Draw } from '../draw.ts';
import { bulkContent } from '../reply-parser.ts';
import type { Family } from './family.ts';

/** Integers of each width that an intset has, what only looks like one, and lengths at a listpack's limit. */
const MEMBERS = [
  ...'0 1 2 3 -7 32767 -32769 2147483648 9223372036854775807'.split(' '),
  ...'01 +1 9223372036854775808 a b c d e'.split(' '),
  '',
  'x'.repeat(64),
  'x'.repeat(65),
];

function member(d: Draw): string {
  if (d.random.chance(0.05)) return d.value();
  // mostly integers, so that some sets stay intsets
  return d.random.chance(0.6) ? String(d.random.below(12)) : d.of(MEMBERS);
}

function members(d: Draw): string[] {
  if (d.random.chance(0.95)) return d.times(4, () => [member(d)]);
  // now and then enough to change the encoding
  const from = d.random.below(100);
  const prefix = d.of(['', 'm']);
  return Array.from({ length: d.of([100, 130, 260]) }, (_, i) => `${prefix}${from + i}`);
}

const counts = ['0', '1', '3', '100', 'x', '-1', '9223372036854775807', '-9223372036854775808'];

export const sets: Family = {
  commands: {
    SADD: (d) => [d.key(), ...members(d)],
    SREM: (d) => [d.key(), ...members(d)],
    SISMEMBER: (d) => [d.key(), member(d)],
    SMISMEMBER: (d) => [d.key(), ...d.times(4, () => [member(d)])],
    SCARD: (d) => [d.key()],
    SMEMBERS: (d) => [d.key()],
    SPOP: (d) => [d.key(), ...d.some([d.of(counts)], 0.6)],
    SRANDMEMBER: (d) => [d.key(), ...d.some([d.of([...counts, '-20'])], 0.7)],
    SMOVE: (d) => [d.key(), d.key(), member(d)],
    SSCAN: (d) => [
      d.key(),
      d.of(['0', '0', 'x', '']),
      ...d.some(['MATCH', 'COUNT', '1*', '5', 'BAD'], 0.2),
    ],
    SINTER: (d) => d.times(3, () => [d.key()]),
    SINTERSTORE: (d) => [d.key(), ...d.times(3, () => [d.key()])],
    SINTERCARD: (d) => [
      ...d.numberedKeys(3),
      ...(d.random.chance(0.3) ? ['LIMIT', d.integer()] : []),
      ...d.some(['limit', 'BAD'], 0.03),
    ],
    SUNION: (d) => d.times(3, () => [d.key()]),
    SUNIONSTORE: (d) => [d.key(), ...d.times(3, () => [d.key()])],
    SDIFF: (d) => d.times(4, () => [d.key()]),
    SDIFFSTORE: (d) => [d.key(), ...d.times(4, () => [d.key()])],
  },
  unordered: { SMEMBERS: 1, SINTER: 1, SUNION: 1, SDIFF: 1 },
  random: ['SRANDMEMBER'],
  walks: { SSCAN: 1 },
  replays: {
    // what was taken here is taken there too
    SPOP: (line, ours) => {
      const taken = (Array.isArray(ours) ? ours : [ours])
        .map((item) => (typeof item === 'string' ? bulkContent(item) : null))
        .filter((item) => item !== null);
      if (taken.length === 0) return null;
      return { line: ['SREM', line[1], ...taken], reply: `:${taken.length}\r\n` };
    },
  },
  dump: (key) => [['SMEMBERS', key]],
};
