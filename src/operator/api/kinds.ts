/**
 * The four kinds, and what the API server needs to know of them besides their fields. Everything that
 * names a kind, its plural or a short name reads it here.
 */
import { aclRootRules, aclSpec, aclStatus } from './acl.ts';
import type { AclSpec, AclStatus } from './acl.ts';
import { memoryClusterRules } from './memorycluster-rules.ts';
import { memoryClusterStatus } from './memorycluster-status.ts';
import type { MemoryClusterStatus } from './memorycluster-status.ts';
import { memoryClusterSpec } from './memorycluster.ts';
import type { MemoryClusterSpec } from './memorycluster.ts';
import type { Resource } from './object.ts';
import { nameRule } from './rules.ts';
import type { Named, Rule } from './rules.ts';
import type { Node } from './schema.ts';
import { snapshotRules, snapshotSpec, snapshotStatus } from './snapshot.ts';
import type { SnapshotSpec, SnapshotStatus } from './snapshot.ts';
import { userRootRules, userRules, userSpec, userStatus } from './user.ts';
import type { UserSpec, UserStatus } from './user.ts';

export const GROUP = 'holdfast.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
/** `kubectl get holdfast` lists all kinds. */
export const CATEGORY = 'holdfast';

export type MemoryCluster = Resource<'MemoryCluster', MemoryClusterSpec, MemoryClusterStatus>;
export type User = Resource<'User', UserSpec, UserStatus>;
export type Acl = Resource<'ACL', AclSpec, AclStatus>;
export type Snapshot = Resource<'Snapshot', SnapshotSpec, SnapshotStatus>;

export interface ResourceOf {
  readonly MemoryCluster: MemoryCluster;
  readonly User: User;
  readonly ACL: Acl;
  readonly Snapshot: Snapshot;
}

export type Kind = keyof ResourceOf;

/** A column of `kubectl get`. `wide` ones are shown with `-o wide` only. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly wide?: boolean;
}

export interface KindDefinition {
  readonly kind: Kind;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: Node;
  readonly status: Node;
  /** Rules on the whole object, of which CEL sees only the name. */
  readonly rootRules: readonly Rule<Named>[];
  readonly specRules: readonly Rule<never>[];
  readonly columns: readonly Column[];
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath: string;
  };
}

const ready: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
};
const phase: Column = { name: 'Phase', type: 'string', jsonPath: '.status.phase' };
const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

const memoryCluster: KindDefinition = {
  kind: 'MemoryCluster',
  plural: 'memoryclusters',
  singular: 'memorycluster',
  shortName: 'hfc',
  description: 'A durable in-memory database: shards that together own the 16384 slots.',
  spec: memoryClusterSpec,
  status: memoryClusterStatus,
  rootRules: [nameRule('N1')],
  specRules: memoryClusterRules,
  columns: [
    ready,
    phase,
    { name: 'Shards', type: 'string', jsonPath: '.status.ready' },
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.numReplicasPerShard' },
    { name: 'Version', type: 'string', jsonPath: '.spec.engineVersion' },
    age,
    { name: 'Endpoint', type: 'string', jsonPath: '.status.endpoint.address', wide: true },
    { name: 'Durability', type: 'string', jsonPath: '.spec.durability', wide: true },
    { name: 'AZ', type: 'string', jsonPath: '.status.availabilityMode', wide: true },
  ],
  scale: {
    specReplicasPath: '.spec.numReplicasPerShard',
    statusReplicasPath: '.status.effective.numReplicasPerShard',
    labelSelectorPath: '.status.selector',
  },
};

const user: KindDefinition = {
  kind: 'User',
  plural: 'users',
  singular: 'user',
  shortName: 'hfu',
  description: 'A user of clusters: what it may do and its passwords.',
  spec: userSpec,
  status: userStatus,
  rootRules: userRootRules,
  specRules: userRules,
  columns: [
    ready,
    phase,
    { name: 'Passwords', type: 'integer', jsonPath: '.status.passwordCount' },
    age,
    { name: 'Access', type: 'string', jsonPath: '.status.accessString', wide: true },
  ],
};

const acl: KindDefinition = {
  kind: 'ACL',
  plural: 'acls',
  singular: 'acl',
  shortName: 'hfa',
  description: 'The users that a cluster admits.',
  spec: aclSpec,
  status: aclStatus,
  rootRules: aclRootRules,
  specRules: [],
  columns: [
    ready,
    phase,
    { name: 'Users', type: 'string', jsonPath: '.status.userNames' },
    { name: 'Clusters', type: 'string', jsonPath: '.status.clusters' },
    age,
  ],
};

const snapshot: KindDefinition = {
  kind: 'Snapshot',
  plural: 'snapshots',
  singular: 'snapshot',
  shortName: 'hfs',
  description: 'A backup of a whole cluster, kept outside it.',
  spec: snapshotSpec,
  status: snapshotStatus,
  rootRules: [],
  specRules: snapshotRules,
  columns: [
    { name: 'Cluster', type: 'string', jsonPath: '.spec.clusterName' },
    phase,
    { name: 'Source', type: 'string', jsonPath: '.status.source' },
    age,
  ],
};

export const KINDS: Readonly<Record<Kind, KindDefinition>> = {
  MemoryCluster: memoryCluster,
  User: user,
  ACL: acl,
  Snapshot: snapshot,
};

export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(KINDS, kind);
}
