/** The status of a MemoryCluster, from what was observed and planned. Only what changes on events. Pure. */
import { inactiveFields } from '#operator/api/inactive.ts';
import { mergeConditions } from '#operator/api/conditions.ts';
import type { CLUSTER_CONDITIONS } from '#operator/api/conditions.ts';
import type {
  MemberStatus,
  MemoryClusterStatus,
  ShardStatus,
} from '#operator/api/memorycluster-status.ts';
import { clusterSelector, selectorText } from '#operator/resources/manifest.ts';
import { clientHost } from '#operator/resources/names.ts';
import type { Member } from '#operator/topology/members.ts';
import { isHealthy } from './cluster-view.ts';
import type { ClusterView, ShardView } from './cluster-view.ts';
import { isBootstrapped, judgeAll, unreadable } from './conditions.ts';
import type { Findings } from './conditions.ts';
import { isCurrent, liveSet } from './objects.ts';
import type { Observed } from './observed.ts';

/** @param now RFC 3339 */
export function reportUnreadable(observed: Observed, now: string): MemoryClusterStatus {
  const generation = observed.object.metadata.generation ?? 0;
  const before = observed.previous;
  const kept = before ?? { shards: [], inactiveFields: [], commands: [], conditions: [] };
  const intents = unreadable(observed);
  const others = kept.conditions.filter(
    ({ type }) => !intents.some((intent) => intent.type === type),
  );
  const merged = mergeConditions<typeof CLUSTER_CONDITIONS>(
    kept.conditions,
    intents,
    generation,
    now,
  );
  return { ...kept, observedGeneration: generation, conditions: [...merged, ...others] };
}

/** @param now RFC 3339 */
export function report(findings: Findings, now: string): MemoryClusterStatus {
  const { view, settings, rollout, spread } = findings;
  const { observed, context, intent } = view;
  const { spec } = context;
  const { previous } = observed;
  const generation = observed.object.metadata.generation ?? 0;
  const shards = view.shards.map((shard) => reportShard(view, shard));
  const failover = lastFailover(view, shards, now);
  const deleting = observed.object.metadata.deletionTimestamp !== undefined;
  return {
    observedGeneration: generation,
    phase: deleting ? 'deleting' : phaseOf(findings),
    ...(view.clusterId === '' ? {} : { clusterId: view.clusterId }),
    endpoint: { address: clientHost(context), port: spec.port },
    effective: {
      numShards: spec.numShards,
      numReplicasPerShard: spec.numReplicasPerShard,
      image: intent.image,
      engineVersion: spec.engineVersion,
      resources: intent.resources.data,
      maxmemoryBytes: view.memory.maxmemoryBytes,
      storageSize: spec.storage.size,
      zoneSpread: intent.zoneSpread,
      durability: spec.durability,
    },
    availabilityMode: spread.availabilityMode,
    ready: `${view.shards.filter((shard) => shard.serves).length}/${view.shards.length}`,
    selector: selectorText(clusterSelector(context.name)),
    shards,
    acl: {
      name: spec.aclName,
      appliedRevision: settings.applied,
      desiredRevision: settings.settings.revision,
    },
    ...certificates(view),
    ...(rollout.outdated.length === 0
      ? {}
      : {
          pendingUpdates: {
            members: rollout.outdated,
            ...(rollout.waitingFor === '' ? {} : { waitingFor: rollout.waitingFor }),
          },
        }),
    inactiveFields: inactiveFields(spec),
    commands: previous?.commands ?? [],
    ...(failover === undefined ? {} : { lastFailover: failover }),
    conditions: mergeConditions<typeof CLUSTER_CONDITIONS>(
      previous?.conditions ?? [],
      judgeAll(findings),
      generation,
      now,
    ),
  };
}

function phaseOf({ view, rollout }: Findings): NonNullable<MemoryClusterStatus['phase']> {
  const before = view.observed.previous?.phase;
  const serves = view.shards.every((shard) => shard.serves);
  if (!serves && before !== 'available' && before !== 'updating') return 'creating';
  return rollout.outdated.length > 0 ? 'updating' : 'available';
}

function reportShard(view: ClusterView, shard: ShardView): ShardStatus {
  const { observed } = view;
  const before = observed.previous?.shards.find(({ name }) => name === shard.name);
  const bootstrapped = isBootstrapped(shard);
  const healthy = shard.members.every(({ name }) => isHealthy(observed.members.get(name)));
  const state = !bootstrapped
    ? 'creating'
    : !shard.serves
      ? 'unavailable'
      : healthy
        ? 'available'
        : 'degraded';
  const term = shard.primary?.status.term ?? before?.term;
  const primary = shard.primary?.name ?? before?.primary;
  const slots = shard.primary?.status.slots ?? before?.slots ?? [];
  return {
    name: shard.name,
    slots,
    state,
    bootstrapped,
    // The last known one while there is none, so that the next one is noticed as a failover.
    ...(primary === undefined ? {} : { primary }),
    ...(term === undefined ? {} : { term }),
    members: shard.members.map((member) => reportMember(view, shard, member, before)),
  };
}

function reportMember(
  view: ClusterView,
  shard: ShardView,
  member: Member,
  shardBefore: ShardStatus | undefined,
): MemberStatus {
  const { name, kind } = member;
  const facts = view.observed.members.get(name);
  const before = shardBefore?.members.find((other) => other.name === name);
  const status = facts?.status ?? null;
  const memberId = status?.memberId ?? before?.memberId;
  const zone = facts?.pod?.zone || before?.zone;
  return {
    name,
    kind,
    ...(memberId === undefined ? {} : { memberId }),
    ...(status === null ? {} : { role: status.role }),
    ...(zone === undefined ? {} : { zone }),
    voter: memberId !== undefined && shard.voters.includes(memberId),
    state: memberState(view, member, before),
  };
}

function memberState(
  view: ClusterView,
  member: Member,
  before: MemberStatus | undefined,
): MemberStatus['state'] {
  const facts = view.observed.members.get(member.name);
  if (liveSet(view, member) !== undefined && !isCurrent(view, member)) return 'updating';
  if (isHealthy(facts)) return 'available';
  const answers = (facts?.status ?? null) !== null;
  if (answers || before === undefined || before.state === 'creating') return 'creating';
  return 'unreachable';
}

function certificates(view: ClusterView): Pick<MemoryClusterStatus, 'certificates'> {
  const { serving, peers, given } = view.observed.certificates;
  const ends = [...peers.values()].flatMap(({ notAfter }) => (notAfter === null ? [] : [notAfter]));
  const [peerNotAfter] = ends.toSorted();
  const servingNotAfter = view.context.spec.tlsEnabled && given === null ? serving.notAfter : null;
  return {
    certificates: {
      ...(servingNotAfter === null ? {} : { servingNotAfter }),
      ...(peerNotAfter === undefined ? {} : { peerNotAfter }),
    },
  };
}

/** A shard's primary is another than before: planned when the old one is still fine. */
function lastFailover(
  view: ClusterView,
  shards: readonly ShardStatus[],
  now: string,
): MemoryClusterStatus['lastFailover'] {
  const { previous, members } = view.observed;
  for (const shard of shards) {
    const was = previous?.shards.find(({ name }) => name === shard.name)?.primary;
    if (was === undefined || shard.primary === undefined || was === shard.primary) continue;
    const old = members.get(was);
    const cause = isHealthy(old) || old?.pod?.deleting === true ? 'HandOver' : 'PrimaryLost';
    return { shard: shard.name, cause, time: now };
  }
  return previous?.lastFailover;
}
