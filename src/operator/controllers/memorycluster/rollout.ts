/** The members' turns: who is restarted next for its new template, and roles on pods. Pure. */
import { nextRolloutStep } from '#operator/topology/rollout.ts';
import type { RolloutMember } from '#operator/topology/rollout.ts';
import type { Member } from '#operator/topology/members.ts';
import type { Action } from './actions.ts';
import { isHealthy } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import { desiredSet, isCurrent, liveSet, templateHash, wantedHash } from './objects.ts';

export interface RolloutPlan {
  readonly actions: readonly Action[];
  /** Members that still have to change, for status. */
  readonly outdated: readonly string[];
  /** What the rollout waits for; '' when it does not. */
  readonly waitingFor: string;
}

const NOTHING: RolloutPlan = { actions: [], outdated: [], waitingFor: '' };

/**
 * A pod that was made again has a new address, which clients learn from DNS, and resolvers keep the old one for
 * a while: nobody hands over to it before, or writes would be refused for that long. Kubernetes' own DNS, as kubeadm
 * sets it up, keeps an answer for 30 seconds.
 */
const NAMES_KNOWN_MS = 35_000;

/** @param now RFC 3339 */
export function planRollout(view: ClusterView, now: string): RolloutPlan {
  if (view.context.spec.suspend) return NOTHING;
  const { observed, members } = view;
  const existing = members.filter((member) => liveSet(view, member) !== undefined);
  const rollout = existing.map((member): RolloutMember => {
    const facts = observed.members.get(member.name);
    return {
      name: member.name,
      shard: member.shard,
      role: facts?.status?.role ?? 'unformed',
      healthy: isHealthy(facts),
      current: isCurrent(view, member),
    };
  });
  const outdated = rollout.filter(({ current }) => !current).map(({ name }) => name);
  const next = nextRolloutStep(rollout);
  if (next.step === 'done') return NOTHING;
  if (next.step === 'wait') return { actions: [], outdated, waitingFor: 'MembersHealthy' };
  const member = existing.find(({ name }) => name === next.member);
  if (member === undefined) return NOTHING;
  if (next.handOver && replicasOf(member, existing).some(({ name }) => isNew(view, name, now))) {
    return { actions: [], outdated, waitingFor: 'NamesKnown' };
  }
  const actions = next.handOver ? handOver(view, member) : restart(view, member);
  return { actions, outdated, waitingFor: '' };
}

function replicasOf(primary: Member, members: readonly Member[]): readonly Member[] {
  return members.filter(({ kind, shard, name }) => {
    return kind === 'data' && shard === primary.shard && name !== primary.name;
  });
}

function isNew({ observed }: ClusterView, name: string, now: string): boolean {
  const since = observed.members.get(name)?.pod?.readySince ?? '';
  return since !== '' && Date.parse(now) - Date.parse(since) < NAMES_KNOWN_MS;
}

/** Writes the template, then has the pod made again from it. */
function restart(view: ClusterView, member: Member): readonly Action[] {
  const facts = view.observed.members.get(member.name);
  const wanted = wantedHash(view, member);
  const live = liveSet(view, member);
  const actions: Action[] = [];
  if (live !== undefined && templateHash(live) !== wanted) {
    actions.push({ type: 'apply', manifest: desiredSet(view, member) });
  }
  const pod = facts?.pod ?? null;
  if (pod !== null && !pod.deleting && pod.specHash !== wanted) {
    const force = !isHealthy(facts);
    actions.push({ type: 'restart-pod', pod: pod.name, uid: pod.uid, force });
  }
  return actions;
}

function handOver(view: ClusterView, member: Member): readonly Action[] {
  const status = view.observed.members.get(member.name)?.status ?? null;
  if (status === null) return [];
  const { configIndex, term } = status;
  return [{ type: 'hand-over', member: member.name, configIndex, term, target: '', command: null }];
}

/** Roles as labels, so that the Service of the primary finds it; only what differs. */
export function roleActions(view: ClusterView): readonly Action[] {
  return view.shards.flatMap(({ members, primary }) => {
    if (primary === undefined) return [];
    return members.flatMap((member): Action[] => {
      const pod = view.observed.members.get(member.name)?.pod ?? null;
      if (pod === null || pod.deleting || member.kind !== 'data') return [];
      const role = member.name === primary.name ? 'primary' : 'replica';
      if (pod.roleLabel === role) return [];
      return [{ type: 'label-pod', pod: pod.name, uid: pod.uid, role }];
    });
  });
}
