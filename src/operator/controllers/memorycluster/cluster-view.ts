/**
 * A cluster as plan() sees it after the first judgements: what it shall be, which members it has, what each
 * shard is. Computed once, read by everything that decides or reports. Pure.
 */
import type { MemberStatus } from '#operator/nodeclient/wire.ts';
import type { ClusterContext } from '#operator/resources/manifest.ts';
import { logStorageSize, planMemory, smallestStorageBytes } from '#operator/resources/memory.ts';
import type { MemoryPlan } from '#operator/resources/memory.ts';
import { parseQuantity } from '#operator/api/quantity.ts';
import { claimGeneration, claimName } from '#operator/resources/names.ts';
import {
  clusterMembers,
  memberCounts,
  shardMembers,
  shardNames,
} from '#operator/topology/members.ts';
import type { Member } from '#operator/topology/members.ts';
import { leaderAmong, nextMembershipStep } from '#operator/topology/membership.ts';
import type { MembershipStep, Seat } from '#operator/topology/membership.ts';
import { equalSlotRanges } from '#operator/topology/slots.ts';
import { assignZones, usableZones } from '#operator/topology/zones.ts';
import { ANNOTATIONS } from '#operator/resources/names.ts';
import { accept } from './accept.ts';
import type { Intent } from './accept.ts';
import type { FormationStep } from './formation.ts';
import { nextFormationStep, primaryOf } from './formation.ts';
import type { MemberFacts, Observed } from './observed.ts';
import type { KubeObject } from '#operator/kube/object.ts';

export interface ShardView {
  readonly name: string;
  readonly members: readonly Member[];
  readonly formation: FormationStep;
  /** How its voters come to be who should be; null before it is formed. */
  readonly membership: MembershipStep | null;
  readonly primary: { readonly name: string; readonly status: MemberStatus } | undefined;
  /** Voters by memberId, as the leader (else any member) reports; empty when nobody does. */
  readonly voters: readonly string[];
  readonly serves: boolean;
}

export interface ClusterView {
  readonly observed: Observed;
  readonly intent: Intent;
  readonly context: ClusterContext;
  /** '' until the peer CA is there. */
  readonly clusterId: string;
  readonly members: readonly Member[];
  readonly shards: readonly ShardView[];
  readonly zones: ReadonlyMap<string, string>;
  readonly claimGenerations: ReadonlyMap<string, number>;
  readonly memory: MemoryPlan;
  readonly logStorageSize: string;
}

/** @param now RFC 3339 */
export function viewCluster(observed: Observed, now: string): ClusterView | null {
  const { cluster, object, operator } = observed;
  if (!cluster.ok) return null;
  const intent = accept(observed, cluster.value.spec);
  const { spec } = intent;
  const { name, namespace = '', uid = '' } = object.metadata;
  const context: ClusterContext = {
    name,
    namespace,
    uid,
    clusterDomain: operator.clusterDomain,
    spec,
    operatorNamespace: operator.namespace,
  };
  const clusterId = observed.certificates.peerCa?.clusterId ?? '';
  const members = clusterMembers(name, spec);
  const claimGenerations = new Map(
    members.map((member) => [member.name, generationOf(observed, member)]),
  );
  const fixed = new Map<string, string>();
  for (const member of members) {
    const claim = claimOf(observed, member, claimGenerations.get(member.name) ?? 1);
    const zone = claim?.metadata.annotations?.[ANNOTATIONS.zone] ?? '';
    if (zone !== '') fixed.set(member.name, zone);
  }
  const zones =
    intent.zoneSpread === 'Disabled'
      ? new Map<string, string>()
      : assignZones(members, usableZones(spec.topology.zones, observed.zones), fixed);
  const dataLimit = parseQuantity(intent.resources.data.limits.memory) ?? 0;
  return {
    observed,
    intent,
    context,
    clusterId,
    members,
    shards: viewShards(observed, context, clusterId, now),
    zones,
    claimGenerations,
    memory: planMemory(dataLimit, smallestStorageBytes(spec)),
    logStorageSize: logStorageSize(spec),
  };
}

function viewShards(
  observed: Observed,
  context: ClusterContext,
  clusterId: string,
  now: string,
): readonly ShardView[] {
  const { spec, name } = context;
  const ranges = equalSlotRanges(spec.numShards);
  return shardNames(spec.numShards).map((shard, at): ShardView => {
    const members = shardMembers(name, shard, memberCounts(spec));
    const formation = nextFormationStep(
      {
        shard,
        members,
        facts: observed.members,
        record: observed.records.get(shard),
        clusterId,
        slots: ranges[at],
        adoptClusterId: spec.storage.adoptClusterId,
      },
      context,
      now,
    );
    const primary = primaryOf(members, observed.members);
    const seats = members.map((member): Seat => {
      const status = observed.members.get(member.name)?.status ?? null;
      return { name: member.name, status };
    });
    const anyone = seats.find(({ status }) => status !== null && status.voters.length > 0);
    const record = observed.records.get(shard);
    const isFormed = formation.step === 'formed' && record !== undefined && !spec.suspend;
    return {
      name: shard,
      members,
      formation,
      membership: isFormed ? nextMembershipStep(record, seats) : null,
      primary,
      voters: (leaderAmong(seats) ?? primary ?? anyone)?.status?.voters ?? [],
      serves: primary !== undefined && primary.status.quorum && primary.status.slots.length > 0,
    };
  });
}

/** The newest claim of a member; 1 where it has none. */
function generationOf(observed: Observed, member: Member): number {
  let newest = 1;
  for (const object of observed.live.values()) {
    if (object.kind !== 'PersistentVolumeClaim') continue;
    newest = Math.max(newest, claimGeneration(member.name, object.metadata.name) ?? 1);
  }
  return newest;
}

export function claimOf(
  observed: Observed,
  member: Member,
  generation: number,
): KubeObject | undefined {
  return observed.live.get(`PersistentVolumeClaim/${claimName(member.name, generation)}`);
}

/** Ready, in touch, and nothing wrong with it. */
export function isHealthy(facts: MemberFacts | undefined): boolean {
  return facts?.pod?.ready === true && !facts.pod.deleting && facts.status?.ready === true;
}
