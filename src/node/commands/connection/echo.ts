/** ECHO: answers what it was sent. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ args, reply }: CommandContext): void {
  reply.bulk(args.bytes, args.start(1), args.end(1));
}

export const echo: CommandSpec = {
  name: 'echo',
  arity: 2,
  group: 'connection',
  since: '1.0.0',
  summary: 'Returns the given string.',
  complexity: 'O(1)',
  flags: ['loading', 'stale', 'fast'],
  categories: ['connection'],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'message', type: 'string' }],
  run,
};
