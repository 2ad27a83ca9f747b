/** What LMPOP and ZMPOP have in common: how many keys there are, and how much is taken. */
import { ERRORS } from '#node/resp/errors.ts';
import type { CommandContext } from './spec.ts';

/** The argument after the keys, whose number is argument 1; undefined with the error written. */
export function readKeysEnd({ args, reply }: CommandContext): number | undefined {
  const keyCount = args.clampedInteger(1);
  if (keyCount !== undefined && keyCount >= 1) return 2 + keyCount;
  reply.error(ERRORS.numKeysNotPositive);
  return undefined;
}

/** The COUNT option, which is all from argument `from` on; 1 without one, undefined with the error written. */
export function readPopCount({ args, reply }: CommandContext, from: number): number | undefined {
  if (args.count === from) return 1;
  const isCount = args.count > from + 1 && args.equalsIgnoreCase(from, 'COUNT');
  const count = isCount ? args.clampedInteger(from + 1) : 1;
  if (count === undefined || count < 1) {
    reply.error(ERRORS.countNotPositive);
    return undefined;
  }
  if (isCount && args.count === from + 2) return count;
  reply.error(ERRORS.syntax);
  return undefined;
}
