/** What INFO says of a member: its own figures and those of the process that it runs in. */
import { type InfoData, type InfoReplica, renderInfo } from '#node/commands/server/info.ts';
import type { Member } from './member.ts';
import type { MemberOptions, ProcessFacts } from './options.ts';
import type { ServingHost } from './serving.ts';

export function renderMemberInfo(
  member: Member,
  host: ServingHost,
  options: MemberOptions,
  sections: readonly string[],
): string {
  const data = infoOf(member, host, options, options.process());
  return renderInfo(data, options.commands, sections);
}

function infoOf(
  member: Member,
  host: ServingHost,
  options: MemberOptions,
  facts: ProcessFacts,
): InfoData {
  const { identity, limits } = options;
  const { keyspace } = member;
  let inputBufferBytes = 0;
  let outputBufferBytes = 0;
  for (const session of host.sessions.values()) {
    inputBufferBytes = Math.max(inputBufferBytes, session.heldInputBytes);
    outputBufferBytes = Math.max(outputBufferBytes, session.withheldBytes);
  }
  return {
    version: identity.version,
    processId: facts.processId,
    runId: facts.runId,
    operatingSystem: facts.operatingSystem,
    tcpPort: facts.clientPort,
    nowMs: host.clock.wallMs(),
    uptimeSeconds: facts.uptimeSeconds,
    loading: !host.loaded,
    clients: {
      connected: host.sessions.size,
      max: facts.maxConnections,
      blocked: host.blocked.count,
      inputBufferBytes,
      outputBufferBytes,
      received: facts.connectionsReceived,
      refused: facts.connectionsRefused,
    },
    memory: {
      usedBytes: keyspace.memoryBytes,
      peakBytes: keyspace.memoryBytes,
      residentBytes: facts.residentBytes,
      maxmemoryBytes: limits.maxmemoryBytes,
      policy: 'noeviction',
      systemBytes: facts.systemBytes,
    },
    persistence: { healthy: true, lastSnapshotSeconds: 0 },
    replication: replicationOf(member, host, options),
    cpu: { userSeconds: facts.cpuUserSeconds, systemSeconds: facts.cpuSystemSeconds },
    statistics: host.statistics,
    denied: host.aclLog.denied,
    keyspace: {
      keys: keyspace.size,
      withExpiry: keyspace.expiringCount,
      expired: keyspace.statistics.expired,
      evicted: 0,
      hits: keyspace.statistics.hits,
      misses: keyspace.statistics.misses,
    },
    holdfast: {
      cluster: identity.cluster,
      shard: identity.shard,
      member: identity.name,
      member_id: identity.memberId,
      state: member.state,
      durability: options.durability,
      async_loss_bound_ms: options.durability === 'async' ? limits.asyncLossBoundMs : 0,
      oldest_uncommitted_ms: Number.isFinite(member.batches.oldestMs)
        ? Math.max(0, Math.round(host.clock.monotonicMs() - member.batches.oldestMs))
        : 0,
      raft_term: member.raft.term,
      raft_commit_index: member.raft.commitIndex,
      raft_applied_index: member.applier.appliedIndex,
      raft_last_index: member.raft.lastIndex,
      settings_revision: member.settings?.revision ?? 0,
      lease_valid: member.raft.leaseValid(host.clock.monotonicMs()) ? 1 : 0,
      withheld_reply_bytes: host.withheldBytes,
      in_flight_bytes: member.batches.inFlightBytes,
    },
  };
}

function replicationOf(
  member: Member,
  host: ServingHost,
  { identity, map }: MemberOptions,
): InfoData['replication'] {
  const { raft } = member;
  const now = host.clock.monotonicMs();
  const descriptor = map.shard(identity.shard);
  const endpointOf = (memberId: string): { host: string; port: number } | undefined =>
    descriptor?.members.find((candidate) => candidate.memberId === memberId)?.endpoints[0];
  const replicas: InfoReplica[] = [];
  for (const follower of raft.progress()) {
    const endpoint = endpointOf(follower.id);
    if (endpoint === undefined) continue; // a log member, or not known yet
    const lagSeconds = Math.max(0, (now - follower.lastContactMs) / 1000);
    const online = follower.caughtUp;
    replicas.push({ ...endpoint, online, offset: follower.match, lagSeconds });
  }
  const primary = raft.role === 'leader' ? undefined : endpointOf(raft.leaderId);
  return {
    role: raft.role === 'leader' ? 'master' : 'replica',
    replicationId: identity.clusterId.replaceAll('-', '').padEnd(40, '0').slice(0, 40),
    offset: raft.role === 'leader' ? raft.lastIndex : member.applier.appliedIndex,
    primary:
      primary === undefined
        ? null
        : { host: primary.host, port: primary.port, up: host.freshReplica },
    replicas,
  };
}
