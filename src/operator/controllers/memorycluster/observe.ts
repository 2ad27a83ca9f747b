/**
 * Gathers an Observed: cached objects, Secrets, zones, users, and what each member says of itself. Reads
 * only. A member that does not answer is a fact like any other.
 */
import type { MemoryClusterStatus } from '#operator/api/memorycluster-status.ts';
import { OPEN_ACCESS } from '#operator/api/acl.ts';
import { observeUser } from '#operator/controllers/user/observe.ts';
import { REFERENCED_SECRET_MS, secretBytes } from '#operator/controllers/secrets.ts';
import { INDEX, parsed } from '#operator/controllers/world.ts';
import type { WatchedKind, World } from '#operator/controllers/world.ts';
import { ownedBy } from '#operator/kube/apply.ts';
import { fieldAt, listAt, stringAt } from '#operator/kube/object.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import type { BootstrapRecord } from '#operator/nodeclient/wire.ts';
import { ENCRYPTION_KEY, encryptionKeyProblem } from '#operator/resources/encryption-key.ts';
import { ANNOTATIONS, identityConfigMapName, LABELS, podName } from '#operator/resources/names.ts';
import { IDENTITY_KEY } from '#operator/resources/secrets.ts';
import type { CertificateStore } from './certificates.ts';
import type { MemberPool } from './member-pool.ts';
import type { NodeZones } from './node-zones.ts';
import type {
  AclFacts,
  AdmittedUser,
  EncryptionFacts,
  MemberFacts,
  Observed,
  Obstacle,
  OperatorConfig,
  PodFacts,
} from './observed.ts';
import { readSettings } from './settings-secret.ts';

/** Kinds whose objects a cluster owns and plan() compares. */
const OWNED: readonly WatchedKind[] = [
  'StatefulSet',
  'PersistentVolumeClaim',
  'Service',
  'ServiceAccount',
  'ConfigMap',
  'PodDisruptionBudget',
  'NetworkPolicy',
];

export interface ObserveTools {
  readonly world: World;
  readonly operator: OperatorConfig;
  readonly certificates: CertificateStore;
  readonly members: MemberPool;
  readonly zones: NodeZones;
}

/** Everything about the cluster `object` now. */
export async function observe(
  tools: ObserveTools,
  object: KubeObject,
  obstacles: readonly Obstacle[],
): Promise<Observed> {
  const { world, operator } = tools;
  const { name, namespace = '', uid = '' } = object.metadata;
  const key = `${namespace}/${name}`;
  const cluster = parsed('MemoryCluster', object);
  const live = new Map<string, KubeObject>();
  for (const kind of OWNED) {
    for (const found of world.caches[kind].by(INDEX.cluster, key)) {
      live.set(`${kind}/${found.metadata.name}`, found);
    }
  }
  const zones = await tools.zones.read();
  const certificates = await tools.certificates.facts(object, cluster);
  const names = tools.certificates.memberNames(object, cluster);
  const pods = new Map(
    world.caches.Pod.by(INDEX.cluster, key).map((pod) => [pod.metadata.name, pod]),
  );
  const members = new Map<string, MemberFacts>();
  const asked = names.map(async (member) => {
    const pod = pods.get(podName(member));
    const facts = pod === undefined ? null : podFacts(pod, zones);
    members.set(
      member,
      await tools.members.ask(key, member, facts, certificates.peerCa?.clusterId),
    );
  });
  await Promise.all(asked);
  return {
    operator,
    object,
    cluster,
    previous: cluster.ok
      ? cluster.value.status
      : (object['status'] as MemoryClusterStatus | undefined),
    live,
    certificates,
    encryption: await encryptionFacts(
      world,
      namespace,
      cluster.ok ? cluster.value.spec.storage.encryption.secretName : '',
    ),
    records: recordsOf(live, name, uid),
    members,
    zones: [...new Set(zones.values())].filter((zone) => zone !== '').toSorted(),
    acl: await aclFacts(world, namespace, cluster.ok ? cluster.value.spec.aclName : ''),
    settings: await readSettings(world, namespace, name, uid),
    obstacles,
  };
}

function podFacts(pod: KubeObject, zones: ReadonlyMap<string, string>): PodFacts {
  const { name, uid = '', labels = {}, annotations = {}, deletionTimestamp } = pod.metadata;
  const conditions = listAt(pod, 'status', 'conditions');
  const condition = (type: string): unknown =>
    conditions.find((candidate) => stringAt(candidate, 'type') === type);
  const scheduled = condition('PodScheduled');
  return {
    name,
    uid,
    ip: stringAt(pod, 'status', 'podIP'),
    ready: stringAt(condition('Ready'), 'status') === 'True',
    readySince: stringAt(condition('Ready'), 'lastTransitionTime'),
    deleting: deletionTimestamp !== undefined,
    specHash: annotations[ANNOTATIONS.specHash] ?? '',
    roleLabel: labels[LABELS.role] ?? '',
    zone: zones.get(stringAt(pod, 'spec', 'nodeName')) ?? '',
    unschedulable:
      stringAt(scheduled, 'reason') === 'Unschedulable' ? stringAt(scheduled, 'message') : '',
  };
}

/** The records of the shards; a ConfigMap of the name that is not ours, or no record, counts as none. */
function recordsOf(
  live: ReadonlyMap<string, KubeObject>,
  cluster: string,
  uid: string,
): ReadonlyMap<string, BootstrapRecord> {
  const isOurs = ownedBy(uid);
  const records = new Map<string, BootstrapRecord>();
  for (const object of live.values()) {
    if (object.kind !== 'ConfigMap' || !isOurs(object)) continue;
    const shard = object.metadata.labels?.[LABELS.shard] ?? '';
    if (shard === '' || object.metadata.name !== identityConfigMapName(cluster, shard)) continue;
    const text = fieldAt(object, 'data', IDENTITY_KEY);
    if (typeof text === 'string') records.set(shard, JSON.parse(text) as BootstrapRecord);
  }
  return records;
}

async function encryptionFacts(
  world: World,
  namespace: string,
  name: string,
): Promise<EncryptionFacts> {
  if (name === '') return null;
  const secret = await world.secrets.read(namespace, name, REFERENCED_SECRET_MS);
  if (secret === null) {
    return { problem: 'SecretNotFound', message: `there is no Secret ${name}` };
  }
  const bytes = secretBytes(secret, ENCRYPTION_KEY);
  const wrong =
    bytes === null ? 'it is not there' : encryptionKeyProblem(new TextDecoder().decode(bytes));
  if (wrong === null) return { problem: null, message: '' };
  return { problem: 'SecretInvalid', message: `${ENCRYPTION_KEY} of the Secret ${name}: ${wrong}` };
}

async function aclFacts(world: World, namespace: string, name: string): Promise<AclFacts> {
  if (name === OPEN_ACCESS || name === '') return { state: 'open' };
  const object = world.caches.ACL.get(`${namespace}/${name}`);
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
    return { state: 'missing', name };
  }
  const acl = parsed('ACL', object);
  if (!acl.ok) return { state: 'missing', name };
  const users: AdmittedUser[] = [];
  for (const userName of acl.value.spec.userNames) {
    const user = world.caches.User.get(`${namespace}/${userName}`);
    if (user === undefined || user.metadata.deletionTimestamp !== undefined) continue;
    const { setting } = await observeUser(world, user);
    users.push({ name: userName, setting });
  }
  return { state: 'found', name, users };
}
