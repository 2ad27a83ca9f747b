/** Observations for tests: a cluster at each stage of its life, to be changed in one respect. */
import { parseManifest } from '#operator/api/parse.ts';
import type { MemoryClusterStatus } from '#operator/api/memorycluster-status.ts';
import type { Action } from '#operator/controllers/memorycluster/actions.ts';
import type {
  CertificateFacts,
  MemberFacts,
  Observed,
  PodFacts,
} from '#operator/controllers/memorycluster/observed.ts';
import { plan } from '#operator/controllers/memorycluster/plan.ts';
import type { Plan } from '#operator/controllers/memorycluster/plan.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { stringAt } from '#operator/kube/object.ts';
import type { BootstrapRecord, MemberStatus, Settings } from '#operator/nodeclient/wire.ts';
import { ANNOTATIONS, LABELS } from '#operator/resources/names.ts';
import { clusterMembers } from '#operator/topology/members.ts';
import type { Member } from '#operator/topology/members.ts';

export const NOW = '2026-01-01T00:00:00.000Z';
export const CLUSTER_ID = '5f0c0000-0000-4000-8000-000000000001';

const GOOD: CertificateFacts = { renew: null, notAfter: '2026-04-01T00:00:00.000Z' };
const MISSING: CertificateFacts = { renew: 'Missing', notAfter: null };

export interface ClusterInput {
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly generation?: number;
  readonly status?: MemoryClusterStatus;
}

/** The object as its user wrote it. */
function clusterObject(input: ClusterInput): KubeObject {
  return {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'MemoryCluster',
    metadata: {
      name: 'shop',
      namespace: 'app',
      uid: 'uid-shop',
      generation: input.generation ?? 1,
      ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    },
    spec: { numShards: 1, ...input.spec },
    ...(input.status === undefined ? {} : { status: input.status }),
  };
}

/** Just created: nothing is there. */
export function created(input: ClusterInput = {}): Observed {
  const object = clusterObject(input);
  const cluster = parseManifest('MemoryCluster', object);
  const members = membersOf(input);
  return {
    operator: {
      image: 'holdfast:1',
      clusterDomain: 'cluster.local',
      namespace: 'holdfast-system',
      nodeTypes: {},
    },
    object,
    cluster,
    previous: input.status,
    live: new Map(),
    certificates: {
      peerCa: null,
      clientCa: null,
      serving: MISSING,
      peers: new Map(members.map(({ name }) => [name, MISSING])),
      given: null,
    },
    encryption: null,
    records: new Map(),
    members: new Map(members.map(({ name }) => [name, silent(name)])),
    zones: ['zone-a', 'zone-b', 'zone-c'],
    acl: { state: 'open' },
    settings: null,
    obstacles: [],
  };
}

export function membersOf(input: ClusterInput): readonly Member[] {
  const shape = { numShards: 1, numReplicasPerShard: 1, ...input.spec };
  return clusterMembers('shop', { ...shape, transactionLog: { copies: 3 } });
}

function silent(name: string): MemberFacts {
  return { name, pod: null, status: null, error: 'it has no pod', peersHash: '' };
}

/** What the API server makes of the objects that a plan applies. */
export function withApplied(observed: Observed, actions: readonly Action[]): Observed {
  const live = new Map(observed.live);
  for (const action of actions) {
    if (action.type !== 'apply' && action.type !== 'create') continue;
    const { manifest } = action;
    live.set(`${manifest.kind}/${manifest.metadata.name}`, manifest);
  }
  return { ...observed, live };
}

/** CAs, certificates, settings and objects are there; pods run and answer; no disk belongs to a shard. */
export function running(input: ClusterInput = {}): Observed {
  const bare = created(input);
  const members = membersOf(input);
  const issued: Observed = {
    ...bare,
    certificates: {
      peerCa: { clusterId: CLUSTER_ID },
      clientCa: { certificate: 'CA' },
      serving: GOOD,
      peers: new Map(members.map(({ name }) => [name, GOOD])),
      given: null,
    },
    settings: openSettings(1),
  };
  const applied = withApplied(issued, plan(issued, NOW).actions);
  return {
    ...applied,
    members: new Map(
      members.map((member, at) => [
        member.name,
        {
          name: member.name,
          pod: podOf(applied, member, `zone-${'abc'[at % 3]}`),
          status: unformed(member),
          error: '',
          peersHash: '',
        },
      ]),
    ),
  };
}

/** Formed and serving; `revision` of the settings is applied. */
export function serving(input: ClusterInput = {}, revision = 1): Observed {
  const base = running(input);
  const members = membersOf(input);
  const records = new Map<string, BootstrapRecord>();
  for (const action of plan(base, NOW).actions) {
    if (action.type !== 'create') continue;
    const shard = action.manifest.metadata.labels[LABELS.shard];
    records.set(
      shard,
      JSON.parse(stringAt(action.manifest, 'data', 'record.json')) as BootstrapRecord,
    );
  }
  const formed: Observed = {
    ...base,
    records,
    settings: openSettings(revision),
    members: new Map(
      members.map((member) => [
        member.name,
        changed(base, member.name, formedStatus(member, records.get(member.shard), revision)),
      ]),
    ),
  };
  const { status, actions } = plan(formed, NOW);
  const peers = actions.find((action) => action.type === 'put-peers');
  const told = [...formed.members.values()].map((facts): [string, MemberFacts] => [
    facts.name,
    {
      ...facts,
      peersHash: peers?.type === 'put-peers' ? peers.hash : '',
      pod: facts.pod && { ...facts.pod, ready: true, roleLabel: roleOf(facts.name) },
    },
  ]);
  return { ...formed, members: new Map(told), previous: input.status ?? status };
}

function roleOf(member: string): string {
  return member.endsWith('-001') ? 'primary' : member.includes('-l') ? '' : 'replica';
}

export function openSettings(revision: number): Settings {
  const everyone = {
    name: 'default',
    on: true,
    passwordSha256: [],
    noPassword: true,
    accessString: 'on ~* &* +@all',
  };
  return { revision, users: [everyone], parameters: {} };
}

/** The facts of a member with another status. */
export function changed(
  observed: Observed,
  name: string,
  status: Partial<MemberStatus>,
): MemberFacts {
  const facts = observed.members.get(name);
  const before = facts?.status ?? null;
  if (facts === undefined || before === null) throw new Error(`${name} is not running`);
  return { ...facts, status: { ...before, ...status } };
}

/** The observation with other facts of one member. */
export function withMember(observed: Observed, facts: MemberFacts): Observed {
  return { ...observed, members: new Map(observed.members).set(facts.name, facts) };
}

function podOf(observed: Observed, member: Member, zone: string): PodFacts {
  const set = observed.live.get(`StatefulSet/${member.name}`);
  return {
    name: `${member.name}-0`,
    uid: `pod-${member.name}`,
    ip: '10.0.0.1',
    ready: false,
    readySince: '2025-12-31T00:00:00Z',
    deleting: false,
    specHash: stringAt(set, 'spec', 'template', 'metadata', 'annotations', ANNOTATIONS.specHash),
    roleLabel: '',
    zone,
    unschedulable: '',
  };
}

function unformed(member: Member): MemberStatus {
  return {
    member: member.name,
    memberId: `id-${member.name}`,
    clusterId: '',
    shard: member.shard,
    kind: member.kind,
    version: '0.1.0',
    formed: false,
    disk: { everFormed: false, healthy: true, freeBytes: 1e9, totalBytes: 2e9 },
    role: 'unformed',
    ready: false,
    term: 0,
    leader: '',
    lease: false,
    commitIndex: 0,
    appliedIndex: 0,
    lastIndex: 0,
    configIndex: 0,
    voters: [],
    learners: [],
    slots: [],
    settingsRevision: 0,
    quorum: false,
    keys: 0,
    memoryBytes: 0,
    maxmemoryBytes: 0,
  };
}

function formedStatus(
  member: Member,
  record: BootstrapRecord | undefined,
  settingsRevision: number,
): Partial<MemberStatus> {
  const isPrimary = member.name.endsWith('-001');
  return {
    clusterId: CLUSTER_ID,
    formed: true,
    disk: { everFormed: true, healthy: true, freeBytes: 1e9, totalBytes: 2e9 },
    leader: record?.voters[0].memberId ?? '',
    role: isPrimary ? 'primary' : member.kind === 'log' ? 'log' : 'replica',
    ready: true,
    term: 4,
    lease: isPrimary,
    voters: record?.voters.map(({ memberId }) => memberId) ?? [],
    slots: record?.slots.map(([first, last]) => `${first}-${last}`) ?? [],
    followers: isPrimary
      ? (record?.voters ?? [])
          .slice(1)
          .map(({ memberId, name }) => ({ memberId, name, caughtUp: true, lostLog: false }))
      : [],
    settingsRevision,
    quorum: true,
  };
}

/** Actions in short: their types, with what they are about. */
export function inShort({ actions }: Plan): readonly string[] {
  return actions.map((action) => {
    switch (action.type) {
      case 'apply':
      case 'create':
        return `${action.type} ${action.manifest.kind} ${action.manifest.metadata.name}`;
      case 'make-ca':
        return `${action.type} ${action.ca}`;
      case 'issue':
        return `${action.type} ${action.member ?? 'serving'}`;
      case 'label-pod':
        return `${action.type} ${action.pod} ${action.role}`;
      case 'restart-pod':
        return `${action.type} ${action.pod}${action.force ? ' force' : ''}`;
      case 'change-membership':
        return `${action.type} ${action.member} ${action.change} ${action.memberId}`;
      case 'set-aside':
        return `${action.type} ${action.member} ${action.reason}`;
      case 'store-settings':
        return `${action.type} ${action.settings.revision}`;
      default:
        return `${action.type} ${action.member}`;
    }
  });
}

/** Without the objects that every plan compares. */
export function news(result: Plan): readonly string[] {
  return inShort(result).filter(
    (line) => !line.startsWith('apply ') || line.includes('StatefulSet'),
  );
}
