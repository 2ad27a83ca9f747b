/** READWRITE: undoes READONLY. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ reply, session }: CommandContext): void {
  session.setReadOnly(false);
  reply.ok();
}

export const readwrite: CommandSpec = {
  name: 'readwrite',
  arity: 1,
  group: 'cluster',
  since: '3.0.0',
  summary: 'Enables read-write queries for a connection to a Redis Cluster replica node.',
  complexity: 'O(1)',
  flags: ['loading', 'stale', 'fast'],
  categories: ['connection'],
  keys: [],
  scope: 'none',

  run,
};
