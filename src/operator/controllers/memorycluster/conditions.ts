/** The conditions of a MemoryCluster, each judged by itself. Messages hold nothing that moves. Pure. */
import type { CLUSTER_CONDITIONS, ConditionIntent } from '#operator/api/conditions.ts';
import { describeErrors } from '#operator/api/parse.ts';
import { judgeSpread } from '#operator/topology/zones.ts';
import type { SpreadJudgement } from '#operator/topology/zones.ts';

import type { ClusterView, ShardView } from './cluster-view.ts';
import { replacing } from './membership.ts';
import type { SettingsPlan } from './members.ts';
import { foreignClaims } from './objects.ts';
import type { RolloutPlan } from './rollout.ts';
import type { Observed } from './observed.ts';

export type ClusterIntent = ConditionIntent<typeof CLUSTER_CONDITIONS>;

/** Everything that conditions are judged from. */
export interface Findings {
  readonly view: ClusterView;
  readonly settings: SettingsPlan;
  readonly rollout: RolloutPlan;
  readonly spread: SpreadJudgement;
}

/** Of a spec that cannot be read at all. */
export function unreadable(observed: Observed): readonly ClusterIntent[] {
  const message = observed.cluster.ok ? '' : describeErrors(observed.cluster.errors);
  return [
    { type: 'Accepted', status: 'False', reason: 'Invalid', message },
    { type: 'Stalled', status: 'True', reason: 'Invalid', message },
  ];
}

export function judgeAll(findings: Findings): readonly ClusterIntent[] {
  const judged = [
    accepted(findings),
    ready(findings),
    quorum(findings),
    slots(findings),
    zones(findings),
    storage(findings),
    acl(findings),
    tls(findings),
    reachable(findings),
    backup(findings),
    paused(findings),
    reconciling(findings),
    stalled(findings),
    cpuLimited(findings),
  ];
  return judged.filter((intent) => intent !== null);
}

function accepted({ view }: Findings): ClusterIntent {
  const { refusals } = view.intent;
  const [first] = refusals;
  if (refusals.length === 0) {
    return {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: 'the spec is in force',
    };
  }
  const message = refusals.map((refusal) => refusal.message).join('; ');
  return { type: 'Accepted', status: 'False', reason: first.reason, message };
}

/** Every shard that is not as `test` says, by name. */
function shardsWithout(view: ClusterView, test: (shard: ShardView) => boolean): string[] {
  return view.shards.filter((shard) => !test(shard)).map((shard) => shard.name);
}

export function isBootstrapped(shard: ShardView): boolean {
  return shard.formation.step === 'formed' || shard.formation.step === 'bootstrap';
}

/** The cluster was ready once: what is missing now was lost. */
function wasReady(view: ClusterView): boolean {
  return ['available', 'updating'].includes(view.observed.previous?.phase ?? '');
}

function ready({ view }: Findings): ClusterIntent {
  const { spec } = view.context;
  const type = 'Ready';
  if (spec.suspend) {
    return { type, status: 'False', reason: 'Suspended', message: 'the cluster is suspended' };
  }
  const missing = shardsWithout(view, (shard) => shard.serves);
  if (missing.length === 0) {
    return { type, status: 'True', reason: 'AllSlotsServed', message: 'all slots are served' };
  }
  if (!wasReady(view)) {
    return { type, status: 'False', reason: 'Creating', message: 'the cluster is being formed' };
  }
  const unknown = [...view.observed.members.values()].every(({ status }) => status === null);
  if (unknown) {
    const message = 'no member answers the operator; clients may be served all the same';
    return { type, status: 'Unknown', reason: 'MembersUnknown', message };
  }
  const message = `no primary serves the slots of shard ${missing.join(', ')}`;
  return { type, status: 'False', reason: 'ShardUnavailable', message };
}

/** Voters of a formed shard that are not healthy, by name. */
function missingVoters(view: ClusterView, shard: ShardView): readonly string[] {
  return shard.members
    .filter(({ name }) => {
      const id = view.observed.members.get(name)?.status?.memberId;
      return id === undefined || !shard.voters.includes(id);
    })
    .map(({ name }) => name);
}

export function hasMajority(view: ClusterView, shard: ShardView): boolean {
  if (shard.primary?.status.quorum === true) return true;
  const total = shard.members.length;
  return total - missingVoters(view, shard).length >= Math.floor(total / 2) + 1;
}

function quorum({ view }: Findings): ClusterIntent {
  const type = 'QuorumHealthy';
  if (view.context.spec.suspend) {
    return { type, status: 'False', reason: 'Suspended', message: 'the cluster is suspended' };
  }
  if (!view.shards.every(isBootstrapped)) {
    return { type, status: 'Unknown', reason: 'Creating', message: 'the cluster is being formed' };
  }
  const lost = shardsWithout(view, (shard) => hasMajority(view, shard));
  if (lost.length > 0) {
    const message = `shard ${lost.join(', ')} has lost its majority`;
    return { type, status: 'False', reason: 'MajorityLost', message };
  }
  const missing = view.shards.flatMap((shard) => missingVoters(view, shard));
  if (missing.length > 0) {
    const message = `not in touch: ${missing.join(', ')}`;
    return { type, status: 'True', reason: 'VoterMissing', message };
  }
  return { type, status: 'True', reason: 'AllVotersHealthy', message: 'every voter is in touch' };
}

function slots({ view }: Findings): ClusterIntent {
  const type = 'SlotsAssigned';
  const foreign = foreignClaims(view);
  if (view.clusterId !== '' && foreign.length > 0) {
    const message = `the claims ${foreign.join(', ')} belong to another cluster`;
    return { type, status: 'False', reason: 'ForeignVolume', message };
  }
  for (const { formation } of view.shards) {
    if (formation.step !== 'blocked') continue;
    return { type, status: 'False', reason: formation.reason, message: formation.message };
  }
  const forming = shardsWithout(view, isBootstrapped);
  if (forming.length > 0) {
    const message = `shard ${forming.join(', ')} is being formed`;
    return { type, status: 'False', reason: 'Bootstrapping', message };
  }
  return { type, status: 'True', reason: 'AllAssigned', message: 'every slot belongs to a shard' };
}

export function spreadOf(view: ClusterView): SpreadJudgement {
  const known = new Map(
    view.observed.previous?.shards.flatMap(({ members }) =>
      members.map(({ name, zone }) => [name, zone] as const),
    ),
  );
  return judgeSpread(
    view.members.map(({ name, shard, kind }) => {
      const zone = view.observed.members.get(name)?.pod?.zone || known.get(name) || undefined;
      return { name, shard, kind, zone };
    }),
  );
}

function zones({ view, spread }: Findings): ClusterIntent {
  const status = spread.reason === 'Spread' ? 'True' : 'False';
  const disabled = view.intent.zoneSpread === 'Disabled' && spread.reason !== 'Spread';
  const reason = disabled ? 'Disabled' : spread.reason;
  return { type: 'ZoneSpread', status, reason, message: spread.message };
}

function storage({ view }: Findings): ClusterIntent {
  const type = 'StorageFits';
  if (view.memory.storageFits) {
    return { type, status: 'True', reason: 'Fits', message: 'the volumes are large enough' };
  }
  const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}Mi`;
  const message =
    `the memory asks for volumes of ${mib(view.memory.wantedStorageBytes)}; ` +
    `maxmemory is ${mib(view.memory.maxmemoryBytes)}`;
  return { type, status: 'False', reason: 'TooSmall', message };
}

function acl({ view, settings }: Findings): ClusterIntent {
  const type = 'ACLSynced';
  const facts = view.observed.acl;
  if (facts.state === 'missing') {
    const message = `there is no ACL ${facts.name}; the users applied last stay`;
    return { type, status: 'False', reason: 'ACLNotFound', message };
  }
  if (facts.state === 'found') {
    const broken = facts.users.filter(({ setting }) => setting === null).map(({ name }) => name);
    if (broken.length > 0) {
      const message = `users that cannot be used: ${broken.join(', ')}`;
      return { type, status: 'False', reason: 'ACLNotReady', message };
    }
  }
  if (settings.applied < settings.settings.revision) {
    return { type, status: 'False', reason: 'Applying', message: 'users are being applied' };
  }
  return { type, status: 'True', reason: 'Synced', message: 'every member has the users' };
}

function tls({ view }: Findings): ClusterIntent {
  const type = 'TLSReady';
  const { spec } = view.context;
  const { certificates } = view.observed;
  const peers = [...certificates.peers.values()];
  const issuing = certificates.peerCa === null || peers.some(({ renew }) => renew !== null);
  if (spec.tlsEnabled && certificates.given !== null) {
    const { problem } = certificates.given;
    const name = spec.tls.secretName;
    if (problem === 'SecretNotFound') {
      return { type, status: 'False', reason: problem, message: `there is no Secret ${name}` };
    }
    if (problem !== null) {
      const message = `the Secret ${name} has no valid tls.crt, tls.key and ca.crt`;
      return { type, status: 'False', reason: problem, message };
    }
  }
  if (spec.tlsEnabled && spec.tls.issuerRef !== undefined) {
    const message =
      'tls.issuerRef is not supported yet; the certificate is signed by a CA of the cluster';
    return { type, status: 'False', reason: 'IssuerNotSupported', message };
  }
  const serving = spec.tlsEnabled && certificates.given === null;
  if (issuing || (serving && certificates.serving.renew !== null)) {
    return { type, status: 'False', reason: 'Issuing', message: 'certificates are being made' };
  }
  if (!spec.tlsEnabled) {
    return { type, status: 'True', reason: 'Disabled', message: 'clients connect without TLS' };
  }
  return {
    type,
    status: 'True',
    reason: 'Issued',
    message: 'every certificate is there and valid',
  };
}

function reachable({ view }: Findings): ClusterIntent {
  const type = 'MembersReachable';
  if (view.context.spec.suspend) {
    return { type, status: 'False', reason: 'Suspended', message: 'the cluster is suspended' };
  }
  const silent = view.members
    .map(({ name }) => name)
    .filter((name) => (view.observed.members.get(name)?.status ?? null) === null);
  if (silent.length === 0) {
    return { type, status: 'True', reason: 'AllReachable', message: 'every member answers' };
  }
  const message = `no answer from ${silent.join(', ')}`;
  return { type, status: 'False', reason: 'Unreachable', message };
}

function backup({ view }: Findings): ClusterIntent {
  const type = 'BackupHealthy';
  if (view.context.spec.snapshotRetentionLimit === 0) {
    const message = 'no automatic snapshots are asked for';
    return { type, status: 'Unknown', reason: 'NotConfigured', message };
  }
  const message = 'automatic snapshots are not supported yet; none is made';
  return { type, status: 'False', reason: 'NotSupported', message };
}

function paused({ view }: Findings): ClusterIntent {
  return view.context.spec.paused
    ? {
        type: 'Paused',
        status: 'True',
        reason: 'PausedBySpec',
        message: 'the operator only observes',
      }
    : { type: 'Paused', status: 'False', reason: 'NotPaused', message: 'the operator works' };
}

function reconciling(findings: Findings): ClusterIntent | null {
  const { view, rollout, settings } = findings;
  const type = 'Reconciling';
  if (view.context.spec.paused || view.context.spec.suspend) return null;
  if (!wasReady(view) && !view.shards.every((shard) => shard.serves)) {
    return { type, status: 'True', reason: 'Creating', message: 'the cluster is being formed' };
  }
  if (rollout.outdated.length > 0) {
    const message = `members are being restarted one by one: ${rollout.outdated.join(', ')}`;
    return { type, status: 'True', reason: 'RollingOut', message };
  }
  const replaced = view.shards.flatMap((shard) => replacing(shard) ?? []);
  if (replaced.length > 0 && view.shards.every((shard) => hasMajority(view, shard))) {
    return { type, status: 'True', reason: 'ReplacingMember', message: replaced.join('; ') };
  }
  if (settings.applied < settings.settings.revision) {
    return { type, status: 'True', reason: 'Updating', message: 'users are being applied' };
  }
  return null;
}

function stalled(findings: Findings): ClusterIntent | null {
  const { view } = findings;
  const type = 'Stalled';
  const [obstacle] = view.observed.obstacles;
  if (obstacle !== undefined) return { type, status: 'True', ...obstacle };
  const assigned = slots(findings);
  if (assigned.reason === 'ForeignVolume' || assigned.reason === 'IdentityConflict') {
    return { type, status: 'True', reason: 'ForeignVolume', message: assigned.message };
  }
  for (const { name } of view.members) {
    const pod = view.observed.members.get(name)?.pod ?? null;
    if (pod === null || pod.unschedulable === '') continue;
    const zone = view.intent.zoneSpread === 'Required' ? (view.zones.get(name) ?? '') : '';
    const reason =
      zone !== '' && pod.unschedulable.includes('affinity') ? 'ZoneUnavailable' : 'Unschedulable';
    const where = zone === '' ? '' : ` in ${zone}`;
    return { type, status: 'True', reason, message: `${name} cannot be scheduled${where}` };
  }
  const judged = quorum(findings);
  if (judged.reason !== 'MajorityLost') return null;
  return { type, status: 'True', reason: 'MajorityLost', message: judged.message };
}

function cpuLimited({ view }: Findings): ClusterIntent | null {
  if (view.intent.resources.data.limits.cpu === undefined) return null;
  const message = 'resources.limits.cpu is set: throttling may break leases';
  return { type: 'CPULimited', status: 'True', reason: 'LimitSet', message };
}
