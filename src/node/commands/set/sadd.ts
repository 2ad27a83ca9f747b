/** SADD: adds members to a set. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findSet } from './find-set.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (findSet(context, 1) === 'refused') return;
  const { sets } = keyspace;
  const { bytes, count } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  let added = 0;
  for (let i = 2; i < count; i++) {
    if (sets.add(bytes, keyStart, keyEnd, bytes, args.start(i), args.end(i))) added++;
  }
  reply.integer(added);
}

export const sadd: CommandSpec = {
  name: 'sadd',
  arity: -3,
  group: 'set',
  since: '1.0.0',
  summary: "Adds one or more members to a set. Creates the key if it doesn't exist.",
  complexity:
    'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['set', 'write'],
  keys: [{ flags: ['RW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'member', type: 'string', flags: ['multiple'] },
  ],
  run,
};
