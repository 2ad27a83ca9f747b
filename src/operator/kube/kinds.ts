/** The kinds that the operator reads or writes, and where the API server keeps them. */

export interface KindInfo {
  readonly kind: string;
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

function row(kind: string, apiVersion: string, plural: string, namespaced = true): KindInfo {
  return { kind, apiVersion, plural, namespaced };
}

/** Every kind by name. RBAC in the chart names the same ones. */
export const KINDS = {
  MemoryCluster: row('MemoryCluster', 'holdfast.dev/v1alpha1', 'memoryclusters'),
  User: row('User', 'holdfast.dev/v1alpha1', 'users'),
  ACL: row('ACL', 'holdfast.dev/v1alpha1', 'acls'),
  Snapshot: row('Snapshot', 'holdfast.dev/v1alpha1', 'snapshots'),
  StatefulSet: row('StatefulSet', 'apps/v1', 'statefulsets'),
  Pod: row('Pod', 'v1', 'pods'),
  PersistentVolumeClaim: row('PersistentVolumeClaim', 'v1', 'persistentvolumeclaims'),
  Service: row('Service', 'v1', 'services'),
  ServiceAccount: row('ServiceAccount', 'v1', 'serviceaccounts'),
  ConfigMap: row('ConfigMap', 'v1', 'configmaps'),
  Secret: row('Secret', 'v1', 'secrets'),
  Event: row('Event', 'events.k8s.io/v1', 'events'),
  Node: row('Node', 'v1', 'nodes', false),
  Lease: row('Lease', 'coordination.k8s.io/v1', 'leases'),
  PodDisruptionBudget: row('PodDisruptionBudget', 'policy/v1', 'poddisruptionbudgets'),
  NetworkPolicy: row('NetworkPolicy', 'networking.k8s.io/v1', 'networkpolicies'),
} as const satisfies Readonly<Record<string, KindInfo>>;

export type KindName = keyof typeof KINDS;

/** True when `kind` is one of {@link KINDS}. */
export function isKindName(kind: string): kind is KindName {
  return Object.hasOwn(KINDS, kind);
}

/**
 * The request path of a kind: all of it, of one namespace, of one object, of an object's subresource.
 * An empty `namespace` means all namespaces.
 */
export function pathOf(kind: KindName, namespace = '', name = '', subresource = ''): string {
  const { apiVersion, plural, namespaced } = KINDS[kind];
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope =
    namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === '' ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${plural}${object}${subresource === '' ? '' : `/${subresource}`}`;
}
