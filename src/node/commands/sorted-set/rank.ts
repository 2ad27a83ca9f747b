/** What ZRANK and ZREVRANK do. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findMember, findSortedSet } from './find-sorted-set.ts';

/** Replies with the rank of the member of argument 2, and its score if that is asked for. */
export function replyRank(context: CommandContext, name: string, reverse: boolean): void {
  const { args, keyspace, reply } = context;
  const withScore = args.count > 3;
  if (withScore && (args.count > 4 || !args.equalsIgnoreCase(3, 'WITHSCORE'))) {
    reply.error(args.count > 4 ? ERRORS.wrongArity(name) : ERRORS.syntax);
    return;
  }
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  const { sortedSets } = keyspace;
  const rank = found === 'found' ? sortedSets.rankOf(args.bytes, args.start(2), args.end(2)) : -1;
  if (rank < 0) {
    if (withScore) reply.nullArray();
    else reply.null();
    return;
  }
  if (withScore) reply.array(2);
  reply.integer(reverse ? sortedSets.size - 1 - rank : rank);
  if (!withScore) return;
  findMember(context, 2);
  reply.double(sortedSets.score);
}
