/** What ZPOPMIN, ZPOPMAX and ZMPOP do: members leave at an end of a sorted set. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { copyMember, findSortedSet } from './find-sorted-set.ts';

/** ZPOPMIN and ZPOPMAX. Scores are nested with their members in RESP3, if a count is given. */
export function popFromKey(context: CommandContext, highest: boolean): void {
  const { args, keyspace, reply } = context;
  if (args.count > 3) {
    reply.error(ERRORS.syntax);
    return;
  }
  let wanted = 1;
  if (args.count === 3) {
    const count = args.clampedInteger(2);
    if (count === undefined || count < 0) {
      reply.error(ERRORS.outOfRangePositive);
      return;
    }
    wanted = count;
  }
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  const count = found === 'none' ? 0 : Math.min(wanted, keyspace.sortedSets.size);
  const nested = args.count === 3 && reply.protocol === 3;
  reply.array(nested ? count : count * 2);
  popMembers(context, 1, highest, count, nested);
}

/**
 * Takes `count` members, no more than there are, out of the sorted set found last, whose key is argument
 * `keyAt`, and writes them, each with its score in an array of its own if `nested`.
 */
export function popMembers(
  context: CommandContext,
  keyAt: number,
  highest: boolean,
  count: number,
  nested: boolean,
): void {
  const { args, keyspace, reply } = context;
  const { scratch, sortedSets } = keyspace;
  for (let left = count; left > 0; left--) {
    sortedSets.seek(highest ? sortedSets.size - 1 : 0);
    if (nested) reply.array(2);
    reply.bulkRange(sortedSets.member);
    reply.double(sortedSets.score);
    copyMember(context);
    const { bytes, length } = scratch;
    sortedSets.remove(args.bytes, args.start(keyAt), args.end(keyAt), bytes, 0, length);
  }
}
