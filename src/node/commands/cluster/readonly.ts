/** READONLY: a replica may answer reads of this connection. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ reply, session }: CommandContext): void {
  session.setReadOnly(true);
  reply.ok();
}

export const readonly: CommandSpec = {
  name: 'readonly',
  arity: 1,
  group: 'cluster',
  since: '3.0.0',
  summary: 'Enables read-only queries for a connection to a Redis Cluster replica node.',
  complexity: 'O(1)',
  flags: ['loading', 'stale', 'fast'],
  categories: ['connection'],
  keys: [],
  scope: 'none',

  run,
};
