/**
 * Leader: replicates its log, counts what a majority has on disk, keeps its lease, and steps down when
 * it has lost touch with a majority (CheckQuorum, dissertation §6.2).
 *
 * Entries go out with the next Ready, before they are on the leader's own disk; its own copy counts
 * only when it is (§10.2.1). Only entries of its own term are committed by counting (§3.6.2).
 */
import { invariant } from '#base/invariant.ts';
import type { Core } from './core.ts';
import { ENTRY_CONFIG, ENTRY_NOOP, type Entry, entryBytes } from './entry.ts';
import { Leadership } from './leadership.ts';
import type { AppendReply, HeartbeatReply } from './message.ts';
import type { Progress } from './progress.ts';

/** Entries that a probe carries: it is likely to be refused, so not many. */
const PROBE_BYTES = 16 * 1024;

const NO_PAYLOAD = new Uint8Array(0);
const NO_ENTRIES: readonly Entry[] = [];

/** A candidate has a majority. */
export function lead(core: Core): void {
  const { electionTimeoutMs, leaseFraction } = core.options;
  const firstIndex = core.log.lastIndex + 1;
  const leadership = new Leadership(firstIndex, electionTimeoutMs * leaseFraction, core.nowMs);
  core.role = 'leader';
  core.leaderId = core.id;
  core.granted.clear();
  core.leadership = leadership;
  leadership.adopt(core.memberships.current, core.id, firstIndex, core.nowMs);
  renewLease(core, leadership);
  appendOwn(core, leadership, ENTRY_NOOP, NO_PAYLOAD);
}

/** Appends an entry of this leader's own; returns its index. */
export function appendOwn(
  core: Core,
  leadership: Leadership,
  kind: number,
  payload: Uint8Array,
): number {
  const index = core.log.lastIndex + 1;
  core.append({ index, term: core.term, kind, payload });
  leadership.appendDue = true;
  if (kind === ENTRY_CONFIG) {
    leadership.adopt(core.memberships.current, core.id, index, core.nowMs);
    renewLease(core, leadership);
  }
  return index;
}

/** Heartbeats, and the check that a majority is in touch; a `late` tick judges nobody. */
export function tickLeader(core: Core, leadership: Leadership, late: boolean): void {
  if (!late && core.nowMs - majorityContactMs(core, leadership) >= core.options.electionTimeoutMs) {
    core.follow(core.term, '');
    return;
  }
  tellCommit(core, leadership);
  if (core.nowMs < leadership.heartbeatAtMs) return;
  leadership.heartbeatAtMs = core.nowMs + core.options.heartbeatMs;
  for (const follower of leadership.followers) sendHeartbeat(core, follower);
}

function sendHeartbeat(core: Core, follower: Progress): void {
  const { log } = core;
  const shared = Math.min(follower.match, log.commitIndex);
  const commit = shared < log.firstIndex - 1 ? 0 : shared;
  core.durability.send({
    type: 'heartbeat',
    from: core.id,
    to: follower.id,
    term: core.term,
    commit,
    commitTerm: commit === 0 ? 0 : log.termAt(commit),
    sentMs: core.nowMs,
  });
}

/**
 * The commit index goes with the next entries. A follower that has had none for a whole tick gets it in a
 * message of its own: one for each batch would cost as much as the batch.
 */
function tellCommit(core: Core, leadership: Leadership): void {
  for (const follower of leadership.followers) {
    if (follower.toldCommit >= core.log.commitIndex) continue;
    follower.commitDue = true;
    leadership.appendDue = true;
  }
}

/** An append of this term was answered. */
export function onAppendReply(core: Core, leadership: Leadership, message: AppendReply): void {
  const follower = leadership.find(message.from);
  if (follower === null) return;
  contact(core, leadership, follower, message);
  if (message.accepted) {
    invariant(message.index <= core.log.lastIndex, 'a follower has no more than it was sent');
    if (follower.accepted(message.index, core.nowMs)) commitByCounting(core, leadership);
  } else {
    const agree = core.log.lastAtOrBelowTerm(message.hintIndex, message.hintTerm);
    follower.refused(message.index, agree, message.sentMs);
  }
  leadership.appendDue = true;
}

/** A heartbeat of this term was answered. */
export function onHeartbeatReply(
  core: Core,
  leadership: Leadership,
  message: HeartbeatReply,
): void {
  const follower = leadership.find(message.from);
  if (follower === null) return;
  contact(core, leadership, follower, message);
  follower.heartbeatAnswered(message.sentMs);
  leadership.appendDue = true;
}

/**
 * The pulse of voter `id` answered a pulse that this member's sent in this term. After TimeoutNow nothing
 * rests on answers of this term any more (SPEC R6.3).
 */
export function onPulseAck(core: Core, leadership: Leadership, id: string, sentMs: number): void {
  if (leadership.handOver?.told === true) return;
  if (sentMs < leadership.startedMs || sentMs > core.nowMs) return;
  const follower = leadership.find(id);
  if (follower === null || !follower.voter) return;
  follower.pulseAcked(sentMs);
  renewLease(core, leadership);
}

/** Commits what a majority of the voters has on disk, if it is of this term. */
export function commitByCounting(core: Core, leadership: Leadership): void {
  const { log, tally } = core;
  tally.clear();
  tally.add(core.durability.durableIndex);
  for (const follower of leadership.followers) if (follower.voter) tally.add(follower.match);
  const index = tally.reached();
  // Terms do not fall along the log: from firstIndex on every entry is of this term.
  if (index < leadership.firstIndex || index <= log.commitIndex) return;
  core.log.commitTo(index);
  leadership.appendDue = true;
}

/** Sends each follower what it lacks, as far as its flow control allows. */
export function replicate(core: Core, leadership: Leadership): void {
  if (!leadership.appendDue) return;
  leadership.appendDue = false;
  for (const follower of leadership.followers) replicateTo(core, follower);
}

/** The free space that a majority of the voters has at least, as they last said; who said nothing has room. */
export function majorityFreeBytes(core: Core, leadership: Leadership): number {
  const { tally } = core;
  tally.clear();
  tally.add(core.freeBytes());
  for (const follower of leadership.followers) if (follower.voter) tally.add(follower.freeBytes);
  return tally.reached();
}

/** True when `follower` is in touch and all that the leader has was sent to it. */
export function isCaughtUp(core: Core, follower: Progress): boolean {
  return (
    follower.state === 'replicate' &&
    follower.next === core.log.lastIndex + 1 &&
    core.nowMs - follower.lastContactMs < core.options.electionTimeoutMs
  );
}

function replicateTo(core: Core, follower: Progress): void {
  const { log, options } = core;
  if (follower.lostLog) return;
  if (follower.next < log.firstIndex) {
    if (follower.state !== 'snapshot' || !follower.waiting) offerSnapshot(core, follower);
    return;
  }
  if (follower.state === 'probe') {
    if (follower.waiting) return;
    follower.waiting = true;
    sendAppend(core, follower, Math.min(PROBE_BYTES, options.maxAppendBytes));
    return;
  }
  let sent = false;
  while (follower.next <= log.lastIndex && follower.bytesInFlight < options.maxInFlightBytes) {
    const entries = sendAppend(core, follower, options.maxAppendBytes);
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    follower.sent(entries[entries.length - 1].index, bytes);
    sent = true;
  }
  // With nothing else on its way, the commit index is worth a message of its own.
  const idle =
    follower.commitDue && follower.match === log.lastIndex && follower.toldCommit < log.commitIndex;
  if (!sent && (follower.nudge || idle)) sendAppend(core, follower, 0);
  follower.nudge = false;
  follower.commitDue = false;
}

/** Offers the newest snapshot to who needs what the log lacks (§5.3). */
function offerSnapshot(core: Core, follower: Progress): void {
  const { snapshot: meta, log, id: from, term, nowMs: sentMs } = core;
  invariant(
    meta !== null && meta.index >= log.firstIndex - 1,
    'what the log lacks is in a snapshot',
  );
  follower.offered(meta.index, sentMs);
  core.durability.send({ type: 'offer', from, to: follower.id, term, meta, sentMs });
}

/** Sends entries from `follower.next` on; none for `maxBytes` 0. Returns them. */
function sendAppend(core: Core, follower: Progress, maxBytes: number): readonly Entry[] {
  const { log } = core;
  const { next } = follower;
  const entries =
    maxBytes > 0 && next <= log.lastIndex
      ? log.slice(next, log.lastIndex + 1, maxBytes)
      : NO_ENTRIES;
  follower.toldCommit = log.commitIndex;
  core.durability.send({
    type: 'append',
    from: core.id,
    to: follower.id,
    term: core.term,
    prevIndex: next - 1,
    prevTerm: log.termAt(next - 1),
    commit: log.commitIndex,
    sentMs: core.nowMs,
    entries,
  });
  return entries;
}

function contact(
  core: Core,
  leadership: Leadership,
  follower: Progress,
  message: AppendReply | HeartbeatReply,
): void {
  follower.contact(message.sentMs, core.nowMs, message.freeBytes);
  if (follower.voter) renewLease(core, leadership);
}

/** The lease follows the present voters, so it is also told when they change. */
function renewLease(core: Core, leadership: Leadership): void {
  const { tally } = core;
  tally.clear();
  tally.add(Infinity);
  for (const follower of leadership.followers) {
    if (follower.voter) tally.add(follower.ackedSentMs);
  }
  leadership.lease.renew(tally.reached());
}

/** The latest time by which a majority has been in touch. */
function majorityContactMs(core: Core, leadership: Leadership): number {
  const { tally } = core;
  tally.clear();
  tally.add(core.nowMs);
  for (const follower of leadership.followers) {
    if (follower.voter) tally.add(follower.lastContactMs);
  }
  return tally.reached();
}
