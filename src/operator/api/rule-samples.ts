/**
 * Objects on which the schema, the CEL rules and the functions beside them must agree. The unit test asks
 * the parser; the Kubernetes test asks a real API server (dry run) about the same objects. Each refused
 * sample breaks exactly one rule.
 */
import type { Kind } from './kinds.ts';
import type { Json } from './object.ts';

type Spec = Readonly<Record<string, Json>>;

export interface RuleSample {
  readonly title: string;
  readonly kind: Kind;
  /** Default: `sample`. */
  readonly name?: string;
  readonly spec: Spec;
  /** The spec before, for rules on changes. */
  readonly previous?: Spec;
  /** The rule that refuses it, as in `FieldError.rule`; null: admitted. */
  readonly refusedBy: string | null;
  /** The field blamed; for refused samples. */
  readonly field?: string;
}

const admitted: readonly RuleSample[] = [
  { title: 'the minimal cluster', kind: 'MemoryCluster', spec: { numShards: 1 }, refusedBy: null },
  { title: 'an empty spec', kind: 'MemoryCluster', spec: {}, refusedBy: null },
  {
    title: 'unset fields as null, empty strings and empty objects',
    kind: 'MemoryCluster',
    spec: {
      description: '',
      nodeType: '',
      parameters: {},
      snapshotName: '',
      snapshotWindow: '',
      image: '',
      resources: {},
      external: null,
      imagePullSecrets: [],
      transactionLog: { copies: 3, resources: {}, storage: { size: null } },
      storage: { storageClassName: null, adoptClusterId: '', encryption: { secretName: '' } },
      topology: { zoneSpread: null, zones: [] },
      scheduling: { nodeSelector: {}, tolerations: [], priorityClassName: '' },
      podMetadata: { labels: {}, annotations: {} },
      tls: { issuerRef: null, secretName: '', extraNames: [], clientAuth: 'None' },
      access: { from: null },
      service: { annotations: {}, labels: {} },
    },
    refusedBy: null,
  },
  {
    title: 'exactly 500 data members',
    kind: 'MemoryCluster',
    spec: { numShards: 250, numReplicasPerShard: 1 },
    refusedBy: null,
  },
  {
    title: 'plaintext with open-access',
    kind: 'MemoryCluster',
    spec: { tlsEnabled: false },
    refusedBy: null,
  },
  {
    title: 'a memory limit alone, cpu as a number',
    kind: 'MemoryCluster',
    spec: { resources: { requests: { cpu: 1 }, limits: { memory: '1Gi' } } },
    refusedBy: null,
  },
  {
    title: 'a changed description',
    kind: 'MemoryCluster',
    spec: { description: 'after' },
    previous: { description: 'before' },
    refusedBy: null,
  },
  {
    title: 'an encryption Secret set for the first time',
    kind: 'MemoryCluster',
    spec: { storage: { encryption: { secretName: 'key' } } },
    previous: {},
    refusedBy: null,
  },
  {
    title: 'a name of 40 characters',
    kind: 'MemoryCluster',
    name: 'a'.repeat(40),
    spec: {},
    refusedBy: null,
  },
  {
    title: 'a password user',
    kind: 'User',
    spec: {
      accessString: 'on ~app:* %R~ro:* +@all -@dangerous (+get ~x)',
      authenticationMode: { type: 'password', passwords: [{ name: 'secret', key: 'password' }] },
    },
    refusedBy: null,
  },
  {
    title: 'a user without password',
    kind: 'User',
    spec: { accessString: 'on ~* +@read', authenticationMode: { type: 'no-password' } },
    refusedBy: null,
  },
  {
    title: 'words that only contain forbidden ones',
    kind: 'User',
    spec: {
      accessString: 'on resetkeys resetchannels ~resetpass:* ~a>b +@all',
      authenticationMode: { type: 'no-password', passwords: [] },
    },
    refusedBy: null,
  },
  { title: 'an ACL of two', kind: 'ACL', spec: { userNames: ['app', 'default'] }, refusedBy: null },
  { title: 'an ACL of nobody', kind: 'ACL', spec: { userNames: [] }, refusedBy: null },
  { title: 'a snapshot', kind: 'Snapshot', spec: { clusterName: 'shop' }, refusedBy: null },
];

const schemaBroken: readonly RuleSample[] = [
  cluster('no shards', { numShards: 0 }, 'minimum', 'spec.numShards'),
  cluster('too many replicas', { numReplicasPerShard: 6 }, 'maximum', 'spec.numReplicasPerShard'),
  cluster('an unknown engine version', { engineVersion: '5.0' }, 'enum', 'spec.engineVersion'),
  cluster(
    'an impossible window',
    { snapshotWindow: '25:00-26:00' },
    'pattern',
    'spec.snapshotWindow',
  ),
  cluster('a port below 1024', { port: 80 }, 'minimum', 'spec.port'),
  cluster('a number for a string', { description: 5 }, 'type', 'spec.description'),
  cluster('a long description', { description: 'x'.repeat(256) }, 'maxLength', 'spec.description'),
  cluster('a negative size', { storage: { size: '-1Gi' } }, 'quantity', 'spec.storage.size'),
  cluster(
    'a zone named twice',
    { topology: { zones: ['a', 'a'] } },
    'duplicate',
    'spec.topology.zones[1]',
  ),
  {
    title: 'three passwords',
    kind: 'User',
    spec: {
      accessString: 'on',
      authenticationMode: {
        type: 'password',
        passwords: ['a', 'b', 'c'].map((key) => ({ name: 'secret', key })),
      },
    },
    refusedBy: 'maxItems',
    field: 'spec.authenticationMode.passwords',
  },
  {
    title: 'a user without an access string',
    kind: 'User',
    spec: { authenticationMode: { type: 'no-password' } },
    refusedBy: 'required',
    field: 'spec.accessString',
  },
];

const ruleBroken: readonly RuleSample[] = [
  named('a name of 41 characters', 'MemoryCluster', 'a'.repeat(41), 'N1 Name'),
  named('a name with two hyphens', 'MemoryCluster', 'a--b', 'N1 Name'),
  named('a name that begins with a digit', 'MemoryCluster', '1a', 'N1 Name'),
  named('the built-in ACL', 'ACL', 'open-access', 'A2 NotOpenAccess'),
  named('a long name of an ACL', 'ACL', 'a'.repeat(41), 'A1 Name'),
  cluster(
    'more than 500 data members',
    { numShards: 251, numReplicasPerShard: 1 },
    'S1 NodeCount',
    'spec.numShards',
  ),
  cluster('the port of metrics', { port: 9121 }, 'S2 PortReserved', 'spec.port'),
  cluster('the port of the pulse', { port: 16380 }, 'S2 PortReserved', 'spec.port'),
  cluster(
    'plaintext with passwords',
    { tlsEnabled: false, aclName: 'my-acl' },
    'S4 PlainNeedsOpenAccess',
    'spec.aclName',
  ),
  cluster(
    'a cpu limit without a memory limit',
    { resources: { limits: { cpu: '1' } } },
    'S6 MemoryLimit',
    'spec.resources',
  ),
  cluster(
    'a memory request without a limit',
    { resources: { requests: { memory: '1Gi' } } },
    'S6 MemoryLimit',
    'spec.resources',
  ),
  cluster(
    'log members with requests only',
    { transactionLog: { resources: { requests: { cpu: '1' } } } },
    'S6 LogMemoryLimit',
    'spec.transactionLog.resources',
  ),
  cluster(
    'a reserved label',
    { podMetadata: { labels: { 'holdfast.dev/cluster': 'other' } } },
    'S7 ReservedMetadata',
    'spec.podMetadata',
  ),
  cluster(
    'a reserved annotation',
    { podMetadata: { annotations: { 'app.kubernetes.io/name': 'other' } } },
    'S7 ReservedMetadata',
    'spec.podMetadata',
  ),
  cluster(
    'two sources of a certificate',
    { tls: { issuerRef: { name: 'ca' }, secretName: 'mine' } },
    'S8 OneSource',
    'spec.tls',
  ),
  cluster(
    'an even number of log copies',
    { transactionLog: { copies: 4 } },
    'S9 LogCopies',
    'spec.transactionLog.copies',
  ),
  changed('another port', {}, { port: 7000 }, 'S2 PortImmutable', 'spec.port'),
  changed('the default port again', { port: 7000 }, {}, 'S2 PortImmutable', 'spec.port'),
  changed('TLS taken away', {}, { tlsEnabled: false }, 'S3 TlsImmutable', 'spec.tlsEnabled'),
  changed(
    'a snapshot taken away',
    { snapshotName: 'backup' },
    {},
    'S5 RestoreImmutable',
    'spec.snapshotName',
  ),
  changed(
    'another encryption Secret',
    { storage: { encryption: { secretName: 'key' } } },
    { storage: { encryption: { secretName: 'other' } } },
    'S10 EncryptionImmutable',
    'spec.storage',
  ),
  changed(
    'encryption taken away',
    { storage: { encryption: { secretName: 'key' } } },
    { storage: null },
    'S10 EncryptionImmutable',
    'spec.storage',
  ),
  ...['on >secret-password', 'on <old', 'on #abc', 'on !abc', 'on NoPass ~*', 'resetpass', 'reset']
    .concat('on (+get >x)', '~* (nopass)')
    .map(
      (accessString): RuleSample => ({
        title: `the access string "${accessString}"`,
        kind: 'User',
        spec: { accessString, authenticationMode: { type: 'no-password' } },
        refusedBy: 'U2 NoSecrets',
        field: 'spec.accessString',
      }),
    ),
  {
    title: 'type password without passwords',
    kind: 'User',
    spec: { accessString: 'on', authenticationMode: { type: 'password', passwords: [] } },
    refusedBy: 'U3 PasswordsMatchType',
    field: 'spec.authenticationMode',
  },
  {
    title: 'type no-password with a password',
    kind: 'User',
    spec: {
      accessString: 'on',
      authenticationMode: { type: 'no-password', passwords: [{ name: 's', key: 'k' }] },
    },
    refusedBy: 'U3 PasswordsMatchType',
    field: 'spec.authenticationMode',
  },
  {
    title: 'a snapshot of another cluster',
    kind: 'Snapshot',
    spec: { clusterName: 'b' },
    previous: { clusterName: 'a' },
    refusedBy: 'P1 ClusterImmutable',
    field: 'spec.clusterName',
  },
];

export const RULE_SAMPLES: readonly RuleSample[] = [...admitted, ...schemaBroken, ...ruleBroken];

function cluster(title: string, spec: Spec, refusedBy: string, field: string): RuleSample {
  return { title, kind: 'MemoryCluster', spec, refusedBy, field };
}

function changed(
  title: string,
  previous: Spec,
  spec: Spec,
  refusedBy: string,
  field: string,
): RuleSample {
  return { title, kind: 'MemoryCluster', previous, spec, refusedBy, field };
}

function named(title: string, kind: 'MemoryCluster' | 'ACL', name: string, refusedBy: string) {
  return { title, kind, name, spec: {}, refusedBy, field: 'metadata.name' } satisfies RuleSample;
}
