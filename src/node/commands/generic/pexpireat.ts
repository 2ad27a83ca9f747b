/** PEXPIREAT: deletes a key at a time in milliseconds. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { TIME_FORMS } from '#node/commands/expiry.ts';
import { changeExpiry } from './change-expiry.ts';

function run(context: CommandContext): void {
  changeExpiry(context, TIME_FORMS.PXAT, 'pexpireat');
}

export const pexpireat: CommandSpec = {
  name: 'pexpireat',
  arity: -3,
  group: 'generic',
  since: '2.6.0',
  summary: 'Sets the expiration time of a key to a Unix milliseconds timestamp.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['keyspace', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'unix-time-milliseconds', type: 'unix-time' },
    {
      name: 'condition',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
        { name: 'gt', type: 'pure-token', token: 'GT' },
        { name: 'lt', type: 'pure-token', token: 'LT' },
      ],
    },
  ],
  run,
};
