/**
 * What to do for a MemoryCluster, what to say about it, and when to look again: decided from what was observed
 * and the time, by nothing else. Level-driven: the same observation gives the same plan, and every action
 * may be repeated.
 */
import type { ConditionValue } from '#operator/api/blocks.ts';
import type { MemoryClusterStatus, ShardStatus } from '#operator/api/memorycluster-status.ts';
import type { EventInput } from '#operator/kube/recorder.ts';
import type { ClusterContext } from '#operator/resources/manifest.ts';
import { phaseOf } from './actions.ts';
import type { Action } from './actions.ts';
import { viewCluster } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import { commandActions } from './commands.ts';
import { spreadOf } from './conditions.ts';
import { membershipActions } from './membership.ts';
import { formationActions, peerActions, planSettings } from './members.ts';
import { objectActions } from './objects.ts';
import type { Observed } from './observed.ts';
import { report, reportUnreadable } from './report.ts';
import { planRollout, roleActions } from './rollout.ts';

export interface Plan {
  /** In phases, see {@link phaseOf}. */
  readonly actions: readonly Action[];
  readonly status: MemoryClusterStatus;
  readonly events: readonly EventInput[];
  /** null: the spec cannot be read, and there is nothing to act on. */
  readonly context: ClusterContext | null;
  /** When to look again though nothing has changed in Kubernetes: members are not watched. */
  readonly requeueAfterMs: number;
}

/** While something is under way. */
const BUSY_MS = 500;
const LEAST_IDLE_MS = 2000;
/** Asking a large cluster costs more. */
const IDLE_PER_MEMBER_MS = 100;
const ASLEEP_MS = 30_000;

/** @param now RFC 3339 */
export function plan(observed: Observed, now: string): Plan {
  const view = viewCluster(observed, now);
  if (view === null) {
    const status = reportUnreadable(observed, now);
    const events = tell(observed, status);
    return { actions: [], status, events, context: null, requeueAfterMs: ASLEEP_MS };
  }
  const settings = planSettings(view);
  const rollout = planRollout(view, now);
  const status = report({ view, settings, rollout, spread: spreadOf(view) }, now);
  const restarts = rollout.actions.flatMap((action): EventInput[] => {
    if (action.type !== 'restart-pod') return [];
    const note = `restarting ${action.pod} for its new template`;
    return [{ type: 'Normal', reason: 'RestartingMember', action: 'Rollout', note }];
  });
  const events = [...tell(observed, status), ...restarts];
  const { context } = view;
  const deleting = observed.object.metadata.deletionTimestamp !== undefined;
  if (deleting || context.spec.paused) {
    const events = tell(observed, status);
    return { actions: [], status, events, context, requeueAfterMs: ASLEEP_MS };
  }
  const actions = [
    ...certificateActions(view),
    ...settings.actions,
    ...objectActions(view),
    ...formationActions(view),
    ...membershipActions(view),
    ...peerActions(view),
    ...roleActions(view),
    ...commandActions(view),
    ...rollout.actions,
  ].toSorted((one, other) => phaseOf(one) - phaseOf(other));
  return { actions, status, events, context, requeueAfterMs: requeueAfter(view, status) };
}

function certificateActions(view: ClusterView): readonly Action[] {
  const { observed, context } = view;
  const { certificates } = observed;
  const { spec } = context;
  const actions: Action[] = [];
  if (certificates.peerCa === null) {
    // A CA that was lost is made anew for the cluster that is there.
    const [record] = observed.records.values();
    const known = record?.clusterId ?? observed.previous?.clusterId ?? '';
    const clusterId = known === '' ? spec.storage.adoptClusterId : known;
    actions.push({ type: 'make-ca', ca: 'peer', clusterId });
  } else {
    for (const member of view.members) {
      const why = certificates.peers.get(member.name)?.renew ?? null;
      if (why !== null) actions.push({ type: 'issue', member: member.name, why });
    }
  }
  if (!spec.tlsEnabled || certificates.given !== null) return actions;
  if (certificates.clientCa === null)
    actions.push({ type: 'make-ca', ca: 'client', clusterId: '' });
  else if (certificates.serving.renew !== null) {
    actions.push({ type: 'issue', member: null, why: certificates.serving.renew });
  }
  return actions;
}

function requeueAfter(view: ClusterView, status: MemoryClusterStatus): number {
  if (view.context.spec.suspend) return ASLEEP_MS;
  const idleMs = Math.max(LEAST_IDLE_MS, view.members.length * IDLE_PER_MEMBER_MS);
  const calm = status.conditions.every(
    ({ type, status }) =>
      (type !== 'Reconciling' && type !== 'MembersReachable') || status !== holds(type),
  );
  const healthy = status.shards.every(({ state }) => state === 'available');
  return calm && healthy ? idleMs : BUSY_MS;
}

/** The status in which the condition `type` asks for attention. */
function holds(type: string): string {
  return type === 'Reconciling' ? 'True' : 'False';
}

/** Conditions whose changes are worth an Event, with the status that is good news. */
const TOLD: Readonly<Record<string, 'True' | 'False'>> = {
  Accepted: 'True',
  Ready: 'True',
  QuorumHealthy: 'True',
  SlotsAssigned: 'True',
  ZoneSpread: 'True',
  StorageFits: 'True',
  ACLSynced: 'True',
  TLSReady: 'True',
  Stalled: 'False',
};

/** Reasons that are a step on the way, not news. */
const QUIET: ReadonlySet<string> = new Set([
  'Creating',
  'Bootstrapping',
  'Issuing',
  'Applying',
  'ZonesUnknown',
]);

function tell(observed: Observed, status: MemoryClusterStatus): readonly EventInput[] {
  const before = observed.previous?.conditions ?? [];
  const events = status.conditions.flatMap((condition) => {
    const event = eventOf(
      condition,
      before.find(({ type }) => type === condition.type),
    );
    return event === null ? [] : [event];
  });
  for (const shard of status.shards) {
    const was = observed.previous?.shards.find(({ name }) => name === shard.name);
    if (shard.bootstrapped && was?.bootstrapped !== true) {
      const note = `shard ${shard.name} is formed: ${shard.members.map(({ name }) => name).join(', ')}`;
      events.push({ type: 'Normal', reason: 'ShardFormed', action: 'Bootstrap', note });
    }
    events.push(...replacements(observed, shard, was));
    if (
      was?.primary !== undefined &&
      shard.primary !== undefined &&
      was.primary !== shard.primary
    ) {
      const note = `shard ${shard.name}: ${shard.primary} is primary, it was ${was.primary}`;
      events.push({ type: 'Normal', reason: 'PrimaryChanged', action: 'Observe', note });
    }
  }
  return events;
}

/** Members with a disk that was not there at the beginning, and that have their vote since now. */
function replacements(
  observed: Observed,
  shard: ShardStatus,
  was: ShardStatus | undefined,
): readonly EventInput[] {
  const first = observed.records.get(shard.name)?.voters ?? [];
  return shard.members.flatMap(({ name, memberId = '', voter }): EventInput[] => {
    const before = was?.members.find((member) => member.name === name);
    const voted = before === undefined || (before.memberId === memberId && before.voter);
    if (!voter || voted || first.some((known) => known.memberId === memberId)) return [];
    const note = `${name} lost its disk and is a new member, ${memberId}: it has the log and votes`;
    return [{ type: 'Normal', reason: 'MemberReplaced', action: 'Replace', note }];
  });
}

function eventOf(condition: ConditionValue, before: ConditionValue | undefined): EventInput | null {
  const { type, status, reason, message } = condition;
  const good = TOLD[type];
  if (good === undefined || QUIET.has(reason)) return null;
  if (before?.status === status && before.reason === reason) return null;
  // A condition that is good from the start is no news; Ready is.
  if (status === good && before === undefined && type !== 'Ready') return null;
  const recovered = status === good;
  return {
    type: recovered ? 'Normal' : 'Warning',
    reason,
    action: 'Observe',
    note: `${type}: ${message}`,
  };
}
