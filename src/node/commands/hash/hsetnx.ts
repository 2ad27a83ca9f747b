/** HSETNX: sets a field if it is not there. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { findField, findHash, setField } from './find-hash.ts';

function run(context: CommandContext): void {
  const found = findHash(context);
  if (found === 'refused') return;
  if (found === 'found' && findField(context, 2)) {
    context.reply.integer(0);
    return;
  }
  setField(context, 2, 3);
  context.reply.integer(1);
}

export const hsetnx: CommandSpec = {
  name: 'hsetnx',
  arity: 4,
  group: 'hash',
  since: '2.0.0',
  summary: "Sets the value of a field in a hash only when the field doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['hash', 'write'],
  keys: [{ flags: ['RW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'field', type: 'string' },
    { name: 'value', type: 'string' },
  ],
  run,
};
