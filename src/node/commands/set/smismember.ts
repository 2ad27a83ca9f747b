/** SMISMEMBER: which of several members are there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet, hasMember } from './find-set.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  const found = findSet(context, 1);
  if (found === 'refused') return;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    reply.integer(found === 'found' && hasMember(context, i) ? 1 : 0);
  }
}

export const smismember: CommandSpec = {
  name: 'smismember',
  arity: -3,
  group: 'set',
  since: '6.2.0',
  summary: 'Determines whether multiple members belong to a set.',
  complexity: 'O(N) where N is the number of elements being checked for membership',
  flags: ['readonly', 'fast'],
  categories: ['read', 'set'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  run,
};
