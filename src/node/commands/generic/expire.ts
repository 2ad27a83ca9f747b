/** EXPIRE: deletes a key after some seconds. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { TIME_FORMS } from '#node/commands/expiry.ts';
import { changeExpiry } from './change-expiry.ts';

function run(context: CommandContext): void {
  changeExpiry(context, TIME_FORMS.EX, 'expire');
}

export const expire: CommandSpec = {
  name: 'expire',
  arity: -3,
  group: 'generic',
  since: '1.0.0',
  summary: 'Sets the expiration time of a key in seconds.',
  complexity: 'O(1)',
  flags: ['write', 'fast'],
  categories: ['keyspace', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'seconds', type: 'integer' },
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
