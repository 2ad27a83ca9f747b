/** SORT_RO: sorts a list, a set or a sorted set. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { sortKey } from './sort-elements.ts';

/** BY and GET name no key in a cluster. */
const NO_KEY = -1;

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
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    {
      flags: ['RO', 'access'],
      begin: { locate: () => NO_KEY },
      find: { unknown: true },
      notes:
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'by-pattern', type: 'pattern', token: 'BY', keySpecIndex: 1, flags: ['optional'] },
    {
      name: 'limit',
      type: 'block',
      token: 'LIMIT',
      flags: ['optional'],
      arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ],
    },
    {
      name: 'get-pattern',
      type: 'pattern',
      token: 'GET',
      keySpecIndex: 1,
      flags: ['optional', 'multiple', 'multiple_token'],
    },
    {
      name: 'order',
      type: 'oneof',
      flags: ['optional'],
      arguments: [
        { name: 'asc', type: 'pure-token', token: 'ASC' },
        { name: 'desc', type: 'pure-token', token: 'DESC' },
      ],
    },
    { name: 'sorting', type: 'pure-token', token: 'ALPHA', flags: ['optional'] },
  ],
  run,
};
