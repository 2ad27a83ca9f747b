/** ASKING: taken and without effect, because slots move whole and ASK is never answered. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ reply }: CommandContext): void {
  reply.ok();
}

export const asking: CommandSpec = {
  name: 'asking',
  arity: 1,
  group: 'cluster',
  since: '3.0.0',
  summary: 'Signals that a cluster client is following an -ASK redirect.',
  complexity: 'O(1)',
  flags: ['fast'],
  categories: ['connection'],
  keys: [],
  scope: 'none',

  run,
};
