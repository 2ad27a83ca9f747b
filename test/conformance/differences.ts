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

const ORACLE_NAMES = ['redis-server', 'valkey-server'] as const;

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
    why: '7.2 knows ZRANK WITHSCORE; 7.0 took one member and nothing else',
    applies: (line, _ours, theirs) =>
      /^z(rev)?rank$/i.test(line[0]) &&
      line.length > 3 &&
      theirs.startsWith('-ERR wrong number of arguments'),
  },
  ...ORACLE_NAMES.map((oracle) => ({
    oracle,
    why: 'SORT of a small sorted set makes a skiplist of it there; here reading changes nothing',
    applies: (line: Line, ours: string, theirs: string) =>
      isEncoding(line) && /listpack/.test(ours) && /skiplist/.test(theirs),
  })),
  ...ORACLE_NAMES.map((oracle) => ({
    oracle,
    why: 'SORT there takes the range error of an earlier command in the same turn for its own',
    applies: (line: Line, ours: string, theirs: string) =>
      /^sort(_ro)?$/i.test(line[0]) &&
      ours.startsWith('*') &&
      theirs.startsWith("-ERR One or more scores can't be converted"),
  })),
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
    why: '8.0 reads cursors by string2ull, up to 7.2 strtoul did: spaces, signs, nothing at all',
    applies: (line, ours, theirs) => {
      const cursor = /^scan$/i.test(line[0]) ? line[1] : line[2];
      const [our, their] = [ours, theirs].map((reply) => reply.startsWith('-ERR invalid cursor'));
      return /^.?scan$/i.test(line[0]) && !/^\d+$/.test(cursor) && our !== their;
    },
  },
  {
    oracle: 'valkey-server',
    why: '8.0 lets SORT look up keys of the same slot, and says so when it does not',
    applies: (line, ours, theirs) =>
      /^sort(_ro)?$/i.test(line[0]) &&
      /^-ERR (BY|GET) option of SORT denied/.test(ours) &&
      /^-ERR (BY|GET) option of SORT denied/.test(theirs),
  },
  {
    oracle: 'valkey-server',
    why: '8.0 refuses a TYPE that is none; up to 7.2 no key is of it',
    applies: (line, ours, theirs) =>
      /^scan$/i.test(line[0]) &&
      /^(\*|-ERR syntax error)/.test(ours) &&
      theirs.startsWith('-ERR unknown type name'),
  },
  {
    oracle: 'valkey-server',
    why: '8.0 has one database in cluster mode; up to 7.2 there were 16, of which 15 are refused',
    applies: (line, ours, theirs) =>
      /^copy$/i.test(line[0]) &&
      ours.startsWith('-') &&
      theirs.startsWith('-ERR DB index is out of range'),
  },
  {
    oracle: 'valkey-server',
    why: '8.0 goes back from the start of a skiplist by a negative offset; up to 7.2 nothing is found',
    applies: (line, ours) =>
      /^z(rev)?range/i.test(line[0]) && /limit,-\d/i.test(line.join(',')) && ours.startsWith('*0'),
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
