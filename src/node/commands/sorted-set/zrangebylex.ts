/** ZRANGEBYLEX: members, all of one score, within a range. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyRange } from './range-query.ts';

function run(context: CommandContext): void {
  replyRange(context, 'member', 'forward');
}

export const zrangebylex: CommandSpec = {
  name: 'zrangebylex',
  arity: -4,
  group: 'sorted-set',
  since: '2.8.9',
  summary: 'Returns members in a sorted set within a lexicographical range.',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
  flags: ['readonly'],
  categories: ['read', 'sortedset'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'min', type: 'string' },
    { name: 'max', type: 'string' },
    {
      name: 'limit',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
  ],
  run,
};
