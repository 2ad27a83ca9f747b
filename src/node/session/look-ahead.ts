/** Tells the keyspace which keys the commands that have arrived will look up soon. */
import type { Keyspace } from '#node/keyspace/keyspace.ts';
import { MOST_KEYS_AHEAD } from '#node/keyspace/look-ahead.ts';
import { Arguments } from '#node/resp/arguments.ts';
import type { RequestDecoder } from '#node/resp/decoder.ts';

/** It is worth to look ahead once for so many commands. A power of two. */
export const LOOK_AHEAD_EVERY = MOST_KEYS_AHEAD;

const keys = new Arguments();
const NO_BYTES = new Uint8Array(0);

/**
 * To be called before every {@link LOOK_AHEAD_EVERY} commands; the keyspace is to forget what it expects when the
 * decoder's input may change. What is taken for a key need not be one.
 */
export function lookAhead(decoder: RequestDecoder, keyspace: Keyspace): void {
  decoder.firstArgumentsAhead(keys, LOOK_AHEAD_EVERY);
  const { bytes, count } = keys;
  // a single command would only read the same a little earlier
  if (count > 1) {
    keyspace.expectKeysIn(bytes);
    for (let i = 0; i < count; i++) keyspace.expectKey(keys.start(i), keys.end(i));
    keyspace.readExpected();
  }
  // the bytes are not kept from being collected
  keys.reset(NO_BYTES);
}
