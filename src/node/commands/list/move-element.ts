/** What LMOVE and RPOPLPUSH have in common. */
import { sameKey } from '#node/commands/generic/move-key.ts';
import type { CommandContext } from '#node/commands/spec.ts';
import { findList } from './find-list.ts';

/** Takes the element at an end of the list of argument 1 and puts it at an end of the list of argument 2. */
export function moveElement(context: CommandContext, fromHead: boolean, toHead: boolean): void {
  const { args, keyspace, reply } = context;
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.null();
    return;
  }
  const { bytes } = args;
  const start = args.start(1);
  const end = args.end(1);
  const same = sameKey(context);
  if (!same) {
    if (findList(context, 2) === 'refused') return;
    keyspace.peek(bytes, start, end);
  }
  const { lists, scratch } = keyspace;
  const { element, size } = lists;
  lists.seek(fromHead ? 0 : size - 1);
  scratch.clear();
  scratch.raw(element.bytes, element.start, element.end);
  reply.bulk(scratch.bytes, 0, scratch.length);
  if (same && size === 1) {
    // popped first, the key would go, and its expiry with it; it counts as a change as in Redis
    lists.replace(bytes, start, end, 0, scratch.bytes, 0, scratch.length);
    return;
  }
  lists.pop(bytes, start, end, fromHead);
  lists.push(bytes, args.start(2), args.end(2), toHead, scratch.bytes, 0, scratch.length);
}
