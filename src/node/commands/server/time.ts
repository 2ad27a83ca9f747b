/** TIME: seconds and microseconds by the shard (rule W8). */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';

function run({ reply, node }: CommandContext): void {
  const now = node.shardTimeMs;
  const seconds = Math.floor(now / 1000);
  reply.array(2);
  reply.bulkInteger(seconds);
  reply.bulkInteger(Math.floor((now - seconds * 1000) * 1000));
}

export const time: CommandSpec = {
  name: 'time',
  arity: 1,
  group: 'server',
  since: '2.6.0',
  summary: 'Returns the server time.',
  complexity: 'O(1)',
  flags: ['loading', 'stale', 'fast'],
  categories: [],
  keys: [],
  scope: 'none',

  run,
};
