import { expect, test } from 'vitest';
import { aclSpec } from './acl.ts';
import { inactiveFields } from './inactive.ts';
import { API_VERSION, KINDS } from './kinds.ts';
import type { Kind, MemoryCluster } from './kinds.ts';
import { describeErrors, parseManifest } from './parse.ts';
import type { FieldError } from './parse.ts';
import { RULE_SAMPLES } from './rule-samples.ts';
import type { RuleSample } from './rule-samples.ts';

function manifest(kind: Kind, spec: unknown, name = 'sample'): object {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec };
}

function cluster(spec: unknown): MemoryCluster {
  const parsed = parseManifest('MemoryCluster', manifest('MemoryCluster', spec));
  if (!parsed.ok) throw new Error(describeErrors(parsed.errors));
  return parsed.value;
}

function errorsOf(sample: RuleSample): readonly FieldError[] {
  const { kind, spec, name, previous } = sample;
  let options = {};
  if (previous !== undefined) {
    const before = parseManifest(kind, manifest(kind, previous, name));
    if (!before.ok) throw new Error(describeErrors(before.errors));
    options = { previous: before.value };
  }
  const parsed = parseManifest(kind, manifest(kind, spec, name), options);
  return parsed.ok ? [] : parsed.errors;
}

test.each(RULE_SAMPLES)('the parser judges $title as the samples say', (sample) => {
  const { refusedBy, field } = sample;
  const expected = refusedBy === null ? [] : [{ rule: refusedBy, field }];
  expect(errorsOf(sample).map(({ rule, field }) => ({ rule, field }))).toEqual(expected);
});

test('every rule has a sample that it refuses', () => {
  const refused = new Set(RULE_SAMPLES.map((sample) => sample.refusedBy));
  const rules = Object.values(KINDS).flatMap(({ rootRules, specRules }) => [
    ...rootRules,
    ...specRules,
  ]);
  const unproved = rules.map(({ id, name }) => `${id} ${name}`).filter((id) => !refused.has(id));
  // U1 is the same rule as A1 and N1, under the name that the reference gives it.
  expect(unproved).toEqual(['U1 Name']);
});

test('a minimal cluster gets every default of the reference', () => {
  expect(cluster({ numShards: 1 }).spec).toMatchInlineSnapshot(`
    {
      "access": {},
      "aclName": "open-access",
      "asyncLossBoundMs": 1000,
      "autoMinorVersionUpgrade": true,
      "deletionProtection": false,
      "description": "",
      "durability": "sync",
      "engine": "redis",
      "engineVersion": "7.2",
      "finalSnapshotName": "",
      "image": "",
      "imagePullSecrets": [],
      "maintenanceWindow": "",
      "nodeType": "",
      "numReplicasPerShard": 1,
      "numShards": 1,
      "parameterGroupName": "",
      "parameters": {},
      "paused": false,
      "podMetadata": {
        "annotations": {},
        "labels": {},
      },
      "port": 6379,
      "resources": {
        "limits": {},
        "requests": {},
      },
      "scheduling": {
        "nodeSelector": {},
        "priorityClassName": "",
        "tolerations": [],
      },
      "service": {
        "annotations": {},
        "labels": {},
      },
      "serviceAccountName": "",
      "snapshotName": "",
      "snapshotRetentionLimit": 0,
      "snapshotWindow": "",
      "storage": {
        "adoptClusterId": "",
        "encryption": {
          "secretName": "",
        },
        "reclaimPolicy": "Retain",
        "size": "1Gi",
      },
      "suspend": false,
      "tls": {
        "clientAuth": "None",
        "extraNames": [],
        "secretName": "",
      },
      "tlsEnabled": true,
      "topology": {
        "zones": [],
      },
      "transactionLog": {
        "copies": 3,
        "resources": {
          "limits": {},
          "requests": {},
        },
        "storage": {},
      },
    }
  `);
});

test('what is given wins over the default, null and absent do not', () => {
  const { spec } = cluster({ numReplicasPerShard: 0, port: null, storage: { size: 2048 } });
  expect(spec.numReplicasPerShard).toBe(0);
  expect(spec.port).toBe(6379);
  expect(spec.storage.size).toBe('2048');
  expect(spec.storage.reclaimPolicy).toBe('Retain');
});

test('an unknown field is an error in a file and ignored from an API server', () => {
  const object = manifest('MemoryCluster', { numShard: 3, tls: { issuer: 'x' } });
  const parsed = parseManifest('MemoryCluster', object);
  expect(parsed.ok ? [] : parsed.errors.map((error) => `${error.field} ${error.rule}`)).toEqual([
    'spec.tls.issuer unknown',
    'spec.numShard unknown',
  ]);
  expect(parseManifest('MemoryCluster', object, { unknownFields: 'ignore' }).ok).toBe(true);
});

test('another kind, version or no name is an error', () => {
  const errors = [
    manifest('User', {}),
    { ...manifest('MemoryCluster', {}), apiVersion: 'v1' },
    { ...manifest('MemoryCluster', {}), metadata: {} },
    { ...manifest('MemoryCluster', {}), spec: undefined },
    7,
  ].map((object) => {
    const parsed = parseManifest('MemoryCluster', object);
    return parsed.ok ? '' : describeErrors(parsed.errors);
  });
  expect(errors).toEqual([
    'kind: must be MemoryCluster (kind)',
    'apiVersion: must be holdfast.dev/v1alpha1 (apiVersion)',
    'metadata.name: must be given (required)',
    'spec: must be given (required)',
    ': must be an object (type)',
  ]);
});

test('a status is read leniently: lists are there, what does not parse counts as none', () => {
  const object = { ...manifest('MemoryCluster', {}), status: { phase: 'available', future: 1 } };
  const parsed = parseManifest('MemoryCluster', object);
  expect(parsed.ok && parsed.value.status).toMatchObject({
    phase: 'available',
    shards: [],
    conditions: [],
  });
  const broken = { ...object, status: { phase: 'no such phase' } };
  const again = parseManifest('MemoryCluster', broken);
  expect(again.ok && again.value.status).toBe(undefined);
});

test('a maximum stands at every list, map and string', () => {
  expect(aclSpec.schema).toMatchObject({ fields: { userNames: { schema: { maxItems: 100 } } } });
});

test('fields that do nothing yet are named when they are set', () => {
  expect(inactiveFields(cluster({}).spec)).toEqual([]);
  const { spec } = cluster({
    parameterGroupName: 'mine',
    snapshotRetentionLimit: 7,
    snapshotWindow: '03:00-04:00',
    maintenanceWindow: 'sun:05:00-sun:06:00',
  });
  expect(inactiveFields(spec)).toEqual([
    'parameterGroupName',
    'snapshotRetentionLimit',
    'snapshotWindow',
    'maintenanceWindow',
  ]);
});
