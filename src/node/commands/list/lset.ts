/** LSET: puts another element at a place. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList } from './find-list.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'none') {
    reply.error(ERRORS.noSuchKey);
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
    reply.error(ERRORS.indexOutOfRange);
    return;
  }
  const { bytes } = args;
  lists.replace(bytes, args.start(1), args.end(1), place, bytes, args.start(3), args.end(3));
  reply.ok();
}

export const lset: CommandSpec = {
  name: 'lset',
  arity: 4,
  group: 'list',
  since: '1.0.0',
  summary: 'Sets the value of an element in a list by its index.',
  complexity:
    'O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).',
  flags: ['write', 'denyoom'],
  categories: ['list', 'write'],
  keys: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'index', type: 'integer' },
    { name: 'element', type: 'string' },
  ],
  run,
};
