/** LOLWUT: says which version this is. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { REDIS_VERSION } from './version.ts';

function run({ reply }: CommandContext): void {
  reply.verbatim('txt', `Holdfast, Redis ver. ${REDIS_VERSION}\n`);
}

export const lolwut: CommandSpec = {
  name: 'lolwut',
  arity: -1,
  group: 'server',
  since: '5.0.0',
  summary: 'Displays computer art and the Redis version',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['read'],
  keys: [],
  scope: 'none',
  arguments: [{ name: 'version', token: 'VERSION', type: 'integer', flags: ['optional'] }],
  run,
};
