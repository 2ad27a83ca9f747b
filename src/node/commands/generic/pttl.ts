/** PTTL: milliseconds until a key expires. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyExpiry } from './expiry-reply.ts';

function run(context: CommandContext): void {
  replyExpiry(context, 'milliseconds', true);
}

export const pttl: CommandSpec = {
  name: 'pttl',
  arity: 2,
  group: 'generic',
  since: '2.6.0',
  summary: 'Returns the expiration time in milliseconds of a key.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  tips: ['nondeterministic_output'],
  run,
};
