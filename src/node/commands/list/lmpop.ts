/** LMPOP: takes elements from an end of the first of several lists that is there. */
import { readKeysEnd, readPopCount } from '#node/commands/pop-from-first.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList, readEnd } from './find-list.ts';
import { popRange } from './pop-elements.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  const endAt = readKeysEnd(context);
  if (endAt === undefined) return;
  const end = endAt < args.count ? readEnd(args, endAt) : undefined;
  if (end === undefined) {
    reply.error(ERRORS.syntax);
    return;
  }
  const count = readPopCount(context, endAt + 1);
  if (count !== undefined) popFirst(context, endAt, end === 'head', count);
}

/** Takes from the first key, of arguments 2 to `endAt`, that is there. */
function popFirst(context: CommandContext, endAt: number, atHead: boolean, count: number): void {
  const { args, reply } = context;
  for (let keyAt = 2; keyAt < endAt; keyAt++) {
    const found = findList(context, keyAt);
    if (found === 'refused') return;
    if (found === 'none') continue;
    reply.array(2);
    reply.bulk(args.bytes, args.start(keyAt), args.end(keyAt));
    popRange(context, keyAt, atHead, count);
    return;
  }
  reply.nullArray();
}

export const lmpop: CommandSpec = {
  name: 'lmpop',
  arity: -4,
  group: 'list',
  since: '7.0.0',
  summary:
    'Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.',
  complexity:
    'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
  flags: ['write'],
  categories: ['list', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { keyNumIndex: 0, first: 1, step: 1 },
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] },
    {
      name: 'where',
      type: 'oneof',
      arguments: [
        { name: 'left', type: 'pure-token', token: 'LEFT' },
        { name: 'right', type: 'pure-token', token: 'RIGHT' },
      ],
    },
    { name: 'count', type: 'integer', token: 'COUNT', flags: ['optional'] },
  ],
  run,
};
