/** DISCARD: forgets what MULTI queued, and WATCH. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function run({ reply, session }: CommandContext): void {
  if (!session.inTransaction) {
    reply.error(ERRORS.discardWithoutMulti);
    return;
  }
  session.discardTransaction();
  reply.ok();
}

export const discard: CommandSpec = {
  name: 'discard',
  arity: 1,
  group: 'transactions',
  since: '2.0.0',
  summary: 'Discards a transaction.',
  complexity: 'O(N), when N is the number of queued commands',
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  categories: ['transaction'],
  keys: [],
  scope: 'none',

  run,
};
