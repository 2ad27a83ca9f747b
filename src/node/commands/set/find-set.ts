/** Going to a key that must hold a set. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

/**
 * Goes to the set that argument `keyAt` names. 'refused': the key holds another type, and the error has been
 * written.
 */
export function findSet(context: CommandContext, keyAt: number): 'found' | 'none' | 'refused' {
  const { args, keyspace } = context;
  const type = keyspace.find(args.bytes, args.start(keyAt), args.end(keyAt));
  if (type === 'set') return 'found';
  if (type === 'none') return 'none';
  context.reply.error(ERRORS.wrongType);
  return 'refused';
}

/** Is argument `i` a member of the set found last? */
export function hasMember({ args, keyspace }: CommandContext, i: number): boolean {
  return keyspace.sets.has(args.bytes, args.start(i), args.end(i));
}

/** Writes all members of the set found last as a set. */
export function replyAllMembers({ keyspace, reply }: CommandContext): void {
  const { sets } = keyspace;
  reply.set(sets.size);
  for (let more = sets.first(); more; more = sets.next()) reply.bulkRange(sets.member);
}
