/** Going to a key that must hold a sorted set, and writing its members. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

/**
 * Goes to the sorted set that argument `keyAt` names. 'refused': the key holds another type, and the error has
 * been written.
 */
export function findSortedSet(
  context: CommandContext,
  keyAt: number,
): 'found' | 'none' | 'refused' {
  const { args, keyspace } = context;
  const type = keyspace.find(args.bytes, args.start(keyAt), args.end(keyAt));
  if (type === 'zset') return 'found';
  if (type === 'none') return 'none';
  context.reply.error(ERRORS.wrongType);
  return 'refused';
}

/** Goes to the member that argument `i` names, in the sorted set found last. */
export function findMember({ args, keyspace }: CommandContext, i: number): boolean {
  return keyspace.sortedSets.find(args.bytes, args.start(i), args.end(i));
}

/** The header of `count` members: with scores these are pairs in RESP3, and one flat array in RESP2. */
export function beginMembers({ reply }: CommandContext, count: number, withScores: boolean): void {
  reply.array(withScores && reply.protocol === 2 ? count * 2 : count);
}

/** The member where the sorted set stands, after {@link beginMembers}. */
export function replyMember({ keyspace, reply }: CommandContext, withScores: boolean): void {
  const { sortedSets } = keyspace;
  if (withScores && reply.protocol === 3) reply.array(2);
  reply.bulkRange(sortedSets.member);
  if (withScores) reply.double(sortedSets.score);
}

/**
 * Copies the member where the sorted set stands into `keyspace.scratch`, alone: what is to be changed must not
 * be named by bytes that may move with the change.
 */
export function copyMember({ keyspace }: CommandContext): void {
  const { scratch } = keyspace;
  const { bytes, start, end } = keyspace.sortedSets.member;
  scratch.clear();
  scratch.raw(bytes, start, end);
}
