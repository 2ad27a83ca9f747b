/** SORT and SORT_RO, on lists, sets and sorted sets mostly of numbers. */
import type { Draw } from '../draw.ts';
import type { Family } from './family.ts';

function elements(d: Draw): string[] {
  return d.times(6, () => [
    d.random.chance(0.95) ? String(d.random.below(30) - 10) : d.of(['1.5', '-inf', 'x', '', ' 3']),
  ]);
}

/**
 * Sets have no order of their own: BY without `*` is drawn where the result is sorted all the same. STORE is drawn
 * with ALPHA alone, since a Redis that has refused a number lately may refuse all (see differences.ts).
 */
function options(d: Draw, storing: boolean): string[] {
  const out = d.some(['ASC', 'DESC', 'ALPHA'], 0.3);
  if (d.random.chance(0.4)) {
    out.push('LIMIT', d.of(['0', '1', '3', '-1', '100', 'x']), d.of(['2', '-1', '0', '100']));
  }
  if (d.random.chance(0.05)) out.push('BY', 'w_*');
  if (d.random.chance(0.05)) out.push('GET', d.of(['#', 'w_*', 'x']));
  if (storing)
    out.push('ALPHA', 'STORE', d.key(), ...d.some(['BY'], 0.2).flatMap((by) => [by, 'nosort']));
  return [...out, ...d.some(['BAD', 'LIMIT'], 0.02)];
}

export const sort: Family = {
  commands: {
    SORT: (d) => [d.key(), ...options(d, d.random.chance(0.3))],
    SORT_RO: (d) => [d.key(), ...options(d, d.random.chance(0.02))],
    RPUSH: (d) => [d.key(), ...elements(d)],
    SADD: (d) => [d.key(), ...elements(d)],
    ZADD: (d) => [d.key(), ...elements(d).flatMap((element, at) => [String(at % 3), element])],
    DEL: (d) => [d.key()],
  },
  dump: () => [],
};
