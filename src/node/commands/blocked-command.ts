/**
 * Commands that block: one that cannot answer yet hands a {@link BlockedCommand} to its session, which then runs
 * nothing more. The member asks again whenever something has happened that a blocked command may wait for, until
 * it answers. Nothing is polled: without news it is asked at its deadline alone.
 */
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { INT64_MAX } from '#node/resp/number.ts';
import type { CommandContext } from './spec.ts';

export interface BlockedCommand {
  /** Writes the reply if it can be given now, and returns true; else writes nothing and returns false. */
  tryAnswer(context: CommandContext): boolean;
  /** The time is over: writes the reply for that. */
  giveUp(context: CommandContext): void;
}

/**
 * Argument `i` as a timeout in whole milliseconds, 0 for none (Redis: getTimeoutFromObjectOrReply). Answers an
 * error and returns undefined when it is none.
 */
export function timeoutArgument(
  { reply, node }: CommandContext,
  args: Arguments,
  i: number,
): number | undefined {
  const value = args.integer(i);
  if (value === undefined) {
    reply.error(ERRORS.timeoutNotInteger);
  } else if (value < 0) {
    reply.error(ERRORS.timeoutNegative);
  } else if (
    typeof value === 'bigint' &&
    value > INT64_MAX - BigInt(Math.floor(node.shardTimeMs))
  ) {
    reply.error(ERRORS.timeoutOutOfRange);
  } else {
    return Number(value);
  }
  return undefined;
}
