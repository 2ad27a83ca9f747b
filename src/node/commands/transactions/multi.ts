/** MULTI: what follows is queued until EXEC. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function run({ reply, session }: CommandContext): void {
  if (session.inTransaction) {
    reply.error(ERRORS.nestedMulti);
    return;
  }
  session.beginTransaction();
  reply.ok();
}

export const multi: CommandSpec = {
  name: 'multi',
  arity: 1,
  group: 'transactions',
  since: '1.2.0',
  summary: 'Starts a transaction.',
  complexity: 'O(1)',
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  categories: ['transaction'],
  keys: [],
  scope: 'none',

  run,
};
