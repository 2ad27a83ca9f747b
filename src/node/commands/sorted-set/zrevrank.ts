/** ZREVRANK: how many members stand after one. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyRank } from './rank.ts';

function run(context: CommandContext): void {
  replyRank(context, 'zrevrank', true);
}

export const zrevrank: CommandSpec = {
  name: 'zrevrank',
  arity: -3,
  group: 'sorted-set',
  since: '2.0.0',
  summary: 'Returns the index of a member in a sorted set ordered by descending scores.',
  complexity: 'O(log(N))',
  flags: ['readonly', 'fast'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string' },
    { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', flags: ['optional'] },
  ],
  run,
};
