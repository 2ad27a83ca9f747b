/** SINTER: the members that all sets have. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyWithMembers } from './operations.ts';

function run(context: CommandContext): void {
  replyWithMembers(context, 'intersection');
}

export const sinter: CommandSpec = {
  name: 'sinter',
  arity: -2,
  group: 'set',
  since: '1.0.0',
  summary: 'Returns the intersect of multiple sets.',
  complexity:
    'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
  flags: ['readonly'],
  categories: ['read', 'set'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  tips: ['nondeterministic_output_order'],
  run,
};
