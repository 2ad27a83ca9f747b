/**
 * DEBUG DIGEST-VALUE: 40 hexadecimal digits of what a key holds, whatever its name is; the same for equal values
 * however they are kept. Elements of unordered values are added up, those of lists chained.
 */
import type { ByteRange } from '#base/byte-range.ts';
import { fromLatin1 } from '#base/bytes.ts';
import { halfSipHash } from '#node/data/half-sip-hash.ts';
import type { Keyspace, KeyType } from '#node/keyspace/keyspace.ts';
import { formatDouble } from '#node/resp/number.ts';

const LANES = 5;

/** What no key, or an empty keyspace, has for a digest. */
export const NO_DIGEST = '0'.repeat(LANES * 8);

/** Mixed into the digest of what has an expiry, whichever that is. */
const EXPIRES = 0x65787069;

const lanes = new Int32Array(LANES);

/** The digest of what `keyspace` found last. */
export function valueDigest(keyspace: Keyspace, type: KeyType): string {
  const { hashes, lists, sets, sortedSets } = keyspace;
  lanes.fill(0);
  switch (type) {
    case 'none':
      return NO_DIGEST;
    case 'string':
      mix(keyspace.value, 0);
      break;
    case 'hash':
      for (let more = hashes.first(); more; more = hashes.next()) {
        mix(hashes.field, textHash(hashes.value));
      }
      break;
    case 'list':
      for (let more = lists.seek(0); more; more = lists.next()) {
        for (let lane = 0; lane < LANES; lane++) lanes[lane] = Math.imul(lanes[lane], 31);
        mix(lists.element, 1);
      }
      break;
    case 'set':
      for (let more = sets.first(); more; more = sets.next()) mix(sets.member, 2);
      break;
    default:
      for (let more = sortedSets.seek(0); more; more = sortedSets.next()) {
        const score = fromLatin1(formatDouble(sortedSets.score));
        mix(sortedSets.member, halfSipHash(score, 0, score.length, 3, 4));
      }
  }
  if (keyspace.expiresAtMs !== 0) for (let lane = 0; lane < LANES; lane++) lanes[lane] ^= EXPIRES;
  let out = '';
  for (const lane of lanes) out += (lane >>> 0).toString(16).padStart(8, '0');
  return out;
}

function mix({ bytes, start, end }: ByteRange, key: number): void {
  for (let lane = 0; lane < LANES; lane++) {
    lanes[lane] = (lanes[lane] + halfSipHash(bytes, start, end, key ^ lane, lane)) | 0;
  }
}

function textHash({ bytes, start, end }: ByteRange): number {
  return halfSipHash(bytes, start, end, 5, 6);
}
