/** ZADD: gives members scores, with conditions. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { addScores } from './add-scores.ts';

function run(context: CommandContext): void {
  addScores(context, false);
}

export const zadd: CommandSpec = {
  name: 'zadd',
  arity: -4,
  group: 'sorted-set',
  since: '1.2.0',
  summary:
    "Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.",
  complexity: 'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['sortedset', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    {
      name: 'condition',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
      ],
    },
    {
      name: 'comparison',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'gt', type: 'pure-token', token: 'GT' },
        { name: 'lt', type: 'pure-token', token: 'LT' },
      ],
    },
    { name: 'change', type: 'pure-token', token: 'CH', flags: ['optional'] },
    { name: 'increment', type: 'pure-token', token: 'INCR', flags: ['optional'] },
    {
      name: 'data',
      type: 'block',
      flags: ['multiple'],
      arguments: [
        { name: 'score', type: 'double' },
        { name: 'member', type: 'string' },
      ],
    },
  ],
  run,
};
