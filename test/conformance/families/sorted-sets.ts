/**
 * Commands on sorted sets. Ranges of members are meant for sorted sets of one score alone, so they have keys of
 * their own, in which every score is 0.
 */
import type { Draw } from '../draw.ts';
import type { Family } from './family.ts';

const MEMBERS = [
  'a',
  'b',
  'c',
  'd',
  'e',
  'ab',
  '',
  '1',
  '-7',
  '01',
  'x'.repeat(64),
  'y'.repeat(65),
];
const SCORES = [
  ...'0 1 2 3 -1 0.5 -2.25 0.1 1e3 inf -inf +inf -0 1e300 -1e300 1e-7 3.0e20'.split(' '),
  ...'9007199254740993 123456789.123456 0.30000000000000004 0x10 nan abc 1e400 1e-400'.split(' '),
  ' 1',
  '',
];
const SCORE_BOUNDS = [
  ...'-inf +inf inf 0 1 2 (1 (0 -1 (-inf (inf 0.5 (0.5 1e3 3 100 1e400 0x1'.split(' '),
  ...'nan ( ((1 (x abc [1'.split(' '),
  '',
  ' 1',
  '1 ',
];
const MEMBER_BOUNDS = '- + [a (a [c (c [e (zz [ab [x ( [ a +x -x [1'.split(' ');
const ONE_SCORE_KEYS = ['{t}one', '{t}single'];
const OPTIONS = ['NX', 'XX', 'GT', 'LT', 'CH'];
const WITH = ['WITHSCORES'];
const counts = ['0', '1', '2', '5', '-1', '1000', 'x', '9223372036854775807'];

function member(d: Draw): string {
  if (d.random.chance(0.03)) return d.value();
  return d.random.chance(0.6) ? `m${d.random.below(12)}` : d.of(MEMBERS);
}

function score(d: Draw): string {
  if (d.random.chance(0.6)) return String(d.random.below(10));
  // malformed ones are at the end of the list, and should not spoil most lines
  return d.random.chance(0.9) ? d.of(SCORES.slice(0, 20)) : d.of(SCORES);
}

function pairs(d: Draw): string[] {
  if (d.random.chance(0.95)) return d.times(4, () => [score(d), member(d)]);
  // now and then enough to change the encoding
  const from = d.random.below(100);
  return Array.from({ length: d.of([100, 130, 260]) }, (_, i) => [score(d), `n${from + i}`]).flat();
}

function members(d: Draw): string[] {
  return d.times(3, () => [member(d)]);
}

function oneScore(d: Draw): string {
  return d.of(ONE_SCORE_KEYS);
}

function limit(d: Draw, chance = 0.3): string[] {
  if (!d.random.chance(chance)) return [];
  return ['LIMIT', d.of(['0', '1', '2', '-1', 'x', '100']), d.of(['1', '3', '-1', '0', '-5', '9'])];
}

/** Bounds, then options, of the new ZRANGE. */
function range(d: Draw, withScores: readonly string[]): string[] {
  const bounds = d.random.below(2) === 0 ? [d.integer(), d.integer()] : [];
  const by = bounds.length === 0 ? [d.of(['BYSCORE', 'byscore'])] : [];
  while (bounds.length < 2) bounds.push(d.of(SCORE_BOUNDS));
  const options = [...d.some(['REV'], 0.4), ...limit(d, by.length > 0 ? 0.4 : 0.05)];
  return [...bounds, ...by, ...options, ...d.some(withScores, 0.5), ...d.some(['BAD'], 0.02)];
}

function memberRange(d: Draw): string[] {
  const bounds = [d.of(MEMBER_BOUNDS), d.of(MEMBER_BOUNDS)];
  return [...bounds, 'BYLEX', ...d.some(['REV'], 0.4), ...limit(d), ...d.some(WITH, 0.05)];
}

/** Keys with their number, then options of the operations. */
function inputs(d: Draw, options: readonly string[]): string[] {
  const keys = d.numberedKeys(3);
  const out = [...keys];
  if (options.includes('WEIGHTS') && d.random.chance(0.4)) {
    const weights = ['1', '2', '0', '-1', '0.5', 'inf', 'x'];
    out.push('WEIGHTS', ...keys.slice(1).map(() => d.of(weights.slice(0, 6))));
    if (d.random.chance(0.05)) out.push(d.of(weights));
  }
  if (options.includes('AGGREGATE') && d.random.chance(0.4)) {
    out.push('AGGREGATE', d.of(['SUM', 'MIN', 'MAX', 'min', 'BAD']));
  }
  return [...out, ...d.some(options.includes('WITHSCORES') ? WITH : [], 0.6)];
}

const COMBINE = ['WEIGHTS', 'AGGREGATE'];

export const sortedSets: Family = {
  commands: {
    ZADD: (d) => {
      if (d.random.chance(0.3)) return [oneScore(d), ...members(d).flatMap((m) => ['0', m])];
      const options = [...d.some(OPTIONS, 0.15), ...d.some(['INCR'], 0.1)];
      return [d.key(), ...options, ...pairs(d)];
    },
    ZINCRBY: (d) => [d.key(), d.random.chance(0.05) ? d.of(OPTIONS) : score(d), member(d)],
    ZREM: (d) => [d.key(), ...members(d)],
    ZCARD: (d) => [d.key()],
    ZCOUNT: (d) => [d.key(), d.of(SCORE_BOUNDS), d.of(SCORE_BOUNDS)],
    ZLEXCOUNT: (d) => [oneScore(d), d.of(MEMBER_BOUNDS), d.of(MEMBER_BOUNDS)],
    ZSCORE: (d) => [d.key(), member(d)],
    ZMSCORE: (d) => [d.key(), ...members(d)],
    ZRANK: (d) => [d.key(), member(d), ...d.some(['WITHSCORE', 'BAD'], 0.2)],
    ZREVRANK: (d) => [d.key(), member(d), ...d.some(['WITHSCORE', 'BAD'], 0.2)],
    ZRANGE: (d) =>
      d.random.chance(0.3) ? [oneScore(d), ...memberRange(d)] : [d.key(), ...range(d, WITH)],
    ZRANGESTORE: (d) =>
      d.random.chance(0.3)
        ? [oneScore(d), oneScore(d), ...memberRange(d)]
        : [d.key(), d.key(), ...range(d, [])],
    ZREVRANGE: (d) => [d.key(), d.integer(), d.integer(), ...d.some([...WITH, 'REV'], 0.3)],
    ZRANGEBYSCORE: (d) => [
      d.key(),
      d.of(SCORE_BOUNDS),
      d.of(SCORE_BOUNDS),
      ...d.some([...WITH, 'BYSCORE'], 0.2),
      ...limit(d),
    ],
    ZREVRANGEBYSCORE: (d) => [
      d.key(),
      d.of(SCORE_BOUNDS),
      d.of(SCORE_BOUNDS),
      ...limit(d),
      ...d.some(WITH, 0.4),
    ],
    ZRANGEBYLEX: (d) => [
      oneScore(d),
      d.of(MEMBER_BOUNDS),
      d.of(MEMBER_BOUNDS),
      ...limit(d),
      ...d.some([...WITH, 'REV'], 0.05),
    ],
    ZREVRANGEBYLEX: (d) => [oneScore(d), d.of(MEMBER_BOUNDS), d.of(MEMBER_BOUNDS), ...limit(d)],
    ZREMRANGEBYRANK: (d) => [d.key(), d.integer(), d.integer()],
    ZREMRANGEBYSCORE: (d) => [d.key(), d.of(SCORE_BOUNDS), d.of(SCORE_BOUNDS)],
    ZREMRANGEBYLEX: (d) => [oneScore(d), d.of(MEMBER_BOUNDS), d.of(MEMBER_BOUNDS)],
    ZPOPMIN: (d) => [d.key(), ...d.some([d.of(counts)])],
    ZPOPMAX: (d) => [d.key(), ...d.some([d.of(counts)])],
    ZMPOP: (d) => [
      ...d.numberedKeys(3),
      d.of(['MIN', 'MAX', 'min', 'max', 'MIN', 'MAX', 'BAD']),
      ...(d.random.chance(0.4) ? ['COUNT', d.of(counts)] : []),
      ...d.some(['COUNT', 'BAD'], 0.03),
    ],
    ZRANDMEMBER: (d) => [
      d.key(),
      ...d.some(
        [d.of(['0', '3', '-4', '1', 'x', '9223372036854775807', '-9223372036854775808'])],
        0.8,
      ),
      ...d.some([...WITH, 'BAD'], 0.3),
    ],
    ZSCAN: (d) => [
      d.key(),
      d.of(['0', '0', 'x', '']),
      ...d.some(['MATCH', 'COUNT', 'm*', '5', 'BAD'], 0.2),
    ],
    ZUNION: (d) => inputs(d, [...COMBINE, ...WITH]),
    ZUNIONSTORE: (d) => [d.key(), ...inputs(d, COMBINE)],
    ZINTER: (d) => inputs(d, [...COMBINE, ...WITH]),
    ZINTERSTORE: (d) => [d.key(), ...inputs(d, COMBINE)],
    ZINTERCARD: (d) => [
      ...inputs(d, []),
      ...(d.random.chance(0.3) ? ['LIMIT', d.integer()] : []),
      ...d.some(['limit', ...WITH], 0.03),
    ],
    ZDIFF: (d) => inputs(d, WITH),
    ZDIFFSTORE: (d) => [d.key(), ...inputs(d, [])],
    // sets are inputs too
    SADD: (d) => [d.key(), ...members(d)],
  },
  random: ['ZRANDMEMBER'],
  walks: { ZSCAN: 2 },
  doubles: [
    ...'ZADD ZINCRBY ZSCORE ZMSCORE ZRANK ZREVRANK ZRANGE ZREVRANGE ZRANGEBYSCORE'.split(' '),
    ...'ZREVRANGEBYSCORE ZPOPMIN ZPOPMAX ZMPOP ZSCAN ZUNION ZINTER ZDIFF'.split(' '),
  ],
  dump: (key) => [
    ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    ['ZRANGE', '{t}one', '0', '-1', 'WITHSCORES'],
  ],
};
