/** SRANDMEMBER: members by chance. */
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findSet } from './find-set.ts';
import { MemberBuffer } from './member-buffer.ts';

/** More members than this are not drawn with repetition: one small command must not fill the memory (rule W9). */
const MOST_REPEATED = 2 ** 22;
const LEAST_COUNT = -0x7fff_ffff_ffff_ffffn;
/** Up to this part of a set is drawn member by member; of more, each member gets its chance in turn. */
const FEW = 1 / 3;

const drawn = new MemberBuffer();

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (args.count > 3) {
    reply.error(ERRORS.syntax);
    return;
  }
  if (args.count === 3) {
    replyMembers(context);
    return;
  }
  const found = findSet(context, 1);
  if (found === 'refused') return;
  if (found === 'found' && keyspace.sets.random(keyspace.random)) {
    reply.bulkRange(keyspace.sets.member);
  } else {
    reply.null();
  }
}

function replyMembers(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  const count = args.clampedInteger(2);
  if (count === undefined) {
    reply.error(ERRORS.notInteger);
    return;
  }
  if ((args.integer(2) ?? 0) < LEAST_COUNT) {
    reply.error(ERRORS.outOfLongRange);
    return;
  }
  const found = findSet(context, 1);
  if (found === 'refused') return;
  if (found === 'none' || count === 0) {
    reply.array(0);
    return;
  }
  const { size } = keyspace.sets;
  if (count < -MOST_REPEATED) reply.error(ERRORS.outOfRange);
  else if (count < 0) replyRepeated(context, -count);
  else if (count < size * FEW) replyFew(context, count);
  else replyMany(context, count < size ? count : size);
}

function replyRepeated({ keyspace, reply }: CommandContext, count: number): void {
  const { random, sets } = keyspace;
  reply.array(count);
  for (let i = 0; i < count; i++) {
    sets.random(random);
    reply.bulkRange(sets.member);
  }
}

/** Draws until enough different ones have come. */
function replyFew({ keyspace, reply }: CommandContext, count: number): void {
  const { random, sets } = keyspace;
  const { member } = sets;
  reply.array(count);
  drawn.clear(random);
  while (drawn.count < count && !drawn.overflowed) {
    sets.random(random);
    if (drawn.add(member.bytes, member.start, member.end)) reply.bulkRange(member);
  }
}

/** Each member is taken with the chance that is left for it. */
function replyMany({ keyspace, reply }: CommandContext, count: number): void {
  const { random, sets } = keyspace;
  reply.array(count);
  let wanted = count;
  let left = sets.size;
  for (let more = sets.first(); more && wanted > 0; more = sets.next()) {
    if (random.below(left) < wanted) {
      reply.bulkRange(sets.member);
      wanted--;
    }
    left--;
  }
}

export const srandmember: CommandSpec = {
  name: 'srandmember',
  arity: -2,
  group: 'set',
  since: '1.0.0',
  summary: 'Get one or multiple random members from a set',
  complexity:
    'Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.',
  flags: ['readonly'],
  categories: ['read', 'set'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    { name: 'count', type: 'integer', flags: ['optional'] },
  ],
  tips: ['nondeterministic_output'],
  run,
};
