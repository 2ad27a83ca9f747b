/** What LPUSH, RPUSH, LPUSHX and RPUSHX have in common. */
import type { CommandContext } from '#node/commands/spec.ts';
import { findList } from './find-list.ts';

/** Puts arguments 2 and on, one after the other, at an end of the list, which `ifThere` must exist. */
export function pushElements(context: CommandContext, atHead: boolean, ifThere: boolean): void {
  const { args, keyspace, reply } = context;
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none' && ifThere) {
    reply.integer(0);
    return;
  }
  const { lists } = keyspace;
  const { bytes, count } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  let size = 0;
  for (let i = 2; i < count; i++) {
    size = lists.push(bytes, keyStart, keyEnd, atHead, bytes, args.start(i), args.end(i));
  }
  reply.integer(size);
}
