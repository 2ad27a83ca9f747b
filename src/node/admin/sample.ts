/** Figures of the parts of a node, joined into one scrape. */
import type { Member } from '#node/shard/member.ts';
import type { Histogram } from './histogram.ts';
import type { HistogramCounts, MetricsSample } from './metrics.ts';

/** Names of commands by the ids that statistics are kept by. */
export interface CommandNames {
  readonly size: number;
  byId(id: number): { readonly fullName: string };
}

export interface SampleSources {
  /** Null before bootstrap. */
  readonly member: Member | null;
  readonly commands: CommandNames;
  readonly durationBoundsSeconds: readonly number[];
  readonly role: 'primary' | 'replica' | 'log' | 'unformed';
  readonly info: Readonly<Record<string, string>>;
  readonly clients: {
    readonly open: number;
    readonly accepted: number;
    readonly rejected: number;
    readonly inputBytes: number;
    readonly outputBytes: number;
    readonly staticRead: boolean;
  } | null;
  readonly log: { readonly appendedBytes: number; readonly appendedEntries: number } | null;
  readonly diskFreeBytes: number;
  readonly syncDurations: Histogram;
  readonly maxmemoryBytes: number;
  readonly linkStates: Readonly<Record<string, number>>;
  readonly pulseStates: Readonly<Record<string, number>>;
  readonly droppedFrames: number;
  readonly loopLagSeconds: number;
  /** Listener to the end of its certificate in seconds since the Unix epoch. */
  readonly notAfterSeconds: Readonly<Record<string, number>>;
  readonly nowMs: number;
  /** Name of a member by its memberId. */
  nameOf(memberId: string): string;
}

const ROLES = ['primary', 'replica', 'log', 'unformed'] as const;

export function sampleOf(sources: SampleSources): MetricsSample {
  const { member, clients } = sources;
  const raft = member?.raft;
  const used = member?.keyspace.memoryBytes ?? 0;
  const { maxmemoryBytes } = sources;
  const statistics = member?.keyspace.statistics;
  return {
    info: sources.info,
    role: Object.fromEntries(ROLES.map((role) => [role, role === sources.role ? 1 : 0])),
    ...commandFigures(sources),
    connections: clients?.open ?? 0,
    connectionsTotal: clients?.accepted ?? 0,
    rejectedConnectionsTotal: clients?.rejected ?? 0,
    netInputBytesTotal: clients?.inputBytes ?? 0,
    netOutputBytesTotal: clients?.outputBytes ?? 0,
    netStaticRead: clients?.staticRead === true ? 1 : 0,
    databaseMemoryUsagePercentage: maxmemoryBytes > 0 ? (100 * used) / maxmemoryBytes : 0,
    memoryUsedBytes: used,
    maxmemoryBytes,
    keys: member?.keyspace.size ?? 0,
    expiredKeysTotal: statistics?.expired ?? 0,
    keyspaceHitsTotal: statistics?.hits ?? 0,
    keyspaceMissesTotal: statistics?.misses ?? 0,
    logAppendBytesTotal: sources.log?.appendedBytes ?? 0,
    logAppendEntriesTotal: sources.log?.appendedEntries ?? 0,
    logSyncDurationSeconds: sources.syncDurations,
    logDiskFreeBytes: sources.diskFreeBytes,
    raftTerm: raft?.term ?? 0,
    raftCommitIndex: raft?.commitIndex ?? 0,
    raftAppliedIndex: member?.applier.appliedIndex ?? 0,
    raftLastIndex: raft?.lastIndex ?? 0,
    leaseValid: raft?.leaseValid(sources.nowMs) === true ? 1 : 0,
    replicationLagEntries: lagOf(member, sources),
    withheldReplies: member?.host.withheldReplies ?? 0,
    leaderChangesTotal: member?.leaderChanges ?? 0,
    peerLinkUp: sources.linkStates,
    pulseLinkUp: sources.pulseStates,
    peerDroppedFramesTotal: sources.droppedFrames,
    eventLoopLagSeconds: sources.loopLagSeconds,
    tlsNotAfterTimestampSeconds: sources.notAfterSeconds,
  };
}

function commandFigures(
  sources: SampleSources,
): Pick<MetricsSample, 'commandsTotal' | 'commandErrorsTotal' | 'commandDurationSeconds'> {
  const { member, commands } = sources;
  const commandsTotal: Record<string, number> = {};
  const commandErrorsTotal: Record<string, number> = {};
  const commandDurationSeconds: Record<string, HistogramCounts> = {};
  if (member === null) return { commandsTotal, commandErrorsTotal, commandDurationSeconds };
  const { statistics } = member.host;
  for (let id = 0; id < commands.size; id++) {
    const calls = statistics.calls[id];
    const errors = statistics.failed[id] + statistics.rejected[id];
    if (calls === 0 && errors === 0) continue;
    const name = commands.byId(id).fullName;
    commandsTotal[name] = calls;
    commandErrorsTotal[name] = errors;
    const sumSeconds = statistics.microseconds[id] / 1e6;
    commandDurationSeconds[name] = {
      boundsSeconds: sources.durationBoundsSeconds,
      counts: statistics.durationCounts(id),
      sumSeconds,
    };
  }
  return { commandsTotal, commandErrorsTotal, commandDurationSeconds };
}

function lagOf(member: Member | null, sources: SampleSources): Record<string, number> {
  const lag: Record<string, number> = {};
  for (const follower of member?.raft.progress() ?? []) {
    lag[sources.nameOf(follower.id)] = (member?.raft.lastIndex ?? 0) - follower.match;
  }
  return lag;
}
