/** Commands on lists. */
import type { Draw } from '../draw.ts';
import type { Family } from './family.ts';

/** Few, so that searches match; integers in and out of their canonical form; lengths at a listpack's steps. */
const ELEMENTS = ['a', 'b', 'c', '', '1', '-1', '127', '01', '9223372036854775807', 'd'.repeat(64)];

function element(d: Draw): string {
  if (d.random.chance(0.9)) return d.of(ELEMENTS);
  // about what one node holds, and more
  if (d.random.chance(0.1)) return d.of(['x', 'yz']).repeat(1000 + d.random.below(4000));
  return d.value();
}

function elements(d: Draw): string[] {
  // now and then enough to change the encoding
  return d.times(d.random.chance(0.05) ? 200 : 4, () => [element(d)]);
}

/** Redis from 7.2 on takes the low 32 bits of LSET's index, so a far one may hit an element there. */
function nearIndex(d: Draw): string {
  const index = d.integer();
  return Math.abs(Number(index)) > 2 ** 31 ? '2147483647' : index;
}

/** The one count whose opposite is no 64-bit integer is refused by versions after 7.2. */
function removalCount(d: Draw): string {
  return d.integer().replace('-9223372036854775808', '-9223372036854775807');
}

const ends = ['LEFT', 'RIGHT', 'left', 'right', 'LEFT', 'RIGHT', 'LEFT', 'RIGHT', 'BAD'];
const counts = ['0', '1', '2', '5', '-1', '1000', 'x', '9223372036854775807'];

export const lists: Family = {
  commands: {
    LPUSH: (d) => [d.key(), ...elements(d)],
    RPUSH: (d) => [d.key(), ...elements(d)],
    LPUSHX: (d) => [d.key(), ...elements(d)],
    RPUSHX: (d) => [d.key(), ...elements(d)],
    LPOP: (d) => [d.key(), ...d.some([d.of(counts)])],
    RPOP: (d) => [d.key(), ...d.some([d.of(counts)])],
    LLEN: (d) => [d.key()],
    LRANGE: (d) => [d.key(), d.integer(), d.integer()],
    LINDEX: (d) => [d.key(), d.integer()],
    LSET: (d) => [d.key(), nearIndex(d), element(d)],
    LINSERT: (d) => [
      d.key(),
      d.of(['BEFORE', 'AFTER', 'before', 'after', 'BEFORE', 'AFTER', 'BAD']),
      element(d),
      element(d),
    ],
    LREM: (d) => [d.key(), removalCount(d), element(d)],
    LTRIM: (d) => [d.key(), d.integer(), d.of(['-1', '-1', '50', d.integer()])],
    LPOS: (d) => [
      d.key(),
      element(d),
      ...(d.random.chance(0.4) ? ['RANK', d.integer()] : []),
      ...(d.random.chance(0.4) ? ['count', d.of([...counts, d.integer()])] : []),
      ...(d.random.chance(0.3) ? ['MAXLEN', d.integer()] : []),
      ...d.some(['RANK', 'BAD'], 0.03),
    ],
    LMOVE: (d) => [d.key(), d.key(), d.of(ends), d.of(ends)],
    RPOPLPUSH: (d) => [d.key(), d.key()],
    LMPOP: (d) => [
      ...d.numberedKeys(3),
      d.of(ends),
      ...(d.random.chance(0.4) ? ['COUNT', d.of(counts)] : []),
      ...d.some(['COUNT', 'BAD'], 0.03),
    ],
  },
  dump: (key) => [['LRANGE', key, '0', '-1']],
};
