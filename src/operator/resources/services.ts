/** The Services of a cluster: for clients, for members, and for the primary of a single shard. */
import type { ClusterContext, Manifest } from './manifest.ts';
import { clusterLabels, clusterSelector, ownedMetadata } from './manifest.ts';
import {
  ADMIN_PORT,
  clientServiceName,
  LABELS,
  METRICS_PORT,
  nodesServiceName,
  PEER_PORT,
  PORT_NAMES,
  primaryServiceName,
  PULSE_PORT,
} from './names.ts';

/** All Services that the cluster shall have. */
export function services(context: ClusterContext): readonly Manifest[] {
  const base = [clientService(context), nodesService(context)];
  return context.spec.numShards === 1 ? [...base, primaryService(context)] : base;
}

/** Ready data members, for clients. */
function clientService(context: ClusterContext): Manifest {
  const selector = { ...clusterSelector(context.name), [LABELS.component]: 'data' };
  return clientFacing(context, clientServiceName(context.name), selector);
}

/** The primary, for clients that know nothing of clusters. */
function primaryService(context: ClusterContext): Manifest {
  const selector = {
    ...clusterSelector(context.name),
    [LABELS.component]: 'data',
    [LABELS.role]: 'primary',
  };
  return clientFacing(context, primaryServiceName(context.name), selector);
}

function clientFacing(
  context: ClusterContext,
  name: string,
  selector: Readonly<Record<string, string>>,
): Manifest {
  const { labels, annotations } = context.spec.service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(context, name, {
      labels: { ...labels, ...clusterLabels(context.name) },
      annotations,
    }),
    spec: {
      type: 'ClusterIP',
      selector,
      ports: [port(PORT_NAMES.client, context.spec.port)],
    },
  };
}

/** Host names of all members, ready or not: they must find each other before anything is ready. */
function nodesService(context: ClusterContext): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(context, nodesServiceName(context.name)),
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: clusterSelector(context.name),
      ports: [
        port(PORT_NAMES.client, context.spec.port),
        port(PORT_NAMES.peer, PEER_PORT),
        port(PORT_NAMES.pulse, PULSE_PORT),
        port(PORT_NAMES.metrics, METRICS_PORT),
        port(PORT_NAMES.admin, ADMIN_PORT),
      ],
    },
  };
}

/** The protocol is given because it is part of the key by which server-side apply merges ports. */
function port(name: string, number: number): object {
  return { name, port: number, protocol: 'TCP', targetPort: name };
}
