/** LINSERT: puts an element before or after the first one that equals the pivot. */
import { equalBytes } from '#base/bytes.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList } from './find-list.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const before = args.equalsIgnoreCase(2, 'BEFORE');
  if (!before && !args.equalsIgnoreCase(2, 'AFTER')) {
    reply.error(ERRORS.syntax);
    return;
  }
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const pivotPlace = placeOf(context, 3);
  if (pivotPlace < 0) {
    reply.integer(-1);
    return;
  }
  const { bytes } = args;
  const place = before ? pivotPlace : pivotPlace + 1;
  const size = keyspace.lists.size + 1;
  keyspace.lists.insert(
    bytes,
    args.start(1),
    args.end(1),
    place,
    bytes,
    args.start(4),
    args.end(4),
  );
  reply.integer(size);
}

/** Place of the first element that equals argument `i`, -1 when there is none. */
function placeOf({ args, keyspace }: CommandContext, i: number): number {
  const { lists } = keyspace;
  const { element } = lists;
  const { bytes } = args;
  const start = args.start(i);
  const end = args.end(i);
  let place = 0;
  for (let more = lists.seek(0); more; more = lists.next()) {
    if (equalBytes(bytes, start, end, element.bytes, element.start, element.end)) return place;
    place++;
  }
  return -1;
}

export const linsert: CommandSpec = {
  name: 'linsert',
  arity: 5,
  group: 'list',
  since: '2.2.0',
  summary: 'Inserts an element before or after another element in a list.',
  complexity:
    'O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).',
  flags: ['write', 'denyoom'],
  categories: ['list', 'write'],
  keys: [{ flags: ['RW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    {
      name: 'where',
      type: 'oneof',
      arguments: [
        { name: 'before', type: 'pure-token', token: 'BEFORE' },
        { name: 'after', type: 'pure-token', token: 'AFTER' },
      ],
    },
    { name: 'pivot', type: 'string' },
    { name: 'element', type: 'string' },
  ],
  run,
};
