/** MOVE: takes a key to another database, of which a cluster has none. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function run({ reply }: CommandContext): void {
  reply.error(ERRORS.notAllowedInCluster('MOVE'));
}

export const move: CommandSpec = {
  name: 'move',
  arity: 3,
  group: 'generic',
  since: '1.0.0',
  summary: 'Moves a key to another database.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['keyspace', 'write'],
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
    { name: 'db', type: 'integer' },
  ],
  run,
};
