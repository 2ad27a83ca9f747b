/**
 * Members that come back with an empty disk take their old place: the next step of each shard as an action. What
 * the step is, `#operator/topology/membership.ts` decides, the same as in local mode. Pure.
 */
import type { MembershipStep } from '#operator/topology/membership.ts';
import type { Action } from './actions.ts';
import type { ClusterView, ShardView } from './cluster-view.ts';

/** One step for each shard that has one. */
export function membershipActions(view: ClusterView): readonly Action[] {
  return view.shards.flatMap((shard): Action[] => {
    const record = view.observed.records.get(shard.name);
    const step = shard.membership;
    if (step === null || record === undefined) return [];
    if (step.step === 'join') return [{ type: 'join', member: step.member, record }];
    if (step.step === 'set-aside') {
      const { member, memberId, reason, configIndex, term } = step;
      return [{ type: 'set-aside', member, memberId, reason, configIndex, term }];
    }
    if (step.step !== 'change') return [];
    const { leader, change, memberId, configIndex, term } = step;
    return [{ type: 'change-membership', member: leader, change, memberId, configIndex, term }];
  });
}

/**
 * Voters that a drain must leave alone all but one: raised before a promotion, lowered after a removal. While a
 * lost memberId still counts as a voter, that is every pod.
 */
export function votersToProtect({ members, voters, membership }: ShardView): number {
  const promoting = membership?.step === 'change' && membership.change === 'promote' ? 1 : 0;
  return Math.max(members.length, voters.length + promoting);
}

/** What is being done about the members of the shard, in words; null when nothing is. */
export function replacing({ membership }: ShardView): string | null {
  return membership === null ? null : describe(membership);
}

function describe(step: MembershipStep): string | null {
  switch (step.step) {
    case 'join':
      return `${step.member} has an empty disk and joins`;
    case 'set-aside':
      return step.reason === 'removed'
        ? `the disk of ${step.member} was removed from its shard; it starts anew`
        : `the disk of ${step.member} has not got what it acknowledged; it starts anew`;
    case 'change':
      return CHANGES[step.change](step.member || step.memberId);
    case 'wait':
      return step.why;
    case 'settled':
    case 'leaderless':
      return null;
    default:
      return step satisfies never;
  }
}

const CHANGES = {
  'add-learner': (member: string) => `${member} has a new disk and gets the log`,
  promote: (member: string) => `${member} has the log and gets its vote`,
  remove: (member: string) => `${member} votes; its old disk is taken out`,
} as const;
