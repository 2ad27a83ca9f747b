/** MSETNX: sets several strings if none of the keys is there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { setToArgument } from './find-string.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (args.count % 2 === 0) {
    reply.error(ERRORS.wrongArity('msetnx'));
    return;
  }
  for (let i = 1; i < args.count; i += 2) {
    if (keyspace.find(args.bytes, args.start(i), args.end(i)) !== 'none') {
      reply.integer(0);
      return;
    }
  }
  for (let i = 1; i < args.count; i += 2) setToArgument(context, i, i + 1, 0);
  reply.integer(1);
}

export const msetnx: CommandSpec = {
  name: 'msetnx',
  arity: -3,
  group: 'string',
  since: '1.0.1',
  summary:
    "Atomically modifies the string values of one or more keys only when all keys don't exist.",
  complexity: 'O(N) where N is the number of keys to set.',
  flags: ['write', 'denyoom'],
  categories: ['string', 'write'],
  keys: [{ flags: ['OW', 'insert'], begin: { index: 1 }, find: { last: -1, step: 2, limit: 0 } }],
  scope: 'keys',
  arguments: [
    {
      name: 'data',
      type: 'block',
      flags: ['multiple'],
      arguments: [
        { name: 'key', type: 'key', keySpecIndex: 0 },
        { name: 'value', type: 'string' },
      ],
    },
  ],
  tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
  run,
};
