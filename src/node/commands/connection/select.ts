/** SELECT: there is one database, 0. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';

function run({ args, reply }: CommandContext): void {
  const index = args.clampedInteger(1);
  if (index === undefined) reply.error(ERRORS.notInteger);
  else if (index !== (index | 0)) reply.error(ERRORS.outOfIntRange);
  else if (index !== 0) reply.error(ERRORS.selectInCluster);
  else reply.ok();
}

export const select: CommandSpec = {
  name: 'select',
  arity: 2,
  group: 'connection',
  since: '1.0.0',
  summary: 'Changes the selected database.',
  complexity: 'O(1)',
  flags: ['loading', 'stale', 'fast'],
  categories: ['connection'],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'index', type: 'integer' }],
  run,
};
