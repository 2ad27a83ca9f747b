/** SMEMBERS: all members. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet, replyAllMembers } from './find-set.ts';

function run(context: CommandContext): void {
  const found = findSet(context, 1);
  if (found === 'found') replyAllMembers(context);
  else if (found === 'none') context.reply.set(0);
}

export const smembers: CommandSpec = {
  name: 'smembers',
  arity: 2,
  group: 'set',
  since: '1.0.0',
  summary: 'Returns all members of a set.',
  complexity: 'O(N) where N is the set cardinality.',
  flags: ['readonly'],
  categories: ['read', 'set'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output_order'],
  run,
};
