/** LTRIM: keeps the elements from one place to another. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findList, rangeStart, rangeStop } from './find-list.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  const start = args.clampedInteger(2);
  const stop = args.clampedInteger(3);
  if (start === undefined || stop === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const found = findList(context, 1);
  if (found === 'refused') return;
  if (found === 'found') trim(context, start, stop);
  reply.ok();
}

function trim({ args, keyspace }: CommandContext, start: number, stop: number): void {
  const { lists } = keyspace;
  const { size } = lists;
  const first = rangeStart(start, size);
  const last = rangeStop(stop, size);
  const { bytes } = args;
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  if (first > last) {
    keyspace.delete(bytes, keyStart, keyEnd);
    return;
  }
  // the tail first: the places before it stay what they are
  if (last < size - 1) lists.removeRange(bytes, keyStart, keyEnd, last + 1, size - 1 - last);
  if (first > 0) lists.removeRange(bytes, keyStart, keyEnd, 0, first);
}

export const ltrim: CommandSpec = {
  name: 'ltrim',
  arity: 4,
  group: 'list',
  since: '1.0.0',
  summary: 'Removes elements from both ends a list. Deletes the list if all elements were trimmed.',
  complexity: 'O(N) where N is the number of elements to be removed by the operation.',
  flags: ['write'],
  categories: ['list', 'write'],
  keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'start', type: 'integer' },
    { name: 'stop', type: 'integer' },
  ],
  run,
};
