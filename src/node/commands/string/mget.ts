/** MGET: the values of several strings. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyValue } from './find-string.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  reply.array(args.count - 1);
  for (let i = 1; i < args.count; i++) {
    const type = keyspace.find(args.bytes, args.start(i), args.end(i));
    if (type === 'string') replyValue(context);
    else reply.null();
  }
}

export const mget: CommandSpec = {
  name: 'mget',
  arity: -2,
  group: 'string',
  since: '1.0.0',
  summary: 'Atomically returns the string values of one or more keys.',
  complexity: 'O(N) where N is the number of keys to retrieve.',
  flags: ['readonly', 'fast'],
  categories: ['read', 'string'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  tips: ['request_policy:multi_shard'],
  run,
};
