/** SORT: sorts a list, a set or a sorted set, and may store the result. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { NO_KEY, SORT_ARGUMENTS, SORT_KEYS, sortKey } from './sort-elements.ts';

function run(context: CommandContext): void {
  sortKey(context, false);
}

/** The key of the last STORE: the arguments of LIMIT, BY and GET are passed over (Redis: sortGetKeys). */
function storeKey(args: Arguments): number {
  let found = NO_KEY;
  for (let i = 2; i < args.count; i++) {
    if (args.equalsIgnoreCase(i, 'LIMIT')) i += 2;
    else if (args.equalsIgnoreCase(i, 'GET') || args.equalsIgnoreCase(i, 'BY')) i++;
    else if (i + 1 < args.count && args.equalsIgnoreCase(i, 'STORE')) found = ++i;
  }
  return found;
}

export const sort: CommandSpec = {
  name: 'sort',
  arity: -2,
  group: 'generic',
  since: '1.0.0',
  summary: 'Sorts the elements in a list, a set, or a sorted set, optionally storing the result.',
  complexity:
    'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).',
  flags: ['write', 'denyoom'],
  categories: ['dangerous', 'list', 'set', 'sortedset', 'write'],
  keys: [
    ...SORT_KEYS,
    {
      flags: ['OW', 'update'],
      begin: { locate: storeKey },
      find: { unknown: true },
      notes:
        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
    },
  ],
  scope: 'keys',
  arguments: [
    ...SORT_ARGUMENTS,
    { name: 'destination', type: 'key', token: 'STORE', keySpecIndex: 2, flags: ['optional'] },
  ],
  run,
};
