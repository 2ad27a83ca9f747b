/** Going to a key that must hold a string. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

/**
 * Goes to the string that argument `i` names. 'refused': the key holds another type, and the error has been
 * written.
 */
export function findString(context: CommandContext, i: number): 'found' | 'none' | 'refused' {
  const { args, keyspace } = context;
  const type = keyspace.find(args.bytes, args.start(i), args.end(i));
  if (type === 'string') return 'found';
  if (type === 'none') return 'none';
  context.reply.error(ERRORS.wrongType);
  return 'refused';
}

/** Writes the value that the last look-up found as a bulk string. */
export function replyValue({ keyspace, reply }: CommandContext): void {
  reply.bulkRange(keyspace.value);
}

/** Sets the key of argument `keyAt` to argument `valueAt`; see {@link Keyspace.setString} for the expiry. */
export function setToArgument(
  { args, keyspace }: CommandContext,
  keyAt: number,
  valueAt: number,
  expiresAtMs: number,
): void {
  const { bytes } = args;
  const keyStart = args.start(keyAt);
  const keyEnd = args.end(keyAt);
  keyspace.setString(
    bytes,
    keyStart,
    keyEnd,
    bytes,
    args.start(valueAt),
    args.end(valueAt),
    expiresAtMs,
  );
}
