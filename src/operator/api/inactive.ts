/**
 * Fields that are accepted but do nothing yet. They are named in `status.inactiveFields`, so that nobody
 * relies on them by mistake. A field leaves this table in the change that makes it work. Which parameters
 * do nothing yet, the table of options says (`inactiveParameters` of #node/config).
 */
import type { MemoryClusterSpec } from './memorycluster.ts';

/** Field path → has the user set it to something that would matter? */
const INACTIVE: Readonly<Record<string, (spec: MemoryClusterSpec) => boolean>> = {
  parameterGroupName: (spec) => spec.parameterGroupName !== '',
  snapshotName: (spec) => spec.snapshotName !== '',
  snapshotRetentionLimit: (spec) => spec.snapshotRetentionLimit > 0,
  snapshotWindow: (spec) => spec.snapshotWindow !== '',
  maintenanceWindow: (spec) => spec.maintenanceWindow !== '',
  finalSnapshotName: (spec) => spec.finalSnapshotName !== '',
  'storage.adoptClusterId': (spec) => spec.storage.adoptClusterId !== '',
  'tls.issuerRef': (spec) => spec.tls.issuerRef !== undefined,
  external: (spec) => spec.external !== undefined,
  deletionProtection: (spec) => spec.deletionProtection,
};

/** The fields of `spec` that are set and do nothing yet, in the order of the table. */
export function inactiveFields(spec: MemoryClusterSpec): readonly string[] {
  return Object.entries(INACTIVE)
    .filter(([, isSet]) => isSet(spec))
    .map(([field]) => field);
}
