/**
 * Leadership: what a member keeps only while it leads one term: its followers' progress, its lease, a
 * hand-over under way. Gone, with all of it, when it steps down.
 */
import { Lease } from './lease.ts';
import type { Membership } from './membership.ts';
import { Progress } from './progress.ts';

/** A hand-over of leadership (dissertation §3.10). */
export interface HandOver {
  readonly target: string;
  /** Before TimeoutNow was sent: when to give up and go on leading; after: when to stand again. */
  deadlineMs: number;
  /** TimeoutNow was sent: the target may be elected at any time. */
  told: boolean;
}

export class Leadership {
  /** The first entry of this leader's own term: its no-op. */
  readonly firstIndex: number;
  readonly lease: Lease;
  readonly startedMs: number;
  /** Every other member, voters and learners. */
  followers: Progress[] = [];
  heartbeatAtMs: number;
  handOver: HandOver | null = null;
  /** Some follower may be sent an append. */
  appendDue = true;

  constructor(firstIndex: number, leaseMs: number, nowMs: number) {
    this.firstIndex = firstIndex;
    this.lease = new Lease(leaseMs);
    this.startedMs = nowMs;
    this.heartbeatAtMs = nowMs;
  }

  /** The follower `id`, or null when it is not in the present membership. */
  find(id: string): Progress | null {
    for (const follower of this.followers) if (follower.id === id) return follower;
    return null;
  }

  /** Takes on a membership; newcomers are probed from `next` on. */
  adopt(membership: Membership, self: string, next: number, nowMs: number): void {
    const followers: Progress[] = [];
    const { voters, learners } = membership;
    for (const id of [...voters, ...learners]) {
      if (id === self) continue;
      const voter = voters.includes(id);
      const known = this.find(id);
      if (known !== null) known.voter = voter;
      followers.push(known ?? new Progress(id, voter, next, nowMs));
    }
    this.followers = followers;
    this.appendDue = true;
  }
}
