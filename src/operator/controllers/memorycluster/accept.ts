/**
 * Is the spec accepted, and towards what does the operator work? A refused field never stops repairs: the
 * last accepted value stays in force and everything else is carried out. Pure.
 */
import type { CLUSTER_CONDITIONS, ReasonOf } from '#operator/api/conditions.ts';
import { ENGINE_VERSIONS } from '#operator/api/memorycluster.ts';
import type { MemoryClusterSpec } from '#operator/api/memorycluster.ts';
import { formatBytes, parseQuantity } from '#operator/api/quantity.ts';
import { listAt, stringAt } from '#operator/kube/object.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { ENCRYPTION_VOLUME } from '#operator/resources/member.ts';
import { dataResources, logResources } from '#operator/resources/memory.ts';
import type { ContainerResources } from '#operator/resources/memory.ts';
import { LABELS } from '#operator/resources/names.ts';
import { memberCounts } from '#operator/topology/members.ts';
import { decideZoneSpread, usableZones } from '#operator/topology/zones.ts';
import type { ZoneSpread } from '#operator/topology/zones.ts';
import type { Observed } from './observed.ts';

export type AcceptedReason = ReasonOf<typeof CLUSTER_CONDITIONS, 'Accepted'>;

export interface Refusal {
  readonly reason: AcceptedReason;
  readonly message: string;
}

/** What the operator works towards. */
export interface Intent {
  /** The spec with refused fields as they were. */
  readonly spec: MemoryClusterSpec;
  readonly image: string;
  readonly zoneSpread: ZoneSpread;
  readonly resources: { readonly data: ContainerResources; readonly log: ContainerResources };
  readonly refusals: readonly Refusal[];
  /** No member is made before the Secret of `storage.encryption` is there. */
  readonly waitsForKey: boolean;
}

type Patch = { -readonly [K in keyof MemoryClusterSpec]?: MemoryClusterSpec[K] };

const DEFAULT_RESOURCES: Pick<MemoryClusterSpec, 'resources' | 'nodeType'> = {
  resources: { requests: {}, limits: {} },
  nodeType: '',
};

/** @param spec parsed, with every default */
export function accept(observed: Observed, spec: MemoryClusterSpec): Intent {
  const patch: Patch = {};
  const refusals = [
    ...judgeShape(observed, spec, patch),
    ...judgeVersion(observed, spec, patch),
    ...judgeStorage(observed, spec, patch),
    ...judgeEncryption(observed, spec, patch),
    ...judgeWindow(spec),
  ];
  const { resources, refusals: tooSmall } = judgeResources(observed, spec);
  refusals.push(...tooSmall);
  const effective = observed.previous?.effective;
  const asked = spec.topology.zoneSpread;
  const zones = usableZones(spec.topology.zones, observed.zones);
  const zoneSpread = effective?.zoneSpread ?? decideZoneSpread(asked, zones);
  if (asked !== undefined && asked !== zoneSpread) {
    refusals.push({
      reason: 'ChangeNotSupported',
      message: `topology.zoneSpread stays ${zoneSpread}: it cannot be changed yet`,
    });
  }
  return {
    spec: { ...spec, ...patch },
    image: spec.image || effective?.image || liveImage(observed) || observed.operator.image,
    zoneSpread,
    resources,
    refusals,
    waitsForKey: hasKeyProblem(observed) && membersOf(observed).length === 0,
  };
}

/** Shards and members cannot be added or taken away yet. */
function judgeShape(observed: Observed, spec: MemoryClusterSpec, patch: Patch): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const refuse = (field: string, was: number): void => {
    const message = `${field} stays ${was}: it cannot be changed yet`;
    refusals.push({ reason: 'ChangeNotSupported', message });
  };
  // The records tell the shape of what has been formed, also when the status was lost.
  const [record] = observed.records.values();
  const voters = record?.voters;
  const data = voters?.filter((voter) => voter.kind === 'data').length;
  const numShards = observed.previous?.effective?.numShards;
  if (numShards !== undefined && numShards !== spec.numShards) {
    patch.numShards = numShards;
    refuse('numShards', numShards);
  }
  const replicas =
    data === undefined ? observed.previous?.effective?.numReplicasPerShard : data - 1;
  if (replicas !== undefined && replicas !== spec.numReplicasPerShard) {
    patch.numReplicasPerShard = replicas;
    refuse('numReplicasPerShard', replicas);
  }
  const shape = { ...spec, ...patch };
  const { data: wantedData, log } = memberCounts(shape);
  if (voters !== undefined && wantedData + log !== voters.length) {
    patch.transactionLog = { ...spec.transactionLog, copies: voters.length };
    refuse('transactionLog.copies', voters.length);
  }
  return refusals;
}

function judgeVersion(
  observed: Observed,
  spec: MemoryClusterSpec,
  patch: Patch,
): readonly Refusal[] {
  const before = observed.previous?.effective?.engineVersion;
  const order: readonly string[] = ENGINE_VERSIONS;
  if (before === undefined || order.indexOf(spec.engineVersion) >= order.indexOf(before)) return [];
  patch.engineVersion = before as MemoryClusterSpec['engineVersion'];
  const message = `engineVersion stays ${before}: it can be raised, not lowered to ${spec.engineVersion}`;
  return [{ reason: 'DowngradeRefused', message }];
}

function claimsOf(observed: Observed) {
  return [...observed.live.values()].filter((object) => object.kind === 'PersistentVolumeClaim');
}

function judgeStorage(
  observed: Observed,
  spec: MemoryClusterSpec,
  patch: Patch,
): readonly Refusal[] {
  const refusals: Refusal[] = [];
  let storage = spec.storage;
  const claims = claimsOf(observed).filter(
    (claim) => claim.metadata.labels?.[LABELS.component] === 'data',
  );
  const capacity = Math.max(
    0,
    ...claims.map((claim) => parseQuantity(stringAt(claim, 'status', 'capacity', 'storage')) ?? 0),
  );
  if ((parseQuantity(storage.size) ?? 0) < capacity) {
    const actual = formatBytes(capacity);
    const message = `storage.size stays ${actual}: volumes cannot shrink to ${storage.size}`;
    refusals.push({ reason: 'ShrinkRefused', message });
    storage = { ...storage, size: actual };
  }
  const [claim] = claims;
  const className = claim === undefined ? '' : stringAt(claim, 'spec', 'storageClassName');
  const asked = storage.storageClassName;
  if (asked !== undefined && className !== '' && asked !== className) {
    const message = `storage.storageClassName stays ${className}: it cannot be changed yet`;
    refusals.push({ reason: 'StorageClassChangeRefused', message });
    storage = { ...storage, storageClassName: className };
  }
  if (storage !== spec.storage) patch.storage = storage;
  return refusals;
}

function hasKeyProblem({ encryption }: Observed): boolean {
  return (encryption?.problem ?? null) !== null;
}

function membersOf(observed: Observed): readonly KubeObject[] {
  return [...observed.live.values()].filter(({ kind }) => kind === 'StatefulSet');
}

/**
 * Without its key a new cluster gets no members, and one that runs unencrypted goes on so; one that is encrypted
 * stays so, but a member that restarts has to wait for the Secret.
 */
function judgeEncryption(
  observed: Observed,
  spec: MemoryClusterSpec,
  patch: Patch,
): readonly Refusal[] {
  const { encryption } = observed;
  if (encryption === null || encryption.problem === null) return [];
  const sets = membersOf(observed);
  if (sets.length > 0 && !sets.some(isEncrypted)) {
    patch.storage = { ...(patch.storage ?? spec.storage), encryption: { secretName: '' } };
  }
  return [{ reason: encryption.problem, message: `storage.encryption: ${encryption.message}` }];
}

function isEncrypted(set: KubeObject): boolean {
  const volumes = listAt(set, 'spec', 'template', 'spec', 'volumes');
  return volumes.some((volume) => stringAt(volume, 'name') === ENCRYPTION_VOLUME);
}

function judgeResources(
  observed: Observed,
  spec: MemoryClusterSpec,
): Pick<Intent, 'resources' | 'refusals'> {
  const refusals: Refusal[] = [];
  const settle = (
    asked: ReturnType<typeof dataResources>,
    otherwise: () => ReturnType<typeof dataResources>,
  ): ContainerResources => {
    if (!('refused' in asked)) return asked;
    refusals.push({ reason: asked.refused, message: asked.message });
    const last = otherwise();
    return 'refused' in last ? (dataResources(DEFAULT_RESOURCES, {}) as ContainerResources) : last;
  };
  const { nodeTypes } = observed.operator;
  const before = observed.previous?.effective?.resources;
  const data = settle(dataResources(spec, nodeTypes), () =>
    dataResources({ resources: before ?? DEFAULT_RESOURCES.resources, nodeType: '' }, nodeTypes),
  );
  const log = settle(logResources(spec), () =>
    logResources({
      transactionLog: { ...spec.transactionLog, resources: DEFAULT_RESOURCES.resources },
    }),
  );
  return { resources: { data, log }, refusals };
}

/** A daily window such as 03:00-04:00, and a weekly one with days, last at least an hour. */
function judgeWindow(spec: MemoryClusterSpec): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const judge = (field: string, window: string, periodMinutes: number): void => {
    if (window === '' || windowMinutes(window, periodMinutes) >= 60) return;
    refusals.push({
      reason: 'WindowTooShort',
      message: `${field} ${window} is shorter than an hour`,
    });
  };
  judge('snapshotWindow', spec.snapshotWindow, 1440);
  judge('maintenanceWindow', spec.maintenanceWindow, 10_080);
  return refusals;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** The length of a window; the period is a day or a week, and a window may run over its end. */
export function windowMinutes(window: string, periodMinutes: number): number {
  const [start, end] = window.split('-').map((moment) => {
    const parts = moment.split(':');
    const [hours, minutes] = parts.slice(-2).map(Number);
    const day = parts.length === 3 ? DAYS.indexOf(parts[0]) : 0;
    return day * 1440 + hours * 60 + minutes;
  });
  return (end - start + periodMinutes) % periodMinutes;
}

/** What the members run, when the status that pinned it was lost. */
function liveImage(observed: Observed): string {
  for (const object of observed.live.values()) {
    if (object.kind !== 'StatefulSet') continue;
    const spec = object['spec'] as { template?: { spec?: { containers?: { image?: string }[] } } };
    const image = spec.template?.spec?.containers?.[0]?.image ?? '';
    if (image !== '') return image;
  }
  return '';
}
