/** HSET: sets fields of a hash. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { setFields } from './set-fields.ts';

function run(context: CommandContext): void {
  const created = setFields(context, 'hset');
  if (created !== undefined) context.reply.integer(created);
}

export const hset: CommandSpec = {
  name: 'hset',
  arity: -4,
  group: 'hash',
  since: '2.0.0',
  summary: 'Creates or modifies the value of a field in a hash.',
  complexity:
    'O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.',
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
