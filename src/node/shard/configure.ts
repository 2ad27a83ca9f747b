/** From the option table to what the member and its Raft core are told. */
import type { Options } from '#node/config/options.ts';
import type { RaftOptions } from '#node/raft/options.ts';
import type { MemberOptions } from './options.ts';

const MIB = 1024 * 1024;

/** @param maxPayloadBytes most bytes that one entry may have on this disk. */
export function memberOptionsOf(
  options: Options,
  maxPayloadBytes: number,
): Pick<MemberOptions, 'durability' | 'limits' | 'sessionLimits'> {
  return {
    durability: options.durability,
    limits: {
      maxEntryBytes: Math.min(options.maxBatchBytes, Math.floor(maxPayloadBytes / 2)),
      maxBatchBytes: options.maxBatchBytes,
      maxInFlightBytes: options.maxInFlightBytes,
      maxWithheldBytes: options.maxWithheldReplyBytes,
      diskReserveBytes: options.diskReserveBytes,
      diskStallMs: options.diskStallMs,
      asyncLossBoundMs: options.asyncLossBoundMs,
      clockJumpMs: options.clockJumpMs,
      leaderlessParkMs: options.electionTimeoutMs * 3,
      replicaMaxStalenessMs: options.replicaMaxStalenessMs,
      maxmemoryBytes: options.maxmemory,
      snapshotLogBytes: options.snapshotLogBytes,
      snapshotLogPercent: options.snapshotLogPercent,
    },
    sessionLimits: {
      bulkBytes: 512 * MIB,
      queryBufferBytes: 1024 * MIB,
      unauthenticatedQueryBufferBytes: MIB,
      withheldReplyBytes: options.maxUnsentReplyBytes,
    },
  };
}

/** All but what the member itself brings along: its id, and its ports. */
export function raftOptionsOf(
  options: Options,
): Omit<RaftOptions, 'id' | 'random' | 'reader' | 'freeBytes' | 'votePort'> {
  return {
    electionTimeoutMs: options.electionTimeoutMs,
    heartbeatMs: options.heartbeatMs,
    leaseFraction: options.leasePercent / 100,
    standDelayMs: options.standDelayMs,
    maxAppendBytes: options.maxAppendBytes,
    maxInFlightBytes: options.maxInFlightBytes,
    maxCachedBytes: options.maxLogCacheBytes,
  };
}

/** How much later than others a member stands that could not serve if it won. */
export function standDelayOf({ identity, raft }: MemberOptions, rebuilding: boolean): number {
  if (identity.kind === 'log') return raft.standDelayMs;
  return rebuilding ? raft.standDelayMs / 2 : 0;
}
