/** DECR: subtracts one. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { increment } from './increment.ts';

function run(context: CommandContext): void {
  increment(context, -1);
}

export const decr: CommandSpec = {
  name: 'decr',
  arity: 2,
  group: 'string',
  since: '1.0.0',
  summary:
    "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
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
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
