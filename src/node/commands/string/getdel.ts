/** GETDEL: replies with a string and deletes it. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findString, replyValue } from './find-string.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findString(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.null();
    return;
  }
  replyValue(context);
  keyspace.delete(args.bytes, args.start(1), args.end(1));
}

export const getdel: CommandSpec = {
  name: 'getdel',
  arity: 2,
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the string value of a key after deleting the key.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['string', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
