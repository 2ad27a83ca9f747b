/**
 * Hand-over: leadership passes to a chosen voter (dissertation §3.10).
 *
 *   1. From `startHandOver` on nothing is proposed.
 *   2. When the target has the whole log on disk it is told to stand at once. From then on this leader
 *      has no lease in its term: the target's vote requests pass all promises.
 *   3. If it is still leader an election timeout later, it stands itself, in the next term. That voids
 *      the message, should it come late: the target could only stand in a term that is taken.
 */
import type { Core } from './core.ts';
import { stand } from './election.ts';
import type { Leadership } from './leadership.ts';
import type { TimeoutNow } from './message.ts';

/**
 * Starts to hand over; false when `target` is no other voter, needs a snapshot first (which takes long, and nothing
 * is proposed meanwhile), or a hand-over is under way.
 */
export function startHandOver(core: Core, leadership: Leadership, target: string): boolean {
  if (leadership.handOver !== null) return false;
  const follower = leadership.find(target);
  if (follower === null || !follower.voter || follower.lostLog) return false;
  if (follower.state === 'snapshot') return false;
  const deadlineMs = core.nowMs + core.options.electionTimeoutMs;
  leadership.handOver = { target, deadlineMs, told: false };
  tellWhenCaughtUp(core, leadership);
  return true;
}

/** Tells the target to stand once it has everything on disk. */
export function tellWhenCaughtUp(core: Core, leadership: Leadership): void {
  const { handOver } = leadership;
  if (handOver === null || handOver.told) return;
  const target = leadership.find(handOver.target);
  if (target === null || target.match !== core.log.lastIndex) return;
  handOver.told = true;
  handOver.deadlineMs = core.nowMs + core.options.electionTimeoutMs;
  leadership.lease.surrender();
  const { id: from, term } = core;
  core.durability.send({ type: 'timeout-now', from, to: handOver.target, term });
}

/** Ends a hand-over that takes too long: by leading on, or by standing in the next term. */
export function tickHandOver(core: Core, leadership: Leadership): void {
  const { handOver } = leadership;
  if (handOver === null || core.nowMs < handOver.deadlineMs) return;
  if (handOver.told) stand(core, true);
  else leadership.handOver = null;
}

/** The leader of this term hands over to this member. */
export function onTimeoutNow(core: Core, message: TimeoutNow): void {
  if (message.term !== core.term || core.role === 'leader') return;
  if (core.isVoter && core.freeToStand) stand(core, true);
}
