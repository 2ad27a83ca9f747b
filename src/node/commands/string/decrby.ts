/** DECRBY: subtracts an integer. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { INT64_MIN } from '#node/resp/number.ts';
import { increment } from './increment.ts';

function run(context: CommandContext): void {
  const by = context.args.integer(2);
  // the negative of the least integer does not fit
  if (by === undefined) context.reply.error(ERRORS.notInteger);
  else if (by === INT64_MIN) context.reply.error(ERRORS.decrementOverflow);
  else increment(context, -by);
}

export const decrby: CommandSpec = {
  name: 'decrby',
  arity: 3,
  group: 'string',
  since: '1.0.0',
  summary:
    "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.",
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
    { name: 'decrement', type: 'integer' },
  ],
  run,
};
