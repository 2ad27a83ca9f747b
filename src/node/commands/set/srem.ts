/** SREM: removes members. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet } from './find-set.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const { sets } = keyspace;
  const { bytes, count } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  let removed = 0;
  // when the last member goes, so does the key, and the rest are not found
  for (let i = 2; i < count; i++) {
    if (sets.remove(bytes, keyStart, keyEnd, bytes, args.start(i), args.end(i))) removed++;
  }
  reply.integer(removed);
}

export const srem: CommandSpec = {
  name: 'srem',
  arity: -3,
  group: 'set',
  since: '1.0.0',
  summary:
    'Removes one or more members from a set. Deletes the set if the last member was removed.',
  complexity: 'O(N) where N is the number of members to be removed.',
  flags: ['write', 'fast'],
  categories: ['set', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  run,
};
