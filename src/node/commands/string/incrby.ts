/** INCRBY: adds an integer. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { increment } from './increment.ts';

function run(context: CommandContext): void {
  const by = context.args.integer(2);
  if (by === undefined) context.reply.error(ERRORS.notInteger);
  else increment(context, by);
}

export const incrby: CommandSpec = {
  name: 'incrby',
  arity: 3,
  group: 'string',
  since: '1.0.0',
  summary:
    "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['string', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'update'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'increment', type: 'integer' },
  ],
  run,
};
