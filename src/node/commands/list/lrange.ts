/** LRANGE: the elements from one place to another. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList, rangeStart, rangeStop, replyElements } from './find-list.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const start = args.clampedInteger(2);
  const stop = args.clampedInteger(3);
  if (start === undefined || stop === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const found = findList(context, 1);
  if (found === 'refused') return;
  const size = found === 'none' ? 0 : keyspace.lists.size;
  const from = rangeStart(start, size);
  const count = rangeStop(stop, size) - from + 1;
  if (count <= 0) {
    reply.array(0);
    return;
  }
  reply.array(count);
  replyElements(context, from, count, false);
}

export const lrange: CommandSpec = {
  name: 'lrange',
  arity: 4,
  group: 'list',
  since: '1.0.0',
  summary: 'Returns a range of elements from a list.',
  complexity:
    'O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range.',
  flags: ['readonly'],
  categories: ['list', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'start', type: 'integer' },
    { name: 'stop', type: 'integer' },
  ],
  run,
};
