/**
 * The objects that a cluster shall have, as actions. A member's StatefulSet is written when it is created, while
 * it has no pod, and at its turn (rollout.ts), never otherwise: a newer operator must restart nobody. Pure.
 */
import { numberAt, stringAt } from '#operator/kube/object.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import type { Manifest } from '#operator/resources/manifest.ts';
import {
  inputsHash,
  memberClaim,
  memberInputs,
  memberStatefulSet,
} from '#operator/resources/member.ts';
import { logOldSpaceMib } from '#operator/resources/memory.ts';
import { ANNOTATIONS } from '#operator/resources/names.ts';
import { disruptionBudget, networkPolicy, serviceAccount } from '#operator/resources/policies.ts';
import { caConfigMap, connectionSecret } from '#operator/resources/secrets.ts';
import { services } from '#operator/resources/services.ts';
import type { Member } from '#operator/topology/members.ts';
import { parseQuantity } from '#operator/api/quantity.ts';
import type { Action } from './actions.ts';
import { claimOf } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import { votersToProtect } from './membership.ts';

/** Everything but certificates and the members' turns. */
export function objectActions(view: ClusterView): readonly Action[] {
  const { context, observed, shards } = view;
  const { certificates } = observed;
  const manifests: Manifest[] = [...services(context), networkPolicy(context)];
  const account = serviceAccount(context);
  if (account !== undefined) manifests.push(account);
  for (const shard of shards) {
    manifests.push(disruptionBudget(context, shard.name, votersToProtect(shard)));
  }
  const ca = certificates.given?.ca ?? certificates.clientCa?.certificate ?? '';
  if (!context.spec.tlsEnabled || ca !== '') manifests.push(connectionSecret(context, ca));
  if (context.spec.tlsEnabled && ca !== '') manifests.push(caConfigMap(context, ca));
  return [
    ...manifests.map((manifest): Action => ({ type: 'apply', manifest })),
    ...memberActions(view),
  ];
}

/** Claims and StatefulSets; none before the cluster has id and key, and none over foreign volumes. */
function memberActions(view: ClusterView): readonly Action[] {
  if (view.clusterId === '' || foreignClaims(view).length > 0) return [];
  if (view.intent.waitsForKey) return [];
  const actions: Action[] = [];
  for (const member of view.members) {
    actions.push({ type: 'apply', manifest: desiredClaim(view, member) });
    const live = liveSet(view, member);
    const desired = desiredSet(view, member);
    if (live === undefined || mayWrite(live, desired)) {
      actions.push({ type: 'apply', manifest: desired });
    }
  }
  return actions;
}

/** Claims of members that hold another cluster's data, by their annotation. */
export function foreignClaims(view: ClusterView): readonly string[] {
  return view.members.flatMap((member) => {
    const claim = claimOf(view.observed, member, view.claimGenerations.get(member.name) ?? 1);
    const id = claim?.metadata.annotations?.[ANNOTATIONS.clusterId] ?? '';
    return claim === undefined || id === view.clusterId ? [] : [claim.metadata.name];
  });
}

export function liveSet(view: ClusterView, member: Pick<Member, 'name'>): KubeObject | undefined {
  return view.observed.live.get(`StatefulSet/${member.name}`);
}

export function desiredSet(view: ClusterView, member: Member): Manifest {
  return memberStatefulSet(view.context, member, inputsOf(view, member));
}

/** Does the live template come from the same inputs as the desired one? */
export function isCurrent(view: ClusterView, member: Member): boolean {
  const live = liveSet(view, member);
  if (live === undefined) return false;
  const wanted = inputsHash(inputsOf(view, member));
  const template = templateHash(live);
  const pod = view.observed.members.get(member.name)?.pod ?? null;
  return template === wanted && (pod === null || pod.specHash === wanted);
}

export function wantedHash(view: ClusterView, member: Member): string {
  return inputsHash(inputsOf(view, member));
}

export function templateHash(set: KubeObject): string {
  return stringAt(set, 'spec', 'template', 'metadata', 'annotations', ANNOTATIONS.specHash);
}

function mayWrite(live: KubeObject, desired: Manifest): boolean {
  const replicas = numberAt(live, 'spec', 'replicas');
  return replicas === 0 || replicas !== numberAt(desired, 'spec', 'replicas');
}

function inputsOf(view: ClusterView, member: Member) {
  const { context, intent, memory, zones, claimGenerations } = view;
  const isData = member.kind === 'data';
  const resources = isData ? intent.resources.data : intent.resources.log;
  return memberInputs(context, {
    member,
    image: intent.image,
    zone: zones.get(member.name) ?? '',
    zoneSpread: intent.zoneSpread,
    claimGeneration: claimGenerations.get(member.name) ?? 1,
    resources,
    maxmemoryBytes: memory.maxmemoryBytes,
    oldSpaceMib: isData
      ? memory.oldSpaceMib
      : logOldSpaceMib(parseQuantity(resources.limits.memory) ?? 0),
  });
}

function desiredClaim(view: ClusterView, member: Member): Manifest {
  const { observed, context, clusterId, zones } = view;
  const generation = view.claimGenerations.get(member.name) ?? 1;
  const live = claimOf(observed, member, generation);
  const facts = observed.members.get(member.name);
  const before = live?.metadata.annotations?.[ANNOTATIONS.memberId] ?? '';
  const asked = member.kind === 'data' ? context.spec.storage.size : view.logStorageSize;
  const has = stringAt(live, 'spec', 'resources', 'requests', 'storage');
  // A claim never shrinks; accept.ts says so where the spec asks for it.
  const size = (parseQuantity(has) ?? 0) > (parseQuantity(asked) ?? 0) ? has : asked;
  const claim = memberClaim(context, {
    member,
    generation,
    size,
    clusterId,
    memberId: facts?.status?.memberId ?? before,
    zone: zones.get(member.name) ?? '',
  });
  if (live === undefined) return claim;
  // Only what can be changed: the rest of a bound claim is immutable, also when its field went away.
  const { storageClassName: _, ...spec } = claim['spec'] as Record<string, unknown>;
  const owned = live.metadata.managedFields?.some((entry) =>
    JSON.stringify(entry.fieldsV1 ?? {}).includes('"f:storageClassName"'),
  );
  const liveClass = stringAt(live, 'spec', 'storageClassName');
  return {
    ...claim,
    spec: { ...spec, ...(owned === true ? { storageClassName: liveClass } : {}) },
  };
}
