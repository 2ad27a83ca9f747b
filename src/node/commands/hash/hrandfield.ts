/** HRANDFIELD: fields by chance. */
import { MemberBuffer } from '#node/commands/set/member-buffer.ts';
import type { CommandContext, CommandSpec } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findHash, replyField, replyFieldValue } from './find-hash.ts';

/** More fields than this are not drawn with repetition: one small command must not fill the memory (rule W9). */
const MOST_REPEATED = 2 ** 22;
/** Up to this part of a hash is drawn field by field; of more, each field gets its chance in turn. */
const FEW = 1 / 3;

const drawn = new MemberBuffer();

function run(context: CommandContext): void {
  const { args, keyspace, reply } = context;
  if (args.count === 2) {
    const found = findHash(context);
    if (found === 'found' && keyspace.hashes.random(keyspace.random)) replyField(context);
    else if (found === 'none') reply.null();
    return;
  }
  const count = args.integer(2);
  if (count === undefined) reply.error(ERRORS.notInteger);
  else if (count < -0x7fff_ffff_ffff_ffffn) reply.error(ERRORS.outOfLongRange);
  else if (args.count > 4 || (args.count === 4 && !args.equalsIgnoreCase(3, 'WITHVALUES'))) {
    reply.error(ERRORS.syntax);
  } else {
    const withValues = args.count === 4;
    const most = withValues ? 2n ** 62n - 1n : 2n ** 63n;
    if (count > most || count < -most) reply.error(ERRORS.outOfRange);
    else replyFields(context, Number(count), withValues);
  }
}

function replyFields(context: CommandContext, count: number, withValues: boolean): void {
  const { keyspace, reply } = context;
  const found = findHash(context);
  if (found === 'refused') return;
  if (found === 'none' || count === 0) {
    reply.array(0);
    return;
  }
  if (count < -MOST_REPEATED) {
    reply.error(ERRORS.outOfRange);
    return;
  }
  const { hashes } = keyspace;
  const replies = count < 0 ? -count : Math.min(count, hashes.size);
  reply.array(withValues && reply.protocol === 2 ? replies * 2 : replies);
  if (count < 0) {
    for (let i = 0; i < replies; i++) {
      hashes.random(keyspace.random);
      replyOne(context, withValues);
    }
    return;
  }
  if (replies < hashes.size * FEW) replyFew(context, replies, withValues);
  else replyMany(context, replies, withValues);
}

/** Draws until enough different ones have come. */
function replyFew(context: CommandContext, count: number, withValues: boolean): void {
  const { hashes, random } = context.keyspace;
  const { field } = hashes;
  drawn.clear(random);
  while (drawn.count < count && !drawn.overflowed) {
    hashes.random(random);
    if (drawn.add(field.bytes, field.start, field.end)) replyOne(context, withValues);
  }
}

/** Each field is taken with the chance that is left for it. */
function replyMany(context: CommandContext, count: number, withValues: boolean): void {
  const { hashes, random } = context.keyspace;
  let wanted = count;
  let left = hashes.size;
  for (let more = hashes.first(); more && wanted > 0; more = hashes.next()) {
    if (random.below(left) < wanted) {
      replyOne(context, withValues);
      wanted--;
    }
    left--;
  }
}

function replyOne(context: CommandContext, withValues: boolean): void {
  if (withValues && context.reply.protocol === 3) context.reply.array(2);
  replyField(context);
  if (withValues) replyFieldValue(context);
}

export const hrandfield: CommandSpec = {
  name: 'hrandfield',
  arity: -2,
  group: 'hash',
  since: '6.2.0',
  summary: 'Returns one or more random fields from a hash.',
  complexity: 'O(N) where N is the number of fields returned',
  flags: ['readonly'],
  categories: ['hash', 'read'],
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  scope: 'keys',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0 },
    {
      name: 'options',
      type: 'block',
      flags: ['optional'],
      arguments: [
        { name: 'count', type: 'integer' },
        { name: 'withvalues', type: 'pure-token', token: 'WITHVALUES', flags: ['optional'] },
      ],
    },
  ],
  tips: ['nondeterministic_output'],
  run,
};
