/** HMSET: the old name of HSET, with another reply. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { setFields } from './set-fields.ts';

function run(context: CommandContext): void {
  if (setFields(context, 'hmset') !== undefined) context.reply.ok();
}

export const hmset: CommandSpec = {
  name: 'hmset',
  arity: -4,
  group: 'hash',
  since: '2.0.0',
  summary: 'Sets the values of multiple fields.',
  complexity: 'O(N) where N is the number of fields being set.',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['hash', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    {
      name: 'data',
      type: 'block',
      flags: ['multiple'],
      arguments: [
        { name: 'field', type: 'string' },
        { name: 'value', type: 'string' },
      ],
    },
  ],
  run,
};
