/** SINTERCARD: how many members all sets have, counted up to a limit. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { countShared } from './operations.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  const keyCount = args.clampedInteger(1);
  if (keyCount === undefined || keyCount < 1) {
    reply.error(ERRORS.numKeysNotPositive);
    return;
  }
  if (keyCount > args.count - 2) {
    reply.error(ERRORS.moreKeysThanArguments);
    return;
  }
  let limit = 0;
  for (let i = 2 + keyCount; i < args.count; i += 2) {
    if (i + 1 === args.count || !args.equalsIgnoreCase(i, 'LIMIT')) {
      reply.error(ERRORS.syntax);
      return;
    }
    const given = args.clampedInteger(i + 1);
    if (given === undefined || given < 0) {
      reply.error(ERRORS.negativeLimit);
      return;
    }
    limit = given;
  }
  const count = countShared(context, 2, 2 + keyCount, limit);
  if (count >= 0) reply.integer(count);
}

export const sintercard: CommandSpec = {
  name: 'sintercard',
  arity: -3,
  group: 'set',
  since: '7.0.0',
  summary: 'Returns the number of members of the intersect of multiple sets.',
  complexity:
    'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
  flags: ['readonly'],
  categories: ['read', 'set'],
  keys: [
    { flags: ['RO', 'access'], begin: { index: 1 }, find: { keyNumIndex: 0, first: 1, step: 1 } },
  ],
  scope: 'keys',
  arguments: [
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, flags: ['multiple'] },
    { name: 'limit', type: 'integer', token: 'LIMIT', flags: ['optional'] },
  ],
  run,
};
