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
  const toStart = args.start(2);
  const toEnd = args.end(2);
  if (!same) {
    // in this order, a push that finds no memory loses nothing
    lists.push(bytes, toStart, toEnd, toHead, scratch.bytes, 0, scratch.length);
    lists.pop(bytes, start, end, fromHead);
  } else if (size === 1) {
    // popped, the key would go, and its expiry with it; it counts as a change as in Redis
    lists.replace(bytes, start, end, 0, scratch.bytes, 0, scratch.length);
  } else {
    // pushed first, it might be too much for a listpack for a moment
    lists.pop(bytes, start, end, fromHead);
    lists.push(bytes, toStart, toEnd, toHead, scratch.bytes, 0, scratch.length);
  }
  reply.bulk(scratch.bytes, 0, scratch.length);
}
