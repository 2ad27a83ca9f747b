/** WATCH: EXEC will run nothing if one of these keys changes before it. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function run({ args, reply, session }: CommandContext): void {
  if (session.inTransaction) {
    reply.error(ERRORS.watchInsideMulti);
    return;
  }
  for (let at = 1; at < args.count; at++) session.watch(args.bytes, args.start(at), args.end(at));
  reply.ok();
}

export const watch: CommandSpec = {
  name: 'watch',
  arity: -2,
  group: 'transactions',
  since: '2.2.0',
  summary: 'Monitors changes to keys to determine the execution of a transaction.',
  complexity: 'O(1) for every key.',
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  categories: ['transaction'],
  keys: [{ flags: ['RO'], begin: { index: 1 }, find: { last: -1, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] }],
  run,
};
