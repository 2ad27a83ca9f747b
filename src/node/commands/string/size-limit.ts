/** The longest string, and the refusal of longer ones. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

/** Redis' default `proto-max-bulk-len`, in bytes. */
export const LONGEST_STRING_BYTES = 512 * 1024 * 1024;

/** False, with the error written, when a string of this many bytes is not allowed. */
export function sizeAllowed({ node, reply }: CommandContext, bytes: number): boolean {
  const { tests } = node;
  const longest = tests === null ? LONGEST_STRING_BYTES : tests.settings.longestStringBytes;
  if (bytes <= longest) return true;
  reply.error(ERRORS.stringTooLong);
  return false;
}
