/** LREM: removes elements that equal one. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList } from './find-list.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const count = args.clampedInteger(2);
  if (count === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.integer(0);
    return;
  }
  const { bytes } = args;
  const { lists } = keyspace;
  const { size } = lists;
  const wanted = Math.abs(count);
  const most = count === 0 || wanted > size ? size : wanted;
  const removed = lists.removeEqual(
    bytes,
    args.start(1),
    args.end(1),
    bytes,
    args.start(3),
    args.end(3),
    most,
    count < 0,
  );
  reply.integer(removed);
}

export const lrem: CommandSpec = {
  name: 'lrem',
  arity: 4,
  group: 'list',
  since: '1.0.0',
  summary: 'Removes elements from a list. Deletes the list if the last element was removed.',
  complexity: 'O(N+M) where N is the length of the list and M is the number of elements removed.',
  flags: ['write'],
  categories: ['list', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'count', type: 'integer' },
    { name: 'element', type: 'string' },
  ],
  run,
};
