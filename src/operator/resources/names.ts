/**
 * The names of everything that is made from a MemoryCluster: objects, ports, labels, annotations, host
 * names, paths. They are an interface that users and other programs rely on: never changed, only added.
 */
import type { Member } from '#operator/topology/members.ts';

/** Name and number of each port of a member; the client port's number is `spec.port`. */
export const PORT_NAMES = {
  client: 'tcp-redis',
  peer: 'tcp-peer',
  pulse: 'tcp-pulse',
  metrics: 'http-metrics',
  admin: 'tls-admin',
} as const;
export const PEER_PORT = 16379;
/** The node's default: members are not told, so that this port restarted no pod when it came. */
export const PULSE_PORT = 16380;
export const METRICS_PORT = 9121;
export const ADMIN_PORT = 9443;

export const LABELS = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  managedBy: 'app.kubernetes.io/managed-by',
  cluster: 'holdfast.dev/cluster',
  shard: 'holdfast.dev/shard',
  member: 'holdfast.dev/member',
  /** Patched onto pods; only the selector of `<cluster>-primary` uses it. */
  role: 'holdfast.dev/role',
} as const;

export const ANNOTATIONS = {
  /** On pods: the inputs that their template was made from. */
  specHash: 'holdfast.dev/spec-hash',
  /** On claims: whose data they hold and where they are. */
  clusterId: 'holdfast.dev/cluster-id',
  memberId: 'holdfast.dev/member-id',
  zone: 'holdfast.dev/zone',
} as const;

/** Annotations of a MemoryCluster that give a command: `<argument>@<token>`, run once for each token. */
export const COMMANDS = [
  'failover',
  'restart',
  'rebuild',
  'apply-now',
  'rotate-ca',
  'unsafe-recover',
] as const;

export const FINALIZERS = {
  finalSnapshot: 'holdfast.dev/final-snapshot',
  objectStore: 'holdfast.dev/object-store',
} as const;

/** `app.kubernetes.io/name` of the members and of the operator. */
export const APP_NAME = 'holdfast';
export const OPERATOR_NAME = 'holdfast-operator';

/** The Service for clients; also the name of the NetworkPolicy and the ServiceAccount. */
export function clientServiceName(cluster: string): string {
  return cluster;
}

/** The headless Service that gives each member its host name. */
export function nodesServiceName(cluster: string): string {
  return `${cluster}-nodes`;
}

/** The Service of the primary, where there is one shard. */
export function primaryServiceName(cluster: string): string {
  return `${cluster}-primary`;
}

export function podName(member: string): string {
  return `${member}-0`;
}

/** @param generation from 1; a rebuilt member gets the next one */
export function claimName(member: string, generation: number): string {
  return `${member}-${generation}`;
}

/** The generation in the name of a claim of `member`; undefined when it is no claim of it. */
export function claimGeneration(member: string, claim: string): number | undefined {
  const rest = claim.startsWith(`${member}-`) ? claim.slice(member.length + 1) : '';
  return /^[1-9][0-9]{0,8}$/.test(rest) ? Number(rest) : undefined;
}

/** The certificate that clients see. */
export function servingSecretName(cluster: string): string {
  return `${cluster}-tls`;
}

export function caSecretName(cluster: string, ca: 'client' | 'peer'): string {
  return `${cluster}-${ca}-ca`;
}

export function peerTlsSecretName(cluster: string, member: string): string {
  return `${cluster}-peer-tls-${member}`;
}

/** What a program needs to connect; no password. */
export function connectionSecretName(cluster: string): string {
  return `${cluster}-connection`;
}

export function caConfigMapName(cluster: string): string {
  return `${cluster}-ca`;
}

/** The record whose creation decides that a shard is formed. */
export function identityConfigMapName(cluster: string, shard: string): string {
  return `${cluster}-${shard}-identity`;
}

export function disruptionBudgetName(cluster: string, shard: string): string {
  return `${cluster}-${shard}`;
}

/** Where a cluster lives; `clusterDomain` is that of Kubernetes, such as cluster.local. */
export interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly clusterDomain: string;
}

export function serviceHost(service: string, place: Omit<Place, 'name'>): string {
  return `${service}.${place.namespace}.svc.${place.clusterDomain}`;
}

/** The endpoint that clients are given. */
export function clientHost(place: Place): string {
  return serviceHost(clientServiceName(place.name), place);
}

/** The stable host name of a member. */
export function memberHost(place: Place, member: string): string {
  return `${podName(member)}.${serviceHost(nodesServiceName(place.name), place)}`;
}

/** The DNS names of the certificate that clients see: both Services and every member, in all short forms. */
export function servingDnsNames(place: Place): readonly string[] {
  const { name, namespace, clusterDomain } = place;
  const services = [clientServiceName(name), primaryServiceName(name)];
  const parents = [...services, `*.${nodesServiceName(name)}`];
  return [
    ...services,
    ...parents.flatMap((host) => [
      `${host}.${namespace}`,
      `${host}.${namespace}.svc`,
      `${host}.${namespace}.svc.${clusterDomain}`,
    ]),
  ];
}

/** The DNS names of the certificate of a member on peer and admin links. */
export function peerDnsNames(place: Place, member: Pick<Member, 'name'>): readonly string[] {
  return [podName(member.name), memberHost(place, member.name)];
}

/** Paths inside the container. */
export const PATHS = {
  entry: '/holdfast/src/node/main.ts',
  data: '/data',
  clientTls: '/tls/client',
  peerTls: '/tls/peer',
  encryption: '/encryption',
  temporary: '/tmp',
} as const;
