/** What LPOP and RPOP have in common, and what LMPOP shares with them. */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList, replyElements } from './find-list.ts';

/** Takes one element, or as many as argument 2 says, from an end of the list. */
export function popElements(context: CommandContext, atHead: boolean, command: string): void {
  const { args, reply } = context;
  if (args.count === 2) {
    popElement(context, atHead);
    return;
  }
  if (args.count > 3) {
    reply.error(ERRORS.wrongArity(command));
    return;
  }
  const count = args.clampedInteger(2);
  if (count === undefined || count < 0) {
    reply.error(ERRORS.outOfRangePositive);
    return;
  }
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none') reply.nullArray();
  else if (count === 0) reply.array(0);
  else popRange(context, 1, atHead, count);
}

function popElement(context: CommandContext, atHead: boolean): void {
  const { args, keyspace, reply } = context;
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.null();
    return;
  }
  const { lists } = keyspace;
  lists.seek(atHead ? 0 : lists.size - 1);
  reply.bulkRange(lists.element);
  lists.pop(args.bytes, args.start(1), args.end(1), atHead);
}

/**
 * Takes up to `count` (at least one) elements from an end of the list found last, whose key is argument
 * `keyAt`, and writes them as an array, from that end on.
 */
export function popRange(
  context: CommandContext,
  keyAt: number,
  atHead: boolean,
  count: number,
): void {
  const { args, keyspace, reply } = context;
  const { lists } = keyspace;
  const { size } = lists;
  const taken = count < size ? count : size;
  reply.array(taken);
  replyElements(context, atHead ? 0 : size - 1, taken, !atHead);
  const { bytes } = args;
  const from = atHead ? 0 : size - taken;
  if (taken === size) keyspace.delete(bytes, args.start(keyAt), args.end(keyAt));
  else lists.removeRange(bytes, args.start(keyAt), args.end(keyAt), from, taken);
}
