/**
 * One member: the StatefulSet of one replica and the claim that it mounts.
 *
 * Invariants: the hash is over the inputs, not over the template, and leaves out what is empty; so a
 * newer operator that renders the same inputs differently restarts nobody, and a new input that is unset
 * changes no hash. The pods pass Pod Security `restricted`.
 */
import { utf8 } from '#base/bytes.ts';
import { crc32c } from '#base/crc32c.ts';
import type { Options } from '#node/config/options.ts';
import type { MemoryClusterSpec } from '#operator/api/memorycluster.ts';
import type { Member } from '#operator/topology/members.ts';
import type { ZoneSpread } from '#operator/topology/zones.ts';
import { affinity } from './affinity.ts';
import { ENCRYPTION_KEY } from './encryption-key.ts';
import type { ClusterContext, Manifest } from './manifest.ts';
import {
  clusterLabels,
  memberLabels,
  ownedMetadata,
  ownerReference,
  withoutEmpty,
} from './manifest.ts';
import { type ContainerResources, v8Options } from './memory.ts';
import {
  ADMIN_PORT,
  ANNOTATIONS,
  claimName,
  LABELS,
  memberHost,
  METRICS_PORT,
  nodesServiceName,
  PATHS,
  PEER_PORT,
  peerTlsSecretName,
  PORT_NAMES,
  PULSE_PORT,
  servingSecretName,
} from './names.ts';
import { nodeArguments } from './node-arguments.ts';

/** A time long enough to hand over (15 s), say MOVED (3 s), close and sync. */
const GRACE_SECONDS = 30;
const USER_ID = 1000;
/** Name of the volume of the encryption key; by it an encrypted member is known. */
export const ENCRYPTION_VOLUME = 'encryption';

/** What was decided for one member, beside what its cluster's spec says. */
export interface MemberChoices {
  readonly member: Member;
  /** Pinned in status; never empty. */
  readonly image: string;
  /** '' when it has none. */
  readonly zone: string;
  readonly zoneSpread: ZoneSpread;
  /** From 1. */
  readonly claimGeneration: number;
  readonly resources: ContainerResources;
  /** For log members: what a data member has; they hold no keys. */
  readonly maxmemoryBytes: number;
  readonly oldSpaceMib: number;
}

/** Everything that a member's pod is made from. A change of any of it restarts the member. */
export interface MemberInputs {
  readonly image: string;
  readonly zone: string;
  readonly zoneSpread: ZoneSpread;
  readonly claim: string;
  readonly resources: ContainerResources;
  readonly v8Options: readonly string[];
  readonly arguments: readonly string[];
  readonly clientTlsSecret: string;
  /** '' where nothing is encrypted at rest. */
  readonly encryptionSecret: string;
  readonly port: number;
  readonly imagePullSecrets: MemoryClusterSpec['imagePullSecrets'];
  readonly scheduling: MemoryClusterSpec['scheduling'];
  readonly podMetadata: MemoryClusterSpec['podMetadata'];
  readonly serviceAccount: string;
}

export function memberInputs(context: ClusterContext, choices: MemberChoices): MemberInputs {
  const { name, spec } = context;
  const { member, image, zone, zoneSpread, resources, oldSpaceMib } = choices;
  const servesTls = spec.tlsEnabled && member.kind === 'data';
  return {
    image,
    zone,
    zoneSpread,
    claim: claimName(member.name, choices.claimGeneration),
    resources,
    v8Options: v8Options(member.kind, oldSpaceMib),
    arguments: nodeArguments(nodeOptions(context, choices)),
    clientTlsSecret: servesTls ? spec.tls.secretName || servingSecretName(name) : '',
    encryptionSecret: spec.storage.encryption.secretName,
    port: spec.port,
    imagePullSecrets: spec.imagePullSecrets,
    scheduling: spec.scheduling,
    podMetadata: spec.podMetadata,
    serviceAccount: spec.serviceAccountName || name,
  };
}

/**
 * The options of the node process that a cluster decides; all others keep their defaults. One that is added
 * later has to be left out where it has its default, or an upgrade of the operator restarts every pod.
 */
export function nodeOptions(context: ClusterContext, choices: MemberChoices): Partial<Options> {
  const { name, namespace, spec } = context;
  const { member, zone, zoneSpread, maxmemoryBytes } = choices;
  const isData = member.kind === 'data';
  const data: Partial<Options> = {
    maxmemory: maxmemoryBytes,
    ...(spec.tlsEnabled
      ? { clientTlsDir: PATHS.clientTls, clientAuth: CLIENT_AUTH[spec.tls.clientAuth] }
      : {}),
  };
  return {
    member: member.name,
    shard: member.shard,
    cluster: name,
    namespace,
    kind: member.kind,
    // With Preferred the scheduler may have chosen another zone; the operator knows, the member does not.
    zone: zoneSpread === 'Required' ? zone : '',
    dataDir: PATHS.data,
    clientPort: spec.port,
    peerPort: PEER_PORT,
    metricsPort: METRICS_PORT,
    adminPort: ADMIN_PORT,
    advertiseHost: memberHost(context, member.name),
    peerTlsDir: PATHS.peerTls,
    engine: spec.engine,
    engineVersion: spec.engineVersion,
    durability: spec.durability,
    asyncLossBoundMs: spec.asyncLossBoundMs,
    ...(spec.storage.encryption.secretName === ''
      ? {}
      : { encryptionKeyFile: `${PATHS.encryption}/${ENCRYPTION_KEY}` }),
    ...(isData ? data : {}),
  };
}

const CLIENT_AUTH = { None: 'none', Optional: 'optional', Required: 'required' } as const;

/** 16 hexadecimal digits that change when an input does. */
export function inputsHash(inputs: MemberInputs): string {
  const bytes = utf8(JSON.stringify(canonical(inputs)));
  const half = (seed: number): string =>
    crc32c(bytes, 0, bytes.length, seed).toString(16).padStart(8, '0');
  return half(0) + half(0x9e3779b9);
}

/** `value` with keys in order and without what is empty. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [key, canonical(field)] as const);
  const kept = withoutEmpty(Object.fromEntries(entries));
  return Object.fromEntries(
    Object.entries(kept).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
}

/** The StatefulSet of one replica; none while the cluster is suspended. */
export function memberStatefulSet(
  context: ClusterContext,
  member: Member,
  inputs: MemberInputs,
): Manifest {
  const { name, spec } = context;
  const labels = memberLabels(name, member);
  const selector = {
    [LABELS.cluster]: name,
    [LABELS.shard]: member.shard,
    [LABELS.component]: member.kind,
    [LABELS.member]: member.name,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: ownedMetadata(context, member.name, { labels }),
    spec: {
      replicas: spec.suspend ? 0 : 1,
      serviceName: nodesServiceName(name),
      podManagementPolicy: 'Parallel',
      // The operator evicts the pod when it is its turn.
      updateStrategy: { type: 'OnDelete' },
      revisionHistoryLimit: 1,
      selector: { matchLabels: selector },
      template: {
        metadata: {
          labels: { ...inputs.podMetadata.labels, ...labels },
          annotations: {
            ...inputs.podMetadata.annotations,
            [ANNOTATIONS.specHash]: inputsHash(inputs),
          },
        },
        spec: podSpec(context, member, inputs),
      },
    },
  };
}

function podSpec(context: ClusterContext, member: Member, inputs: MemberInputs): object {
  const { scheduling, imagePullSecrets } = inputs;
  return {
    serviceAccountName: inputs.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      fsGroup: USER_ID,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    affinity: affinity(context.name, member.shard, inputs.zone, inputs.zoneSpread),
    ...withoutEmpty({
      imagePullSecrets: imagePullSecrets.filter((secret) => secret.name !== ''),
      nodeSelector: scheduling.nodeSelector,
      tolerations: scheduling.tolerations.map(withoutEmpty),
      priorityClassName: scheduling.priorityClassName,
    }),
    containers: [container(inputs)],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: inputs.claim } },
      secretVolume('peer-tls', peerTlsSecretName(context.name, member.name)),
      ...(inputs.clientTlsSecret === ''
        ? []
        : [secretVolume('client-tls', inputs.clientTlsSecret)]),
      ...(inputs.encryptionSecret === ''
        ? []
        : [secretVolume(ENCRYPTION_VOLUME, inputs.encryptionSecret)]),
      { name: 'temporary', emptyDir: { sizeLimit: '64Mi' } },
    ],
  };
}

function container(inputs: MemberInputs): object {
  const mount = (name: string, mountPath: string, readOnly: boolean): object => ({
    name,
    mountPath,
    ...(readOnly ? { readOnly } : {}),
  });
  return {
    name: 'holdfast',
    image: inputs.image,
    imagePullPolicy: 'IfNotPresent',
    // The image's entry point is node itself, so that signals reach it and nothing else runs.
    args: [...inputs.v8Options, PATHS.entry, ...inputs.arguments],
    resources: inputs.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    ports: [
      port(PORT_NAMES.client, inputs.port),
      port(PORT_NAMES.peer, PEER_PORT),
      port(PORT_NAMES.pulse, PULSE_PORT),
      port(PORT_NAMES.metrics, METRICS_PORT),
      port(PORT_NAMES.admin, ADMIN_PORT),
    ],
    // /livez answers from the first moment and never asks for a quorum or a loaded keyspace.
    startupProbe: probe('/livez', { periodSeconds: 1, failureThreshold: 60 }),
    livenessProbe: probe('/livez', { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe('/readyz', { periodSeconds: 2, failureThreshold: 3 }),
    volumeMounts: [
      mount('data', PATHS.data, false),
      mount('peer-tls', PATHS.peerTls, true),
      ...(inputs.clientTlsSecret === '' ? [] : [mount('client-tls', PATHS.clientTls, true)]),
      ...(inputs.encryptionSecret === '' ? [] : [mount(ENCRYPTION_VOLUME, PATHS.encryption, true)]),
      mount('temporary', PATHS.temporary, false),
    ],
  };
}

function port(name: string, containerPort: number): object {
  return { name, containerPort, protocol: 'TCP' };
}

function probe(path: string, times: object): object {
  return { httpGet: { path, port: PORT_NAMES.metrics }, timeoutSeconds: 5, ...times };
}

function secretVolume(name: string, secretName: string): object {
  return { name, secret: { secretName, defaultMode: 0o440 } };
}

/** What a claim says about its data, so that nothing depends on the status of a restored object. */
export interface ClaimChoices {
  readonly member: Member;
  /** From 1. */
  readonly generation: number;
  /** A quantity. */
  readonly size: string;
  readonly clusterId: string;
  /** '' until the member has told it. */
  readonly memberId: string;
  /** '' when the member has no zone. */
  readonly zone: string;
}

/** The claim of a member. It outlives the cluster, unless `storage.reclaimPolicy` is Delete. */
export function memberClaim(context: ClusterContext, choices: ClaimChoices): Manifest {
  const { storage } = context.spec;
  const { member, generation, size, clusterId, memberId, zone } = choices;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(member.name, generation),
      namespace: context.namespace,
      labels: { ...clusterLabels(context.name), ...memberLabels(context.name, member) },
      annotations: withoutEmpty({
        [ANNOTATIONS.clusterId]: clusterId,
        [ANNOTATIONS.memberId]: memberId,
        [ANNOTATIONS.zone]: zone,
      }),
      ...(storage.reclaimPolicy === 'Delete' ? { ownerReferences: [ownerReference(context)] } : {}),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(storage.storageClassName === undefined
        ? {}
        : { storageClassName: storage.storageClassName }),
      resources: { requests: { storage: size } },
    },
  };
}
