/** EXPIREAT: deletes a key at a time in seconds. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { TIME_FORMS } from '#node/commands/expiry.ts';
import { changeExpiry } from './change-expiry.ts';

function run(context: CommandContext): void {
  changeExpiry(context, TIME_FORMS.EXAT, 'expireat');
}

export const expireat: CommandSpec = {
  name: 'expireat',
  arity: -3,
  group: 'generic',
  since: '1.2.0',
  summary: 'Sets the expiration time of a key to a Unix timestamp.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['keyspace', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'unix-time-seconds', type: 'unix-time' },
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
