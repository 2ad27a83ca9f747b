/** PEXPIRETIME: when a key expires, in milliseconds. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { replyExpiry } from './expiry-reply.ts';

function run(context: CommandContext): void {
  replyExpiry(context, 'milliseconds', false);
}

export const pexpiretime: CommandSpec = {
  name: 'pexpiretime',
  arity: 2,
  group: 'generic',
  since: '7.0.0',
  summary: 'Returns the expiration time of a key as a Unix milliseconds timestamp.',
  complexity: 'O(1)',
  flags: ['readonly', 'fast'],
  categories: ['keyspace', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
  run,
};
