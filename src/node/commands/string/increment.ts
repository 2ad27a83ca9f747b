/** What INCR, DECR, INCRBY and DECRBY have in common. */
import { putInteger } from '#node/commands/integer-text.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { addInt64, type Int64, parseInt64 } from '#node/resp/number.ts';
import { findString } from './find-string.ts';

/** Adds `by` to the number that the key of argument 1 holds (0 when it is not there) and replies with it. */
export function increment(context: CommandContext, by: Int64): void {
  const { args, keyspace, reply } = context;
  const found = findString(context, 1);
  if (found === 'refused') return;
  let old: Int64 | undefined = 0;
  let expiresAtMs = 0;
  if (found === 'found') {
    const { value } = keyspace;
    old = parseInt64(value.bytes, value.start, value.end);
    expiresAtMs = keyspace.expiresAtMs;
  }
  if (old === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const sum = addInt64(old, by);
  if (sum === undefined) {
    reply.error(ERRORS.overflow);
    return;
  }
  const { scratch } = keyspace;
  putInteger(scratch, sum);
  const { bytes, length } = scratch;
  keyspace.setString(args.bytes, args.start(1), args.end(1), bytes, 0, length, expiresAtMs);
  reply.integer(sum);
}
