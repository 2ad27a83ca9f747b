/** UNWATCH: forgets the watched keys. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ reply, session }: CommandContext): void {
  session.unwatch();
  reply.ok();
}

export const unwatch: CommandSpec = {
  name: 'unwatch',
  arity: 1,
  group: 'transactions',
  since: '2.2.0',
  summary: 'Forgets about watched keys of a transaction.',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  categories: ['transaction'],
  keys: [],
  scope: 'none',

  run,
};
