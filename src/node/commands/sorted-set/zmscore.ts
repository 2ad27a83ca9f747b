/** ZMSCORE: the scores of several members. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findMember, findSortedSet } from './find-sorted-set.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findSortedSet(context, 1);
  if (found === 'refused') return;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    if (found === 'found' && findMember(context, i)) reply.double(keyspace.sortedSets.score);
    else reply.null();
  }
}

export const zmscore: CommandSpec = {
  name: 'zmscore',
  arity: -3,
  group: 'sorted-set',
  since: '6.2.0',
  summary: 'Returns the score of one or more members in a sorted set.',
  complexity: 'O(N) where N is the number of members being requested.',
  flags: ['readonly', 'fast'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  run,
};
