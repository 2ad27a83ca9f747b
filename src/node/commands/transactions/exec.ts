/** EXEC: runs what MULTI queued as one unit (rule W4). */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function run({ reply, session }: CommandContext): void {
  if (session.inTransaction) session.executeTransaction();
  else reply.error(ERRORS.execWithoutMulti);
}

export const exec: CommandSpec = {
  name: 'exec',
  arity: 1,
  group: 'transactions',
  since: '1.2.0',
  summary: 'Executes all commands in a transaction.',
  complexity: 'Depends on commands in the transaction',
  flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
  categories: ['transaction'],
  keys: [],
  scope: 'keys',

  run,
};
