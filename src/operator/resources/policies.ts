/** What keeps a cluster safe from others: disruption budgets, the network policy, the ServiceAccount. */
import { OPEN_ACCESS } from '#operator/api/acl.ts';
import type { MemoryClusterSpec } from '#operator/api/memorycluster.ts';
import type { ClusterContext, Manifest } from './manifest.ts';
import { clusterSelector, ownedMetadata, shardLabels, withoutEmpty } from './manifest.ts';
import {
  ADMIN_PORT,
  disruptionBudgetName,
  LABELS,
  METRICS_PORT,
  OPERATOR_NAME,
  PEER_PORT,
  PULSE_PORT,
} from './names.ts';

/**
 * One voter of the shard may be missing at a time. Unhealthy pods count as missing (the default policy),
 * so a drain cannot take the second.
 * @param voters as they are now: raised before a promotion, lowered after a removal
 */
export function disruptionBudget(context: ClusterContext, shard: string, voters: number): Manifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(context, disruptionBudgetName(context.name, shard), {
      labels: shardLabels(context.name, shard),
    }),
    spec: {
      minAvailable: voters - 1,
      selector: { matchLabels: { ...clusterSelector(context.name), [LABELS.shard]: shard } },
    },
  };
}

/** Who may connect to what. Metrics are open to all, because Prometheus may be anywhere. */
export function networkPolicy(context: ClusterContext): Manifest {
  const members = { podSelector: { matchLabels: clusterSelector(context.name) } };
  const clients = clientPeers(context.spec);
  const ingress = [
    ...(clients === 'nobody' ? [] : [allow(context.spec.port, clients)]),
    allow(PEER_PORT, [members]),
    allow(PULSE_PORT, [members]),
    allow(METRICS_PORT, []),
    allow(ADMIN_PORT, operatorPeers(context.operatorNamespace)),
  ];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(context, context.name),
    spec: {
      podSelector: { matchLabels: clusterSelector(context.name) },
      policyTypes: ['Ingress'],
      ingress,
    },
  };
}

/** An empty list of peers means everybody, as in the API; so nobody needs a word of its own. */
function clientPeers({ access, aclName }: MemoryClusterSpec): readonly object[] | 'nobody' {
  if (access.from === undefined) return aclName === OPEN_ACCESS ? [{ podSelector: {} }] : [];
  if (access.from.length === 0) return 'nobody';
  return access.from.map((peer) =>
    Object.fromEntries(
      Object.entries(peer).map(([name, part]: [string, object]) => [name, withoutEmpty(part)]),
    ),
  );
}

function operatorPeers(operatorNamespace: string): readonly object[] {
  if (operatorNamespace === '') return [];
  return [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': operatorNamespace } },
      podSelector: { matchLabels: { [LABELS.name]: OPERATOR_NAME } },
    },
  ];
}

function allow(port: number, from: readonly object[]): object {
  return { ports: [{ port, protocol: 'TCP' }], ...(from.length === 0 ? {} : { from }) };
}

/** The identity of the pods; undefined when the user brings one. It may do nothing. */
export function serviceAccount(context: ClusterContext): Manifest | undefined {
  if (context.spec.serviceAccountName !== '') return undefined;
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: ownedMetadata(context, context.name),
    automountServiceAccountToken: false,
  };
}
