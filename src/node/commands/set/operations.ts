/**
 * Intersection, union and difference of several sets: what SINTER, SUNION, SDIFF and their kin have in common.
 * The keys are looked up first, so that a wrong type is an error whatever the others hold; then members are
 * gathered in one buffer, and replied with or stored.
 */
import type { CommandContext } from '#node/commands/spec.ts';
import { ERRORS } from '#node/resp/errors.ts';
import { findSet } from './find-set.ts';
import { MemberBuffer } from './member-buffer.ts';

export type SetOperation = 'intersection' | 'union' | 'difference';

const KEPT_SOURCES = 256;

const members = new MemberBuffer();
/** Of each source: the record of its key, 0 when it is not there, and its size. */
let records = new Int32Array(KEPT_SOURCES);
let sizes = new Int32Array(KEPT_SOURCES);
let sourceCount = 0;

/** SINTER, SUNION and SDIFF: the keys from argument 1 on; replies with the members. */
export function replyWithMembers(context: CommandContext, operation: SetOperation): void {
  const { reply } = context;
  if (!findSources(context, 1, context.args.count)) return;
  gather(context, operation);
  if (members.overflowed) {
    reply.error(ERRORS.resultTooLarge);
    return;
  }
  reply.set(members.count);
  const { bytes, places } = members;
  for (let place = 0; place < places; place++) {
    const end = members.end(place);
    if (end >= 0) reply.bulk(bytes, members.start(place), end);
  }
}

/** SINTERSTORE, SUNIONSTORE and SDIFFSTORE: the keys from argument 2 on; the members become the key of argument 1. */
export function storeMembers(context: CommandContext, operation: SetOperation): void {
  const { args, keyspace, reply } = context;
  if (!findSources(context, 2, args.count)) return;
  gather(context, operation);
  if (members.overflowed) {
    reply.error(ERRORS.resultTooLarge);
    return;
  }
  const keyStart = args.start(1);
  const keyEnd = args.end(1);
  keyspace.delete(args.bytes, keyStart, keyEnd);
  const { bytes, places } = members;
  for (let place = 0; place < places; place++) {
    const end = members.end(place);
    if (end < 0) continue;
    keyspace.sets.add(args.bytes, keyStart, keyEnd, bytes, members.start(place), end);
  }
  reply.integer(members.count);
}

/**
 * SINTERCARD: how many members the sets of arguments `from` to `to` (exclusive) share, counted up to `limit`
 * (0: all); -1 with the error written.
 */
export function countShared(
  context: CommandContext,
  from: number,
  to: number,
  limit: number,
): number {
  if (!findSources(context, from, to)) return -1;
  const most = limit === 0 ? Infinity : limit;
  if (!smallestFirst()) return 0;
  const { sets } = context.keyspace;
  sets.open(records[0]);
  let count = 0;
  for (let more = sets.first(); more && count < most; more = sets.next()) {
    if (inAllOthers(context)) count++;
  }
  return count;
}

/** Looks up the keys of arguments `from` to `to` (exclusive); false with the error written. */
function findSources(context: CommandContext, from: number, to: number): boolean {
  const { keyspace } = context;
  sourceCount = to - from;
  if (sourceCount > records.length || records.length > KEPT_SOURCES) {
    const capacity = Math.max(sourceCount, KEPT_SOURCES);
    records = new Int32Array(capacity);
    sizes = new Int32Array(capacity);
  }
  for (let i = 0; i < sourceCount; i++) {
    const found = findSet(context, from + i);
    if (found === 'refused') return false;
    records[i] = found === 'found' ? keyspace.found : 0;
    sizes[i] = found === 'found' ? keyspace.sets.size : 0;
  }
  return true;
}

function gather(context: CommandContext, operation: SetOperation): void {
  members.clear(context.keyspace.random);
  if (operation === 'intersection') gatherIntersection(context);
  else if (operation === 'union') gatherUnion(context);
  else if (records[0] !== 0) gatherDifference(context);
}

function gatherIntersection(context: CommandContext): void {
  const { sets } = context.keyspace;
  if (!smallestFirst()) return;
  sets.open(records[0]);
  const { member } = sets;
  for (let more = sets.first(); more; more = sets.next()) {
    if (inAllOthers(context)) members.append(member.bytes, member.start, member.end);
  }
}

function gatherUnion({ keyspace }: CommandContext): void {
  const { sets } = keyspace;
  const { member } = sets;
  for (let i = 0; i < sourceCount; i++) {
    if (records[i] === 0) continue;
    sets.open(records[i]);
    for (let more = sets.first(); more; more = sets.next()) {
      members.add(member.bytes, member.start, member.end);
    }
  }
}

/**
 * Asks for each member of the first set whether the others have it, or, when that is more work, takes all
 * members of the others out of the first.
 */
function gatherDifference(context: CommandContext): void {
  const { sets } = context.keyspace;
  const { member } = sets;
  let others = 0;
  let otherSizes = 0;
  for (let i = 1; i < sourceCount; i++) {
    if (records[i] === records[0]) return;
    if (records[i] === 0) continue;
    others++;
    otherSizes += sizes[i];
  }
  // most members are found early, so that fewer are asked for
  const asks = (sizes[0] * others) / 2;
  const takesOut = asks > sizes[0] + otherSizes;
  sets.open(records[0]);
  for (let more = sets.first(); more; more = sets.next()) {
    if (takesOut) members.add(member.bytes, member.start, member.end);
    else if (!inAnyOther(context)) members.append(member.bytes, member.start, member.end);
  }
  if (!takesOut) return;
  for (let i = 1; i < sourceCount && members.count > 0; i++) {
    if (records[i] === 0) continue;
    sets.open(records[i]);
    for (let more = sets.first(); more; more = sets.next()) {
      members.remove(member.bytes, member.start, member.end);
    }
  }
}

/** Puts the smallest set first; false when one of them is empty. */
function smallestFirst(): boolean {
  let smallest = 0;
  for (let i = 0; i < sourceCount; i++) {
    if (records[i] === 0) return false;
    if (sizes[i] < sizes[smallest]) smallest = i;
  }
  const record = records[smallest];
  records[smallest] = records[0];
  records[0] = record;
  return true;
}

/** Is the member at which the first set stands in all others? */
function inAllOthers({ keyspace }: CommandContext): boolean {
  const { sets } = keyspace;
  const { member } = sets;
  for (let i = 1; i < sourceCount; i++) {
    if (!sets.contains(records[i], member.bytes, member.start, member.end)) return false;
  }
  return true;
}

/** Is the member at which the first set stands in any other? */
function inAnyOther({ keyspace }: CommandContext): boolean {
  const { sets } = keyspace;
  const { member } = sets;
  for (let i = 1; i < sourceCount; i++) {
    if (records[i] === 0) continue;
    if (sets.contains(records[i], member.bytes, member.start, member.end)) return true;
  }
  return false;
}
