/** What every controller works with: the API server, the caches, members, metrics, and each other. */
import type { Kind, ResourceOf } from '#operator/api/kinds.ts';
import { parseManifest } from '#operator/api/parse.ts';
import type { Parsed } from '#operator/api/parse.ts';
import type { Applier } from '#operator/kube/apply.ts';
import type { Cache } from '#operator/kube/cache.ts';
import type { KubeClient } from '#operator/kube/client.ts';
import type { KindName } from '#operator/kube/kinds.ts';
import type { Metrics } from '#operator/kube/metrics.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import type { OperatorLog } from '#operator/kube/operator.ts';
import type { Recorder } from '#operator/kube/recorder.ts';
import type { SecretReader } from './secrets.ts';

/** Kinds that are watched; Secrets and Nodes are not. */
export const WATCHED = [
  'MemoryCluster',
  'User',
  'ACL',
  'Snapshot',
  'StatefulSet',
  'Pod',
  'PersistentVolumeClaim',
  'Service',
  'ServiceAccount',
  'ConfigMap',
  'PodDisruptionBudget',
  'NetworkPolicy',
] as const satisfies readonly KindName[];

export type WatchedKind = (typeof WATCHED)[number];

export interface World {
  readonly client: KubeClient;
  readonly applier: Applier;
  readonly recorder: Recorder;
  readonly metrics: Metrics;
  readonly log: OperatorLog;
  readonly caches: Readonly<Record<WatchedKind, Cache>>;
  readonly secrets: SecretReader;
  /** Has `kind`'s controller look at the object soon. */
  readonly enqueue: (kind: Kind, key: string) => void;
  /** Cluster key → the users in force there, as the cluster's controller last saw them. */
  readonly usersInForce: Map<string, UsersInForce>;
}

export interface UsersInForce {
  readonly aclName: string;
  /** Applied by every member. */
  readonly applied: boolean;
  readonly userNames: readonly string[];
}

/** The names of indexes on the caches. */
export const INDEX = {
  /** Objects of a cluster: `namespace/cluster`, by label. */
  cluster: 'cluster',
  /** ACLs by the users that they name, MemoryClusters by the ACL that they name: `namespace/name`. */
  refers: 'refers',
} as const;

/** An object of ours with defaults filled in, or what is wrong with it. A newer CRD's fields are ignored. */
export function parsed<K extends Kind>(kind: K, object: KubeObject): Parsed<ResourceOf[K]> {
  return parseManifest(kind, object, { unknownFields: 'ignore' });
}
