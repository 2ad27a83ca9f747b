/** The CEL rules of MemoryCluster (S1, S2, …), each beside the function that says the same. */
import type { MemoryClusterSpec } from './memorycluster.ts';
import { rule, transition } from './rules.ts';
import type { Rule } from './rules.ts';

/** Most members that hold data, over all shards; MemoryDB's limit. */
export const MAX_DATA_MEMBERS = 500;

/** Ports of the members that clients cannot have: metrics, admin, peer. */
export const RESERVED_PORTS: readonly number[] = [9121, 9443, 16379, 16380];

type Resources = MemoryClusterSpec['resources'];

function hasMemoryLimit(resources: Resources): boolean {
  const { requests, limits } = resources;
  const unset = Object.keys(requests).length === 0 && Object.keys(limits).length === 0;
  return unset || limits.memory !== undefined;
}

/** The CEL of S6 for the resources at `path`; unset resources pass. */
function memoryLimitCel(path: string): string {
  const given = (amount: string): string => `${path}.?${amount}.hasValue()`;
  const others = ['requests.?cpu', 'requests.?memory', 'limits.?cpu'].map(given);
  return `${given('limits.?memory')} || !(${others.join(' || ')})`;
}

/** May a user give a pod this label or annotation? */
function isFree(key: string): boolean {
  return !key.startsWith('holdfast.dev/') && !key.startsWith('app.kubernetes.io/');
}

function freeKeysCel(path: string): string {
  return (
    `(!has(${path}) || ${path}.all(key, !key.startsWith('holdfast.dev/') && ` +
    `!key.startsWith('app.kubernetes.io/')))`
  );
}

/**
 * The string below `path`, '' when unset. Written with has(), not with optionals, because these hide the
 * maximum length from the API server's estimate of the cost.
 */
function orEmpty(path: string, fields: readonly string[]): string {
  const steps = fields.map((_, at) => [path, ...fields.slice(0, at + 1)].join('.'));
  const given = steps.map((step) => `has(${step})`).join(' && ');
  return `(${given} ? ${steps.at(-1)} : '')`;
}

const SECRET = ['encryption', 'secretName'];

const judged: readonly Rule<MemoryClusterSpec>[] = [
  rule({
    id: 'S1',
    name: 'NodeCount',
    field: 'numShards',
    cel: `self.numShards * (self.numReplicasPerShard + 1) <= ${MAX_DATA_MEMBERS}`,
    message: `numShards × (numReplicasPerShard + 1) must be at most ${MAX_DATA_MEMBERS}`,
    check: (self) => self.numShards * (self.numReplicasPerShard + 1) <= MAX_DATA_MEMBERS,
  }),
  rule({
    id: 'S2',
    name: 'PortReserved',
    field: 'port',
    cel: `!(self.port in [${RESERVED_PORTS.join(', ')}])`,
    message: `port must not be ${RESERVED_PORTS.join(', ')}: members use these themselves`,
    check: (self) => !RESERVED_PORTS.includes(self.port),
  }),
  rule({
    id: 'S4',
    name: 'PlainNeedsOpenAccess',
    field: 'aclName',
    cel: "self.tlsEnabled || self.aclName == 'open-access'",
    message: 'without TLS the ACL must be open-access: passwords would travel in the clear',
    check: (self) => self.tlsEnabled || self.aclName === 'open-access',
  }),
  rule({
    id: 'S6',
    name: 'MemoryLimit',
    field: 'resources',
    cel: memoryLimitCel('self.?resources'),
    message: 'resources, when set, must have limits.memory: maxmemory follows from it',
    check: (self) => hasMemoryLimit(self.resources),
  }),
  rule({
    id: 'S6',
    name: 'LogMemoryLimit',
    field: 'transactionLog.resources',
    cel: memoryLimitCel('self.transactionLog.?resources'),
    message: 'transactionLog.resources, when set, must have limits.memory',
    check: (self) => hasMemoryLimit(self.transactionLog.resources),
  }),
  rule({
    id: 'S7',
    name: 'ReservedMetadata',
    field: 'podMetadata',
    cel:
      `!has(self.podMetadata) || (${freeKeysCel('self.podMetadata.labels')} && ` +
      `${freeKeysCel('self.podMetadata.annotations')})`,
    message: 'keys of podMetadata must not begin with holdfast.dev/ or app.kubernetes.io/',
    check: (self) =>
      Object.keys(self.podMetadata.labels).every(isFree) &&
      Object.keys(self.podMetadata.annotations).every(isFree),
  }),
  rule({
    id: 'S8',
    name: 'OneSource',
    field: 'tls',
    cel: "!(has(self.tls.issuerRef) && self.tls.?secretName.orValue('') != '')",
    message: 'tls.issuerRef and tls.secretName exclude each other',
    check: (self) => self.tls.issuerRef === undefined || self.tls.secretName === '',
  }),
  rule({
    id: 'S9',
    name: 'LogCopies',
    field: 'transactionLog.copies',
    cel: 'self.transactionLog.copies in [3, 5, 7]',
    message: 'transactionLog.copies must be 3, 5 or 7',
    check: (self) => [3, 5, 7].includes(self.transactionLog.copies),
  }),
];

const transitions: readonly Rule<MemoryClusterSpec>[] = [
  transition({
    id: 'S2',
    name: 'PortImmutable',
    field: 'port',
    cel: '!has(oldSelf.port) || (has(self.port) && self.port == oldSelf.port)',
    message: 'port cannot be changed',
    check: (self, old) => self.port === old.port,
  }),
  transition({
    id: 'S3',
    name: 'TlsImmutable',
    field: 'tlsEnabled',
    cel: '!has(oldSelf.tlsEnabled) || (has(self.tlsEnabled) && self.tlsEnabled == oldSelf.tlsEnabled)',
    message: 'tlsEnabled cannot be changed',
    check: (self, old) => self.tlsEnabled === old.tlsEnabled,
  }),
  transition({
    id: 'S5',
    name: 'RestoreImmutable',
    field: 'snapshotName',
    cel: `${orEmpty('self', ['snapshotName'])} == ${orEmpty('oldSelf', ['snapshotName'])}`,
    message: 'snapshotName cannot be changed: only a new cluster starts from a snapshot',
    check: (self, old) => self.snapshotName === old.snapshotName,
  }),
  transition({
    id: 'S10',
    name: 'EncryptionImmutable',
    field: 'storage',
    cel:
      `${orEmpty('oldSelf.storage', SECRET)} == '' || ` +
      `${orEmpty('self.storage', SECRET)} == ${orEmpty('oldSelf.storage', SECRET)}`,
    message: 'storage.encryption.secretName cannot be changed once set',
    check: (self, old) =>
      ['', self.storage.encryption.secretName].includes(old.storage.encryption.secretName),
  }),
];

export const memoryClusterRules: readonly Rule<MemoryClusterSpec>[] = [...judged, ...transitions];
