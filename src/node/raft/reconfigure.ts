/**
 * Reconfigure: one member in or out per entry (dissertation §4.1 to 4.3). Two changes are never under
 * way at once, and none before the leader has committed an entry of its own term: else majorities of
 * two configs that never met could both elect (the fault found in 2015).
 */
import type { Core } from './core.ts';
import { ENTRY_CONFIG } from './entry.ts';
import { appendOwn, isCaughtUp } from './leader.ts';
import {
  changeMembership,
  encodeMembership,
  type MembershipChange,
  type MembershipOutcome,
  type MembershipRefusal,
} from './membership.ts';
import { majorityOf } from './quorum.ts';

/** Appends the config entry that makes `change`, unless a rule forbids it. */
export function reconfigure(
  core: Core,
  change: MembershipChange,
  plannedFrom: number,
): MembershipOutcome {
  const { leadership, memberships } = core;
  if (leadership === null) return { refused: 'NotLeader' };
  if (leadership.handOver !== null) return { refused: 'Transferring' };
  if (plannedFrom !== memberships.index) return { refused: 'StaleConfig' };
  if (memberships.index > core.log.commitIndex) return { refused: 'ChangePending' };
  if (core.log.commitIndex < leadership.firstIndex) return { refused: 'OwnTermUncommitted' };
  // The leader is never removed by itself: it hands over first.
  const next = change.id === core.id ? null : changeMembership(memberships.current, change);
  if (next === null) return { refused: 'InvalidChange' };
  const refused =
    next.voters === memberships.current.voters ? null : judge(core, change, next.voters);
  if (refused !== null) return { refused };
  return { index: appendOwn(core, leadership, ENTRY_CONFIG, encodeMembership(next)) };
}

/** Whether the group could go on at once with `voters`. */
function judge(
  core: Core,
  change: MembershipChange,
  voters: readonly string[],
): MembershipRefusal | null {
  let live = 0;
  for (const id of voters) {
    const follower = core.leadership?.find(id) ?? null;
    const ok = id === core.id || (follower !== null && isCaughtUp(core, follower));
    if (ok) live++;
    else if (id === change.id) return 'NotCaughtUp';
  }
  return live >= majorityOf(voters.length) ? null : 'NoLiveMajority';
}
