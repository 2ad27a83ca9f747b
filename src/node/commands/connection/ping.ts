/** PING: answers PONG, or what it was sent. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function run({ args, reply }: CommandContext): void {
  if (args.count > 2) reply.error(ERRORS.wrongArity('ping'));
  else if (args.count === 2) reply.bulk(args.bytes, args.start(1), args.end(1));
  else reply.simple('PONG');
}

export const ping: CommandSpec = {
  name: 'ping',
  arity: -1,
  group: 'connection',
  since: '1.0.0',
  summary: "Returns the server's liveliness response.",
  complexity: 'O(1)',
  flags: ['fast'],
  categories: ['connection'],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'message', type: 'string', flags: ['optional'] }],
  run,
};
