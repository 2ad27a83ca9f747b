/** SUNIONSTORE: makes a key of the members that any set has. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { storeMembers } from './operations.ts';

function run(context: CommandContext): void {
  storeMembers(context, 'union');
}

export const sunionstore: CommandSpec = {
  name: 'sunionstore',
  arity: -3,
  group: 'set',
  since: '1.0.0',
  summary: 'Stores the union of multiple sets in a key.',
  complexity: 'O(N) where N is the total number of elements in all given sets.',
  flags: ['write', 'denyoom'],
  categories: ['set', 'write'],
  keys: [
    { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'destination', type: 'key', keySpecIndex: 0 },
    { name: 'key', type: 'key', keySpecIndex: 1, flags: ['multiple'] },
  ],
  run,
};
