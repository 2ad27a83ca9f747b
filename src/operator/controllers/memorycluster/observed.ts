/**
 * Everything that is known of a MemoryCluster at one moment, as plain values: what plan() decides from.
 * observe.ts gathers it.
 */
import type { MemoryCluster } from '#operator/api/kinds.ts';
import type { MemoryClusterStatus } from '#operator/api/memorycluster-status.ts';
import type { Parsed } from '#operator/api/parse.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import type { BootstrapRecord, MemberStatus, Settings } from '#operator/nodeclient/wire.ts';
import type { NodeTypes } from '#operator/resources/memory.ts';

/** What the operator itself was started with. */
export interface OperatorConfig {
  /** The image that new clusters are pinned to. */
  readonly image: string;
  readonly clusterDomain: string;
  /** '' when the operator does not run inside this Kubernetes. */
  readonly namespace: string;
  readonly nodeTypes: NodeTypes;
}

/** A certificate as it is in its Secret. */
export interface CertificateFacts {
  /** null: it can stay. */
  readonly renew: 'Missing' | 'Unreadable' | 'Expiring' | 'NamesChanged' | 'OtherIssuer' | null;
  /** RFC 3339; null when there is none. */
  readonly notAfter: string | null;
}

/** The cluster's CAs and leaves. Keys stay in observe.ts and act.ts. */
export interface Certificates {
  /** null: not made yet. */
  readonly peerCa: { readonly clusterId: string } | null;
  readonly clientCa: { readonly certificate: string } | null;
  readonly serving: CertificateFacts;
  /** By member. */
  readonly peers: ReadonlyMap<string, CertificateFacts>;
  /** The user's own Secret for clients; null when none is named. */
  readonly given: {
    readonly problem: 'SecretNotFound' | 'SecretInvalid' | null;
    readonly ca: string;
  } | null;
}

/** A pod as it matters here. */
export interface PodFacts {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly ready: boolean;
  /** RFC 3339, since when `ready` is what it is; '' when unknown. */
  readonly readySince: string;
  readonly deleting: boolean;
  readonly specHash: string;
  readonly roleLabel: string;
  /** '' when its node is unknown or has no zone. */
  readonly zone: string;
  /** Why it is not scheduled; '' when it is or nobody knows. */
  readonly unschedulable: string;
}

export interface MemberFacts {
  readonly name: string;
  readonly pod: PodFacts | null;
  /** null: could not be asked; `error` says why. */
  readonly status: MemberStatus | null;
  readonly error: string;
  /** Does it have our latest peer hints? (In memory only: told again after an operator restart.) */
  readonly peersHash: string;
}

/** A user that the ACL names, as far as it is usable. */
export interface AdmittedUser {
  readonly name: string;
  /** null: it exists but cannot be used as it is. */
  readonly setting: Settings['users'][number] | null;
}

export type AclFacts =
  | { readonly state: 'open' }
  | { readonly state: 'missing'; readonly name: string }
  | { readonly state: 'found'; readonly name: string; readonly users: readonly AdmittedUser[] };

/** The Secret of `storage.encryption`; null when none is named. */
export type EncryptionFacts = {
  readonly problem: 'SecretNotFound' | 'SecretInvalid' | null;
  /** Without what is in it. */
  readonly message: string;
} | null;

export interface Observed {
  readonly operator: OperatorConfig;
  readonly object: KubeObject;
  readonly cluster: Parsed<MemoryCluster>;
  /** The status that the object carries; undefined at first. */
  readonly previous: MemoryClusterStatus | undefined;
  /** Cached objects of the cluster's names, by `Kind/name`. */
  readonly live: ReadonlyMap<string, KubeObject>;
  readonly certificates: Certificates;
  readonly encryption: EncryptionFacts;
  /** Bootstrap records by shard. */
  readonly records: ReadonlyMap<string, BootstrapRecord>;
  readonly members: ReadonlyMap<string, MemberFacts>;
  /** Zones of the nodes. */
  readonly zones: readonly string[];
  readonly acl: AclFacts;
  /** The settings last decided, from their Secret; null before the first. */
  readonly settings: Settings | null;
  /** What act() could not do last time, by condition reason. */
  readonly obstacles: readonly Obstacle[];
}

/** Something that stopped an action, kept until it works. */
export interface Obstacle {
  readonly reason: 'NameTaken';
  readonly message: string;
}
