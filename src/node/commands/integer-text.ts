/** Integers as the strings that keys and fields hold them in. */
import type { ByteWriter } from '#base/bytes.ts';
import { fromLatin1 } from '#base/bytes.ts';
import { DOUBLE_BYTES, writeDouble } from '#node/resp/double.ts';
import type { Int64 } from '#node/resp/number.ts';

/** From here on {@link writeDouble} may write an exponent. */
const PLAIN_LIMIT = 2 ** 52;

/** Writes the decimal digits of `value` into `scratch`, which then holds nothing else. */
export function putInteger(scratch: ByteWriter, value: Int64): void {
  scratch.clear();
  if (typeof value === 'number' && value > -PLAIN_LIMIT && value < PLAIN_LIMIT) {
    scratch.reserve(DOUBLE_BYTES);
    scratch.length = writeDouble(scratch.bytes, 0, value);
  } else {
    scratch.raw(fromLatin1(String(value)));
  }
}
