/** HINCRBY: adds an integer to a field. */
import { putInteger } from '#node/commands/integer-text.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { addInt64, type Int64, parseInt64 } from '#node/resp/number.ts';
import { findField, findHash, setFieldTo } from './find-hash.ts';

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const by = args.integer(3);
  if (by === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  const found = findHash(context);
  if (found === 'refused') return;
  let old: Int64 | undefined = 0;
  if (found === 'found' && findField(context, 2)) {
    const { value } = keyspace.hashes;
    old = parseInt64(value.bytes, value.start, value.end);
  }
  if (old === undefined) {
    reply.error(ERRORS.hashValueNotInteger);
    return;
  }
  const sum = addInt64(old, by);
  if (sum === undefined) {
    reply.error(ERRORS.overflow);
    return;
  }
  const { scratch } = keyspace;
  putInteger(scratch, sum);
  setFieldTo(context, scratch.bytes, scratch.length);
  reply.integer(sum);
}

export const hincrby: CommandSpec = {
  name: 'hincrby',
  arity: 4,
  group: 'hash',
  since: '2.0.0',
  summary:
    "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.",
  complexity: 'O(1)',
  flags: ['write', 'denyoom', 'fast'],
  categories: ['hash', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'update'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'field', type: 'string' },
    { name: 'increment', type: 'integer' },
  ],
  run,
};
