/**
 * Install: a snapshot file in the place of entries that the leader's log does not have any more (dissertation §5.3).
 * The leader offers, this member's owner fetches the file, and the log begins anew after it.
 *
 * Invariants: what is offered is committed. A file is fetched only once the term in which it was offered is on
 * disk, so that no leader of an earlier term, which need not have what the file covers, is ever followed again
 * (SPEC R13).
 */
import { invariant } from '#base/invariant.ts';
import type { Core } from './core.ts';
import { accept, answer, heed } from './follower.ts';
import type { Offer } from './message.ts';
import type { SnapshotMeta, SnapshotOffer } from './snapshot.ts';

/** An offer of the present term. */
export function onOffer(core: Core, message: Offer): void {
  heed(core, message.from);
  const { from, meta, sentMs } = message;
  if (core.log.matches(meta.index, meta.term)) {
    core.log.commitTo(meta.index);
    accept(core, from, meta.index, sentMs);
    return;
  }
  invariant(meta.index > core.log.commitIndex, 'what is committed is the same everywhere');
  core.fetch = { ...meta, from };
  core.unanswered = { leader: from, term: core.term, sentMs };
  answer(core, message);
}

/** What is to be fetched, told once for each offer. */
export function takeFetch(core: Core): SnapshotOffer | null {
  const { fetch } = core;
  if (fetch === null || !core.durability.hardStateDurable) return null;
  core.fetch = null;
  return fetch;
}

/**
 * The file of an offer is durable here. The log restarts after it, unless it has that entry and goes on from there; in
 * either case the file, not the log, brings the state machine to `meta.index`. False when that is not wanted
 * any more: this member is there already, or leads.
 */
export function install(core: Core, meta: SnapshotMeta): boolean {
  const { log, unanswered } = core;
  if (core.role === 'leader' || meta.index <= log.commitIndex) return false;
  invariant(core.term >= meta.term, 'a file comes from a leader that was followed');
  if (log.matches(meta.index, meta.term)) log.coverTo(meta.index);
  else core.restart(meta);
  core.applied(meta.index);
  core.snapshot = meta;
  core.fetch = null;
  // A leader of a later term finds out by itself.
  const asked = unanswered !== null && unanswered.term === core.term;
  if (asked) accept(core, unanswered.leader, meta.index, unanswered.sentMs);
  core.unanswered = null;
  return true;
}
