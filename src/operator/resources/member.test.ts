import { expect, test } from 'vitest';
import { parseArguments } from '#node/config/arguments.ts';
import { API_VERSION } from '#operator/api/kinds.ts';
import { parseManifest } from '#operator/api/parse.ts';
import type { Member } from '#operator/topology/members.ts';
import type { ClusterContext } from './manifest.ts';
import { inputsHash, memberClaim, memberInputs, memberStatefulSet } from './member.ts';
import type { MemberChoices } from './member.ts';

const DATA: Member = { name: 'shop-0001-001', shard: '0001', kind: 'data', ordinal: 1 };
const LOG: Member = { name: 'shop-0001-l01', shard: '0001', kind: 'log', ordinal: 1 };

function context(spec: object = {}): ClusterContext {
  const metadata = { name: 'shop', namespace: 'app' };
  const object = { apiVersion: API_VERSION, kind: 'MemoryCluster', metadata, spec };
  const parsed = parseManifest('MemoryCluster', object);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return {
    name: 'shop',
    namespace: 'app',
    uid: 'uid-1',
    spec: parsed.value.spec,
    clusterDomain: 'cluster.local',
    operatorNamespace: 'holdfast-system',
  };
}

function choices(changes: Partial<MemberChoices> = {}): MemberChoices {
  return {
    member: DATA,
    image: 'holdfast:1',
    zone: 'zone-a',
    zoneSpread: 'Required',
    claimGeneration: 1,
    resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { memory: '512Mi' } },
    maxmemoryBytes: 192 * 2 ** 20,
    oldSpaceMib: 320,
    ...changes,
  };
}

/** The template of a member's StatefulSet, loosely typed for looking into it. */
function template(spec: object, changes: Partial<MemberChoices> = {}) {
  const whole = context(spec);
  const all = choices(changes);
  const set = memberStatefulSet(whole, all.member, memberInputs(whole, all));
  return (set['spec'] as { template: { metadata: object; spec: PodSpec } }).template;
}

interface PodSpec {
  readonly affinity: { readonly nodeAffinity?: object };
  readonly volumes: readonly { readonly name: string; readonly secret?: { secretName: string } }[];
  readonly containers: readonly [{ readonly args: readonly string[]; readonly resources: object }];
  readonly [field: string]: unknown;
}

test('the StatefulSet of a data member is exactly that of the golden file', async () => {
  const whole = context();
  const inputs = memberInputs(whole, choices());
  const text = JSON.stringify(memberStatefulSet(whole, DATA, inputs), null, 2);
  await expect(`${text}\n`).toMatchFileSnapshot('member.golden.json');
});

test('the claim of a member is exactly this', () => {
  const claim = {
    member: DATA,
    generation: 1,
    size: '1Gi',
    clusterId: 'id-1',
    memberId: 'a1b2',
    zone: 'zone-a',
  };
  expect(memberClaim(context(), claim)).toMatchInlineSnapshot(`
    {
      "apiVersion": "v1",
      "kind": "PersistentVolumeClaim",
      "metadata": {
        "annotations": {
          "holdfast.dev/cluster-id": "id-1",
          "holdfast.dev/member-id": "a1b2",
          "holdfast.dev/zone": "zone-a",
        },
        "labels": {
          "app.kubernetes.io/component": "data",
          "app.kubernetes.io/instance": "shop",
          "app.kubernetes.io/managed-by": "holdfast-operator",
          "app.kubernetes.io/name": "holdfast",
          "holdfast.dev/cluster": "shop",
          "holdfast.dev/member": "shop-0001-001",
          "holdfast.dev/shard": "0001",
        },
        "name": "shop-0001-001-1",
        "namespace": "app",
      },
      "spec": {
        "accessModes": [
          "ReadWriteOnce",
        ],
        "resources": {
          "requests": {
            "storage": "1Gi",
          },
        },
      },
    }
  `);
  const spec = { storage: { reclaimPolicy: 'Delete', storageClassName: 'fast' } };
  expect(memberClaim(context(spec), claim)).toMatchObject({
    metadata: { ownerReferences: [{ uid: 'uid-1' }] },
    spec: { storageClassName: 'fast' },
  });
});

test('the node accepts the arguments of any member', () => {
  const specs = [
    {},
    { tlsEnabled: false },
    { durability: 'async', asyncLossBoundMs: 10, engineVersion: '6.2', engine: 'valkey' },
    { port: 7000, tls: { clientAuth: 'Required' } },
  ];
  for (const spec of specs) {
    for (const member of [DATA, LOG]) {
      const { args } = template(spec, { member }).spec.containers[0];
      const own = args.slice(args.indexOf('/holdfast/src/node/main.ts') + 1);
      expect(parseArguments(own)).toHaveProperty('options');
    }
  }
});

test('a log member has no client certificate and no memory for keys', () => {
  const { spec } = template({}, { member: LOG });
  expect(spec.volumes.map((volume) => volume.name)).toEqual(['data', 'peer-tls', 'temporary']);
  expect(spec.containers[0].args.join(' ')).not.toMatch(/--maxmemory|--client-tls-dir/);
});

test('plaintext mounts no client certificate, a Secret of the user is mounted in place of ours', () => {
  const secretOf = (spec: object): string | undefined =>
    template(spec).spec.volumes.find((volume) => volume.name === 'client-tls')?.secret?.secretName;
  expect(secretOf({})).toBe('shop-tls');
  expect(secretOf({ tlsEnabled: false })).toBe(undefined);
  expect(secretOf({ tls: { secretName: 'mine' } })).toBe('mine');
});

test('the zone is pinned, preferred or left alone as decided', () => {
  const affinity = (zoneSpread: MemberChoices['zoneSpread'], zone = 'zone-a') =>
    template({}, { zoneSpread, zone }).spec.affinity.nodeAffinity;
  expect(Object.keys(affinity('Required') ?? {})).toEqual([
    'requiredDuringSchedulingIgnoredDuringExecution',
  ]);
  expect(Object.keys(affinity('Preferred') ?? {})).toEqual([
    'preferredDuringSchedulingIgnoredDuringExecution',
  ]);
  expect(affinity('Disabled')).toBe(undefined);
  expect(affinity('Required', '')).toBe(undefined);
});

test('scheduling, metadata and pull secrets of the user reach the pod; our labels win', () => {
  const { metadata, spec } = template({
    scheduling: {
      nodeSelector: { disk: 'fast' },
      tolerations: [{ key: 'db', effect: 'NoSchedule' }],
      priorityClassName: 'high',
    },
    podMetadata: { labels: { team: 'shop' }, annotations: { note: 'x' } },
    imagePullSecrets: [{ name: 'registry' }],
    serviceAccountName: 'backup',
  });
  expect(metadata).toMatchObject({
    labels: { team: 'shop', 'holdfast.dev/cluster': 'shop' },
    annotations: { note: 'x' },
  });
  expect(spec).toMatchObject({
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'db', operator: 'Equal', effect: 'NoSchedule' }],
    priorityClassName: 'high',
    imagePullSecrets: [{ name: 'registry' }],
    serviceAccountName: 'backup',
  });
});

test('a suspended cluster has no pods', () => {
  const whole = context({ suspend: true });
  const set = memberStatefulSet(whole, DATA, memberInputs(whole, choices()));
  expect(set['spec']).toMatchObject({ replicas: 0 });
});

test('the hash changes with what a member is made from and with nothing else', () => {
  const hash = (spec: object, changes: Partial<MemberChoices> = {}): string =>
    inputsHash(memberInputs(context(spec), choices(changes)));
  const before = hash({});
  expect(before).toMatch(/^[0-9a-f]{16}$/);
  for (const spec of [
    { description: 'other' },
    { numShards: 3 },
    { suspend: true },
    { paused: true },
    { aclName: 'mine' },
    { storage: { size: '2Gi' } },
    { service: { labels: { a: 'b' } } },
    { access: { from: [] } },
    { podMetadata: { labels: {} } },
  ]) {
    expect(hash(spec)).toBe(before);
  }
  const different = [
    hash({ engineVersion: '7.3' }),
    hash({ durability: 'async' }),
    hash({ podMetadata: { labels: { team: 'shop' } } }),
    hash({}, { image: 'holdfast:2' }),
    hash({}, { zone: 'zone-b' }),
    hash({}, { claimGeneration: 2 }),
    hash({}, { maxmemoryBytes: 2 ** 27 }),
    hash({}, { member: LOG }),
  ];
  expect(new Set([before, ...different]).size).toBe(different.length + 1);
});

test('the hash of a default member stays what it is, or an upgrade restarts every pod', () => {
  expect(inputsHash(memberInputs(context(), choices()))).toMatchInlineSnapshot(
    `"b9ff3e0be80eb343"`,
  );
});

test('members of both kinds mount the key of an encrypted cluster; without one nothing is mounted', () => {
  const spec = { storage: { encryption: { secretName: 'disk-key' } } };
  for (const member of [DATA, LOG]) {
    const { volumes, containers } = template(spec, { member }).spec;
    expect(volumes.find(({ name }) => name === 'encryption')?.secret?.secretName).toBe('disk-key');
    expect(containers[0].args.join(' ')).toContain('--encryption-key-file /encryption/key');
  }
  const plain = template({}).spec;
  expect(plain.volumes.map(({ name }) => name)).not.toContain('encryption');
  expect(plain.containers[0].args).not.toContain('--encryption-key-file');
});
