/** QUIT: closes the connection behind the replies before it. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ reply, session }: CommandContext): void {
  reply.ok();
  session.closeAfterReply();
}

export const quit: CommandSpec = {
  name: 'quit',
  arity: -1,
  group: 'connection',
  since: '1.0.0',
  summary: 'Closes the connection.',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  categories: ['connection'],
  keys: [],
  scope: 'none',

  run,
};
