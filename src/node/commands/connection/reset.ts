/** RESET: the connection is as new. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ reply, session }: CommandContext): void {
  session.reset();
  reply.simple('RESET');
}

export const reset: CommandSpec = {
  name: 'reset',
  arity: 1,
  group: 'connection',
  since: '6.2.0',
  summary: 'Resets the connection.',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  categories: ['connection'],
  keys: [],
  scope: 'none',

  run,
};
