/** What simulated members are told that no seed changes. */
import type { MemberLimits, ProcessFacts } from '#node/shard/options.ts';
import type { SessionLimits } from '#node/session/host.ts';

export const TICK_MS = 5;

export const LIMITS: MemberLimits = {
  maxEntryBytes: 1 << 20,
  maxBatchBytes: 1 << 20,
  maxInFlightBytes: 8 << 20,
  maxWithheldBytes: 8 << 20,
  diskReserveBytes: 1 << 20,
  diskStallMs: 1000,
  asyncLossBoundMs: 1000,
  clockJumpMs: 250,
  leaderlessParkMs: 600,
  replicaMaxStalenessMs: 5000,
  maxmemoryBytes: 0,
  snapshotLogBytes: 1 << 30,
  snapshotLogPercent: 0,
};

export const SESSION_LIMITS: SessionLimits = {
  bulkBytes: 1 << 29,
  queryBufferBytes: 1 << 30,
  unauthenticatedQueryBufferBytes: 1 << 20,
  withheldReplyBytes: 1 << 20,
};

export const PROCESS: ProcessFacts = {
  processId: 1,
  runId: '0'.repeat(40),
  operatingSystem: 'simulated',
  clientPort: 6379,
  uptimeSeconds: 1,
  residentBytes: 0,
  systemBytes: 0,
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  maxConnections: 1000,
  connectionsReceived: 0,
  connectionsRefused: 0,
};
