/** SUNION: the members that any set has. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyWithMembers } from './operations.ts';

function run(context: CommandContext): void {
  replyWithMembers(context, 'union');
}

export const sunion: CommandSpec = {
  name: 'sunion',
  arity: -2,
  group: 'set',
  since: '1.0.0',
  summary: 'Returns the union of multiple sets.',
  complexity: 'O(N) where N is the total number of elements in all given sets.',
  flags: ['readonly'],
  categories: ['read', 'set'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  tips: ['nondeterministic_output_order'],
  run,
};
