/** Going to a key that must hold a list, and to ranges and ends of it. */
import type { CommandContext } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';

/**
 * Goes to the list that argument `keyAt` names. 'refused': the key holds another type, and the error has
 * been written.
 */
export function findList(context: CommandContext, keyAt: number): 'found' | 'none' | 'refused' {
  const { args, keyspace } = context;
  const type = keyspace.find(args.bytes, args.start(keyAt), args.end(keyAt));
  if (type === 'list') return 'found';
  if (type === 'none') return 'none';
  context.reply.error(ERRORS.wrongType);
  return 'refused';
}

/** Where a range that is said to start at `start` (negative: from the end) starts in a list of `size`. */
export function rangeStart(start: number, size: number): number {
  if (start >= 0) return start;
  return start + size < 0 ? 0 : start + size;
}

/** The last place of a range that is said to stop at `stop`; below {@link rangeStart} when it is empty. */
export function rangeStop(stop: number, size: number): number {
  if (stop < 0) return stop + size;
  return stop < size ? stop : size - 1;
}

/** Writes `count` elements of the list found last as bulk strings: from place `from` on, or back from there. */
export function replyElements(
  { keyspace, reply }: CommandContext,
  from: number,
  count: number,
  backwards: boolean,
): void {
  const { lists } = keyspace;
  lists.seek(from);
  for (let left = count; left > 0; left--) {
    reply.bulkRange(lists.element);
    if (left === 1) return;
    if (backwards) lists.previous();
    else lists.next();
  }
}

/** Does argument `i` say LEFT (the head) or RIGHT (the tail)? */
export function readEnd(args: Arguments, i: number): 'head' | 'tail' | undefined {
  if (args.equalsIgnoreCase(i, 'LEFT')) return 'head';
  return args.equalsIgnoreCase(i, 'RIGHT') ? 'tail' : undefined;
}
