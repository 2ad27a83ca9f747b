/** LINDEX: the element at a place. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList } from './find-list.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.null();
    return;
  }
  const { lists } = keyspace;
  const index = args.clampedInteger(2);
  if (index === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const place = index < 0 ? index + lists.size : index;
  if (place < 0 || place >= lists.size) {
    reply.null();
    return;
  }
  lists.seek(place);
  reply.bulkRange(lists.element);
}

export const lindex: CommandSpec = {
  name: 'lindex',
  arity: 3,
  group: 'list',
  since: '1.0.0',
  summary: 'Returns an element from a list by its index.',
  complexity:
    'O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1).',
  flags: ['readonly'],
  categories: ['list', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'index', type: 'integer' },
  ],
  run,
};
