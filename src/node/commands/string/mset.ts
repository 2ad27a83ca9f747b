/** MSET: sets several strings. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { setToArgument } from './find-string.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  if (args.count % 2 === 0) {
    reply.error(ERRORS.wrongArity('mset'));
    return;
  }
  for (let i = 1; i < args.count; i += 2) setToArgument(context, i, i + 1, 0);
  reply.ok();
}

export const mset: CommandSpec = {
  name: 'mset',
  arity: -3,
  group: 'string',
  since: '1.0.1',
  summary: 'Atomically creates or modifies the string values of one or more keys.',
  complexity: 'O(N) where N is the number of keys to set.',
  flags: ['write', 'denyoom'],
  categories: ['string', 'write'],
  keys: [{ flags: ['OW', 'update'], begin: { index: 1 }, find: { last: -1, step: 2, limit: 0 } }],
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
  tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
  run,
};
