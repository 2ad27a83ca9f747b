/** RENAMENX: gives a key another name that is free. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { renameKey } from './move-key.ts';

function run(context: CommandContext): void {
  const outcome = renameKey(context, true);
  if (outcome !== 'refused') context.reply.integer(outcome === 'renamed' ? 1 : 0);
}

export const renamenx: CommandSpec = {
  name: 'renamenx',
  arity: 3,
  group: 'generic',
  since: '1.0.0',
  summary: "Renames a key only when the target key name doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['keyspace', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
    { flags: ['OW', 'insert'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'newkey', type: 'key', keySpecIndex: 1 },
  ],
  run,
};
