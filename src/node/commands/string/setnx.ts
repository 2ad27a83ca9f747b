/** SETNX: sets a string if the key is not there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { setToArgument } from './find-string.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (keyspace.find(args.bytes, args.start(1), args.end(1)) !== 'none') {
    reply.integer(0);
    return;
  }
  setToArgument(context, 1, 2, 0);
  reply.integer(1);
}

export const setnx: CommandSpec = {
  name: 'setnx',
  arity: 3,
  group: 'string',
  since: '1.0.0',
  summary: "Set the string value of a key only when the key doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['string', 'write'],
  keys: [{ flags: ['OW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'value', type: 'string' },
  ],
  run,
};
