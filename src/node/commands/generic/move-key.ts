/** What RENAME, RENAMENX and COPY do to their two keys. */
import { equalBytes } from '#base/bytes.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

/** Are arguments 1 and 2 the same key? */
export function sameKey({ args }: CommandContext): boolean {
  const { bytes } = args;
  return equalBytes(bytes, args.start(1), args.end(1), bytes, args.start(2), args.end(2));
}

/** Is the key that argument `i` names there? Counts as an access. */
export function isThere({ args, keyspace }: CommandContext, i: number): boolean {
  return keyspace.find(args.bytes, args.start(i), args.end(i)) !== 'none';
}

/** RENAME and RENAMENX: 'kept' when there is nothing to do or, with `nx`, the new name is taken. */
export function renameKey(context: CommandContext, nx: boolean): 'renamed' | 'kept' | 'refused' {
  const { args, keyspace, reply } = context;
  if (!isThere(context, 1)) {
    reply.error(ERRORS.noSuchKey);
    return 'refused';
  }
  if (sameKey(context)) return 'kept';
  const taken = isThere(context, 2);
  if (nx && taken) return 'kept';
  const { bytes } = args;
  keyspace.rename(bytes, args.start(1), args.end(1), bytes, args.start(2), args.end(2));
  return 'renamed';
}
