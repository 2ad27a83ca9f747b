/**
 * Where an oracle answers otherwise than Redis 7.2, which we are. A difference that is not in this table fails
 * the tests.
 */
import type { Line } from './draw.ts';
import type { OracleName } from './redis-server.ts';

interface Difference {
  readonly oracle: OracleName;
  readonly why: string;
  readonly applies: (line: Line, ours: string, theirs: string) => boolean;
}

const isEncoding = (line: Line): boolean => /^object encoding$/i.test(`${line[0]} ${line[1]}`);

const DIFFERENCES: readonly Difference[] = [
  {
    oracle: 'redis-server',
    why: '7.2 keeps a short list as one listpack; 7.0 had quicklists only',
    applies: (line, ours, theirs) =>
      isEncoding(line) && /listpack/.test(ours) && /quicklist/.test(theirs),
  },
  {
    oracle: 'redis-server',
    why: '7.2 keeps a small set of texts as a listpack; 7.0 had intsets and hashtables only',
    applies: (line, ours, theirs) =>
      isEncoding(line) && /listpack/.test(ours) && /hashtable/.test(theirs),
  },
  {
    oracle: 'redis-server',
    why: '7.2 refuses the one rank whose opposite is no 64-bit integer',
    applies: (line, ours) =>
      /^lpos$/i.test(line[0]) &&
      line.includes('-9223372036854775808') &&
      ours.startsWith('-ERR value is out of range, value must between'),
  },
  {
    oracle: 'valkey-server',
    why: '8.0 takes only digits as a cursor; up to 7.2 it is what strtoul takes, nothing at all included',
    applies: (line, ours, theirs) =>
      /^.?scan$/i.test(line[0]) &&
      line.some((word) => /^([+-]\d+)?$/.test(word)) &&
      !ours.startsWith('-ERR invalid cursor') &&
      theirs.startsWith('-ERR invalid cursor'),
  },
];

/** Is it known, and why, that the oracle's reply is another than ours? */
export function isKnownDifference(
  oracle: OracleName,
  line: Line,
  ours: string,
  theirs: string,
): boolean {
  return DIFFERENCES.some((one) => one.oracle === oracle && one.applies(line, ours, theirs));
}
