/**
 * What all desired objects share: labels, selectors, owner. The objects are plain JSON with exactly the
 * fields that the operator owns, for server-side apply: a field left out belongs to somebody else.
 */
import { API_VERSION } from '#operator/api/kinds.ts';
import type { MemoryClusterSpec } from '#operator/api/memorycluster.ts';
import type { OwnerReference } from '#operator/api/object.ts';
import type { Member } from '#operator/topology/members.ts';
import { APP_NAME, LABELS, OPERATOR_NAME } from './names.ts';
import type { Place } from './names.ts';

/** A cluster as its objects see it. */
export interface ClusterContext extends Place {
  readonly uid: string;
  /** The accepted spec, which may be older than the one in the API server. */
  readonly spec: MemoryClusterSpec;
  /** Namespace of the operator's pods; '' when it does not run in this Kubernetes. */
  readonly operatorNamespace: string;
}

export interface ManifestMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** A desired object. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
  readonly [field: string]: unknown;
}

type Labels = Readonly<Record<string, string>>;

/** The labels of everything that belongs to the cluster. */
export function clusterLabels(cluster: string): Labels {
  return {
    [LABELS.name]: APP_NAME,
    [LABELS.instance]: cluster,
    [LABELS.managedBy]: OPERATOR_NAME,
    [LABELS.cluster]: cluster,
  };
}

export function shardLabels(cluster: string, shard: string): Labels {
  return { ...clusterLabels(cluster), [LABELS.shard]: shard };
}

export function memberLabels(cluster: string, member: Member): Labels {
  return {
    ...shardLabels(cluster, member.shard),
    [LABELS.component]: member.kind,
    [LABELS.member]: member.name,
  };
}

/** The selector of the pods of a cluster: the value of the scale subresource's `status.selector`. */
export function clusterSelector(cluster: string): Labels {
  return { [LABELS.cluster]: cluster };
}

/** A selector as text: `holdfast.dev/cluster=shop`. */
export function selectorText(selector: Labels): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** The cluster as the controlling owner: what it owns goes when it goes. */
export function ownerReference({
  name,
  uid,
}: Pick<ClusterContext, 'name' | 'uid'>): OwnerReference {
  return {
    apiVersion: API_VERSION,
    kind: 'MemoryCluster',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The metadata of an owned object. `labels` defaults to those of the cluster. */
export function ownedMetadata(
  context: ClusterContext,
  name: string,
  more: Pick<ManifestMetadata, 'annotations'> & { readonly labels?: Labels } = {},
): ManifestMetadata {
  const { labels = clusterLabels(context.name), annotations = {} } = more;
  return {
    name,
    namespace: context.namespace,
    labels,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ownerReferences: [ownerReference(context)],
  };
}

/** `object` without what is empty ('', [], {}, undefined): such a field is not ours to own. */
export function withoutEmpty<T extends object>(object: T): Partial<T> {
  const kept = Object.entries(object).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(kept) as Partial<T>;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
