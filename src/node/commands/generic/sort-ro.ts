/** SORT_RO: sorts a list, a set or a sorted set. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { SORT_ARGUMENTS, SORT_KEYS, sortKey } from './sort-elements.ts';

function run(context: CommandContext): void {
  sortKey(context, true);
}

export const sortRo: CommandSpec = {
  name: 'sort_ro',
  arity: -2,
  group: 'generic',
  since: '7.0.0',
  summary: 'Returns the sorted elements of a list, a set, or a sorted set.',
  complexity:
    'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).',
  flags: ['readonly'],
  categories: ['dangerous', 'list', 'read', 'set', 'sortedset'],
  keys: SORT_KEYS,
  scope: 'keys',
  arguments: SORT_ARGUMENTS,
  run,
};
