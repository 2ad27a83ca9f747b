/** SMOVE: moves a member from one set to another. */
import { sameKey } from '#node/commands/generic/move-key.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet, hasMember } from './find-set.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const has = hasMember(context, 3);
  const same = sameKey(context);
  if (!same && findSet(context, 2) === 'refused') return;
  if (same || !has) {
    reply.integer(has ? 1 : 0);
    return;
  }
  const { sets } = keyspace;
  const { bytes } = args;
  const start = args.start(3);
  const end = args.end(3);
  // in this order, an addition that finds no memory loses nothing
  sets.add(bytes, args.start(2), args.end(2), bytes, start, end);
  sets.remove(bytes, args.start(1), args.end(1), bytes, start, end);
  reply.integer(1);
}

export const smove: CommandSpec = {
  name: 'smove',
  arity: 4,
  group: 'set',
  since: '1.0.0',
  summary: 'Moves a member from one set to another.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['set', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
    { flags: ['RW', 'insert'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'source', type: 'key', keySpecIndex: 0 },
    { name: 'destination', type: 'key', keySpecIndex: 1 },
    { name: 'member', type: 'string' },
  ],
  run,
};
