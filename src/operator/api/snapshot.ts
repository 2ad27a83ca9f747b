/** Snapshot: a backup of a whole cluster, kept outside it. Only accepted and reported Pending for now. */
import { conditions, moment, observedGeneration, USER_NAME } from './blocks.ts';
import { transition } from './rules.ts';
import type { Rule } from './rules.ts';
import { choice, object, required, text } from './schema.ts';
import type { ValueOf } from './schema.ts';

export const snapshotSpec = object('What to back up.', {
  clusterName: required(text('The MemoryCluster to back up. Cannot be changed.', USER_NAME)),
});

export type SnapshotSpec = ValueOf<typeof snapshotSpec>;

export const snapshotStatus = object('What has become of the snapshot.', {
  observedGeneration,
  phase: choice('For display; the conditions decide.', [
    'pending',
    'creating',
    'available',
    'deleting',
    'failed',
  ]),
  source: choice('Who asked for it.', ['manual', 'automated']),
  completedAt: moment('When it was complete.'),
  conditions,
});

export type SnapshotStatus = ValueOf<typeof snapshotStatus>;

export const snapshotRules: readonly Rule<SnapshotSpec>[] = [
  transition({
    id: 'P1',
    name: 'ClusterImmutable',
    field: 'clusterName',
    cel: 'self.clusterName == oldSelf.clusterName',
    message: 'clusterName cannot be changed',
    check: (self, old) => self.clusterName === old.clusterName,
  }),
];
