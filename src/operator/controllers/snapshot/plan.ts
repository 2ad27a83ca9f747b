/** The status of a Snapshot: for now it is accepted and stays pending, saying why. Pure. */
import { mergeConditions } from '#operator/api/conditions.ts';
import type { ConditionIntent, SNAPSHOT_CONDITIONS } from '#operator/api/conditions.ts';
import type { Snapshot } from '#operator/api/kinds.ts';
import { describeErrors } from '#operator/api/parse.ts';
import type { Parsed } from '#operator/api/parse.ts';
import type { SnapshotStatus } from '#operator/api/snapshot.ts';

export interface ObservedSnapshot {
  readonly generation: number;
  readonly snapshot: Parsed<Snapshot>;
  readonly clusterExists: boolean;
}

type SnapshotIntent = ConditionIntent<typeof SNAPSHOT_CONDITIONS>;

/** @param now RFC 3339 */
export function planSnapshot(observed: ObservedSnapshot, now: string): SnapshotStatus {
  const { generation, snapshot, clusterExists } = observed;
  const accepted: SnapshotIntent = snapshot.ok
    ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'the snapshot is valid' }
    : {
        type: 'Accepted',
        status: 'False',
        reason: 'Invalid',
        message: describeErrors(snapshot.errors),
      };
  const before = snapshot.ok ? (snapshot.value.status?.conditions ?? []) : [];
  return {
    observedGeneration: generation,
    phase: 'pending',
    source: 'manual',
    conditions: mergeConditions<typeof SNAPSHOT_CONDITIONS>(
      before,
      [accepted, pending(clusterExists)],
      generation,
      now,
    ),
  };
}

function pending(clusterExists: boolean): SnapshotIntent {
  return clusterExists
    ? {
        type: 'Ready',
        status: 'False',
        reason: 'NotSupported',
        message: 'snapshots are not supported yet; nothing has been backed up',
      }
    : {
        type: 'Ready',
        status: 'False',
        reason: 'ClusterNotFound',
        message: 'the cluster does not exist',
      };
}
