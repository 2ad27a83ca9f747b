/** What ZREMRANGEBYRANK, ZREMRANGEBYSCORE and ZREMRANGEBYLEX do once they know which ranks they mean. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import type { Bounds } from './bounds.ts';
import { copyMember, findSortedSet } from './find-sorted-set.ts';

/** Removes what lies within `bounds`, read from arguments 2 and 3; `malformed` is the error when that fails. */
export function removeWithin(context: CommandContext, bounds: Bounds, malformed: string): void {
  const { args, keyspace, reply } = context;
  if (!bounds.read(args, 2, 3)) {
    reply.error(malformed);
    return;
  }
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const { sortedSets } = keyspace;
  removeRanks(context, bounds.first(sortedSets), bounds.beyond(sortedSets));
}

/** Removes the ranks from `first` to `beyond` (exclusive) of the sorted set found last; replies how many. */
export function removeRanks(context: CommandContext, first: number, beyond: number): void {
  const { args, keyspace, reply } = context;
  const { scratch, sortedSets } = keyspace;
  const { bytes } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  const count = Math.max(0, beyond - first);
  if (count > 0 && count === sortedSets.size) {
    keyspace.delete(bytes, keyStart, keyEnd);
    reply.integer(count);
    return;
  }
  for (let left = count; left > 0; left--) {
    sortedSets.seek(first);
    copyMember(context);
    sortedSets.remove(bytes, keyStart, keyEnd, scratch.bytes, 0, scratch.length);
  }
  reply.integer(count);
}

/** ZREMRANGEBYRANK: ranks are arguments 2 and 3, both included, negative ones from the end. */
export function removeByRank(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  let first = args.clampedInteger(2);
  let last = args.clampedInteger(3);
  if (first === undefined || last === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const { size } = keyspace.sortedSets;
  if (first < 0) first = Math.max(0, first + size);
  if (last < 0) last += size;
  removeRanks(context, first, Math.min(last, size - 1) + 1);
}
