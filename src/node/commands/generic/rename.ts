/** RENAME: gives a key another name. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { renameKey } from './move-key.ts';

function run(context: CommandContext): void {
  if (renameKey(context, false) !== 'refused') context.reply.ok();
}

export const rename: CommandSpec = {
  name: 'rename',
  arity: 3,
  group: 'generic',
  since: '1.0.0',
  summary: 'Renames a key and overwrites the destination.',
  complexity: 'O(1)',
  flags: ['write'],
  categories: ['keyspace', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
    { flags: ['OW', 'update'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'newkey', type: 'key', keySpecIndex: 1 },
  ],
  run,
};
