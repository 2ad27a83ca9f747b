/**
 * Follower: takes the leader's log as its own (dissertation §3.5) and promises it, with every answer,
 * no vote for the shortest election timeout (SPEC R6).
 */
import { invariant } from '#base/invariant.ts';
import type { Core } from './core.ts';
import type { Append, Heartbeat } from './message.ts';

/** An append of the present term. */
export function onAppend(core: Core, message: Append): void {
  heed(core, message.from);
  const { log } = core;
  const { prevIndex } = message;
  if (prevIndex > log.lastIndex || log.termAt(prevIndex) !== message.prevTerm) {
    refuse(core, message);
    return;
  }
  const { entries } = message;
  let at = 0;
  while (
    at < entries.length &&
    entries[at].index <= log.lastIndex &&
    log.termAt(entries[at].index) === entries[at].term
  ) {
    at++;
  }
  if (at < entries.length) {
    if (entries[at].index <= log.lastIndex) core.truncate(entries[at].index);
    for (; at < entries.length; at++) core.append(entries[at]);
  }
  const index = prevIndex + entries.length;
  core.commitTo(Math.min(message.commit, index));
  core.durability.sendWhenPersisted({
    type: 'append-reply',
    from: core.id,
    to: message.from,
    term: core.term,
    sentMs: message.sentMs,
    accepted: true,
    index,
    hintIndex: 0,
    hintTerm: 0,
  });
}

/** A heartbeat of the present term. */
export function onHeartbeat(core: Core, message: Heartbeat): void {
  heed(core, message.from);
  core.commitTo(Math.min(message.commit, core.log.lastIndex));
  core.durability.send({
    type: 'heartbeat-reply',
    from: core.id,
    to: message.from,
    term: core.term,
    sentMs: message.sentMs,
  });
}

/**
 * Answers a leader of an earlier term, so that it learns of the present one. (Otherwise a member whose
 * term ran ahead could never be heard again: its pre-votes are ignored and it ignores the leader.)
 */
export function refuseEarlierTerm(core: Core, message: Append | Heartbeat): void {
  const { from: to, sentMs } = message;
  core.durability.send({ type: 'heartbeat-reply', from: core.id, to, term: core.term, sentMs });
}

/** Follows the leader of this term and puts off elections; the promise starts now. */
function heed(core: Core, leader: string): void {
  invariant(core.role !== 'leader', 'a term has one leader');
  core.follow(core.term, leader);
  core.restartElectionTimer();
  core.promisedUntilMs = core.nowMs + core.options.electionTimeoutMs;
}

/** Says where the logs can agree at the highest: skips a whole term of ours at a time. */
function refuse(core: Core, message: Append): void {
  const { log } = core;
  const { prevIndex, prevTerm } = message;
  const hintIndex = log.lastAtOrBelowTerm(Math.min(prevIndex, log.lastIndex), prevTerm);
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
  });
}
