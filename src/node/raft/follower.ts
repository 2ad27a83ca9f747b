/**
 * Follower: takes the leader's log as its own (dissertation §3.5) and promises it, with every answer,
 * no vote for the shortest election timeout (SPEC R6).
 */
import { invariant } from '#base/invariant.ts';
import type { Core } from './core.ts';
import { type Append, type Heartbeat, NOTHING_SENT_MS } from './message.ts';

/** An append of the present term. */
export function onAppend(core: Core, message: Append): void {
  heed(core, message.from);
  const { log } = core;
  const { prevIndex } = message;
  if (!log.matches(prevIndex, message.prevTerm)) {
    refuse(core, message, prevIndex, message.prevTerm);
    return;
  }
  const { entries } = message;
  let at = 0;
  while (at < entries.length && log.matches(entries[at].index, entries[at].term)) at++;
  if (at < entries.length) {
    if (entries[at].index <= log.lastIndex) core.truncate(entries[at].index);
    for (; at < entries.length; at++) core.append(entries[at]);
  }
  const index = prevIndex + entries.length;
  core.log.commitTo(Math.min(message.commit, index));
  accept(core, message.from, index, message.sentMs);
}

/** Tells the leader, once it is on disk, that this member has the leader's log up to `index`. */
export function accept(core: Core, leader: string, index: number, sentMs: number): void {
  core.durability.sendWhenPersisted({
    type: 'append-reply',
    from: core.id,
    to: leader,
    term: core.term,
    sentMs,
    accepted: true,
    index,
    hintIndex: 0,
    hintTerm: 0,
    freeBytes: core.freeBytes(),
  });
}

/** A heartbeat of the present term. */
export function onHeartbeat(core: Core, message: Heartbeat): void {
  heed(core, message.from);
  const { commit, commitTerm } = message;
  if (commit > core.log.commitIndex) {
    if (core.log.matches(commit, commitTerm)) core.log.commitTo(commit);
    // the leader names only what this member has acknowledged (SPEC R10)
    else refuse(core, message, commit, commitTerm);
  }
  answer(core, message.from, message.sentMs);
}

/** Says that the leader's message of `sentMs` was heard. */
export function answer(core: Core, to: string, sentMs: number): void {
  const { id: from, term } = core;
  const freeBytes = core.freeBytes();
  core.durability.send({ type: 'heartbeat-reply', from, to, term, sentMs, freeBytes });
}

/**
 * Answers a leader of an earlier term, so that it learns of the present one. (Otherwise a member whose
 * term ran ahead could never be heard again: its pre-votes are ignored and it ignores the leader.) By the time it
 * reads this it may lead the present term itself, even in another process: it is no acknowledgement.
 */
export function refuseEarlierTerm(core: Core, leader: string): void {
  answer(core, leader, NOTHING_SENT_MS);
}

/** The pulse answered a leader of the present term at `atMs`; it promised no vote by that. */
export function heardPulse(core: Core, atMs: number): void {
  if (core.role === 'leader' || atMs <= core.pulseMs || atMs > core.nowMs) return;
  core.pulseMs = atMs;
  const promisedUntilMs = atMs + core.options.electionTimeoutMs;
  if (promisedUntilMs <= core.nowMs) return;
  core.follow(core.term, core.leaderId);
  core.standAtMs = Math.max(core.standAtMs, atMs + core.drawWait());
  core.promisedUntilMs = Math.max(core.promisedUntilMs, promisedUntilMs);
}

/** Follows the leader of this term and puts off elections; the promise starts now. */
export function heed(core: Core, leader: string): void {
  invariant(core.role !== 'leader', 'a term has one leader');
  core.follow(core.term, leader);
  core.restartElectionTimer();
  core.promisedUntilMs = core.nowMs + core.options.electionTimeoutMs;
}

/**
 * The entry `prevIndex` of `prevTerm`, which `message` rests on, is not here. Says where the logs can agree at the
 * highest: skips a whole term of ours at a time.
 */
function refuse(
  core: Core,
  message: Append | Heartbeat,
  prevIndex: number,
  prevTerm: number,
): void {
  const { log } = core;
  const agreeIndex = log.lastAtOrBelowTerm(Math.min(prevIndex, log.lastIndex), prevTerm);
  // what comes before the log is committed: there they agree
  const hintIndex = Math.max(agreeIndex, log.firstIndex - 1);
  core.durability.send({
    type: 'append-reply',
    from: core.id,
    to: message.from,
    term: core.term,
    sentMs: message.sentMs,
    accepted: false,
    index: prevIndex,
    hintIndex,
    hintTerm: log.termAt(hintIndex),
    freeBytes: core.freeBytes(),
  });
}
