/** What ZADD and ZINCRBY do (Redis: zaddGenericCommand). */
import type { CommandContext } from '#node/commands/spec.ts';
import type { Arguments } from '#node/resp/arguments.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findMember } from './find-sorted-set.ts';

/** Options as bits. */
const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;
const CH = 16;
const INCR = 32;
const CONDITIONS = NX | XX | GT | LT;

/** ZADD, and ZINCRBY with `incrementing`: options, then scores and members in turn. */
export function addScores(context: CommandContext, incrementing: boolean): void {
  const { args, keyspace, reply } = context;
  let options = incrementing ? INCR : 0;
  let from = 2;
  for (; from < args.count; from++) {
    const option = optionAt(args, from);
    if (option === 0) break;
    options |= option;
  }
  const error = complaint(options, args.count - from);
  if (error !== '') {
    reply.error(error);
    return;
  }
  // every score is checked before anything changes
  for (let i = from; i < args.count; i += 2) {
    if (args.float(i) === undefined) {
      reply.error(ERRORS.notFloat);
      return;
    }
  }
  const type = keyspace.find(args.bytes, args.start(1), args.end(1));
  if (type !== 'zset' && type !== 'none') reply.error(ERRORS.wrongType);
  else if ((options & INCR) !== 0) increment(context, from, options, type === 'zset');
  else addPairs(context, from, options);
}

/** Which option argument `i` is; 0 for none. */
function optionAt(args: Arguments, i: number): number {
  const length = args.length(i);
  // scores begin with a digit, a sign or a point, all of which stand before the letters
  if (length < 2 || length > 4 || args.bytes[args.start(i)] < 0x41) return 0;
  if (length === 4) return args.equalsIgnoreCase(i, 'INCR') ? INCR : 0;
  if (args.equalsIgnoreCase(i, 'NX')) return NX;
  if (args.equalsIgnoreCase(i, 'XX')) return XX;
  if (args.equalsIgnoreCase(i, 'GT')) return GT;
  if (args.equalsIgnoreCase(i, 'LT')) return LT;
  return args.equalsIgnoreCase(i, 'CH') ? CH : 0;
}

/** The error in these options before `rest` more arguments; '' for none. */
function complaint(options: number, rest: number): string {
  if (rest === 0 || rest % 2 !== 0) return ERRORS.syntax;
  if ((options & NX) !== 0 && (options & XX) !== 0) return ERRORS.zaddNxXx;
  const exclusive = options & (NX | GT | LT);
  if (exclusive !== 0 && exclusive !== NX && exclusive !== GT && exclusive !== LT) {
    return ERRORS.zaddGtLtNx;
  }
  return (options & INCR) !== 0 && rest > 2 ? ERRORS.zaddIncrPairs : '';
}

function addPairs(context: CommandContext, from: number, options: number): void {
  const { args, keyspace, reply } = context;
  let added = 0;
  let updated = 0;
  for (let i = from; i < args.count; i += 2) {
    const score = args.float(i) ?? 0;
    if ((options & CONDITIONS) !== 0) {
      const { bytes } = args;
      const isThere =
        keyspace.peek(bytes, args.start(1), args.end(1)) === 'zset' && findMember(context, i + 1);
      if (!allowed(options, isThere, score, keyspace.sortedSets.score)) continue;
    }
    const outcome = setScore(context, score, i + 1);
    if (outcome === 'added') added++;
    else if (outcome === 'updated') updated++;
  }
  reply.integer((options & CH) !== 0 ? added + updated : added);
}

/** May a member that is there with the score `old`, or is not, get this score? */
function allowed(options: number, isThere: boolean, score: number, old: number): boolean {
  if (!isThere) return (options & XX) === 0;
  if ((options & NX) !== 0) return false;
  return !((options & LT) !== 0 && score >= old) && !((options & GT) !== 0 && score <= old);
}

function increment(
  context: CommandContext,
  from: number,
  options: number,
  keyIsThere: boolean,
): void {
  const { args, keyspace, reply } = context;
  let score = args.float(from) ?? 0;
  const isThere = keyIsThere && findMember(context, from + 1);
  const old = isThere ? keyspace.sortedSets.score : 0;
  if (isThere) score += old;
  if (Number.isNaN(score) && (options & NX) === 0) {
    reply.error(ERRORS.scoreNotNumber);
    return;
  }
  if (!allowed(options, isThere, score, old)) {
    reply.null();
    return;
  }
  setScore(context, score, from + 1);
  reply.double(score);
}

function setScore(
  { args, keyspace }: CommandContext,
  score: number,
  memberAt: number,
): 'added' | 'updated' | 'unchanged' {
  const { bytes } = args;
  return keyspace.sortedSets.add(
    bytes,
    args.start(1),
    args.end(1),
    score,
    bytes,
    args.start(memberAt),
    args.end(memberAt),
  );
}
