/** HMGET: the values of several fields. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findField, findHash, replyFieldValue } from './find-hash.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  const found = findHash(context);
  if (found === 'refused') return;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    if (found === 'found' && findField(context, i)) replyFieldValue(context);
    else reply.null();
  }
}

export const hmget: CommandSpec = {
  name: 'hmget',
  arity: -3,
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the values of all fields in a hash.',
  complexity: 'O(N) where N is the number of fields being requested.',
  flags: ['readonly', 'fast'],
  categories: ['hash', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'field', type: 'string', flags: ['multiple'] },
  ],
  run,
};
