/** SPOP: takes members by chance. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findSet, replyAllMembers } from './find-set.ts';

function run(context: CommandContext): void {
  const { args, reply } = context;
  if (args.count > 3) {
    reply.error(ERRORS.syntax);
    return;
  }
  if (args.count === 3) {
    popMembers(context);
    return;
  }
  const found = findSet(context, 1);
  if (found === 'refused') return;
  if (found === 'found') popMember(context);
  else reply.null();
}

function popMembers(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const count = args.clampedInteger(2);
  if (count === undefined || count < 0) {
    reply.error(ERRORS.outOfRangePositive);
    return;
  }
  const found = findSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none' || count === 0) {
    reply.set(0);
    return;
  }
  if (count >= keyspace.sets.size) {
    replyAllMembers(context);
    keyspace.delete(args.bytes, args.start(1), args.end(1));
    return;
  }
  reply.set(count);
  for (let left = count; left > 0; left--) popMember(context);
}

/** Takes a member of the set found last, which has one. */
function popMember({ args, keyspace, reply }: CommandContext): void {
  const { random, scratch, sets } = keyspace;
  const { member } = sets;
  sets.random(random);
  scratch.clear();
  scratch.raw(member.bytes, member.start, member.end);
  reply.bulk(scratch.bytes, 0, scratch.length);
  sets.remove(args.bytes, args.start(1), args.end(1), scratch.bytes, 0, scratch.length);
}

export const spop: CommandSpec = {
  name: 'spop',
  arity: -2,
  group: 'set',
  since: '1.0.0',
  summary:
    'Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.',
  complexity:
    'Without the count argument O(1), otherwise O(N) where N is the value of the passed count.',
  flags: ['write', 'fast'],
  categories: ['set', 'write'],
  keys: [
    {
      flags: ['RW', 'access', 'delete'],
      begin: { index: 1 },
      find: { last: 0, step: 1, limit: 0 },
    },
  ],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'count', type: 'integer', flags: ['optional'] },
  ],
  tips: ['nondeterministic_output'],
  run,
};
