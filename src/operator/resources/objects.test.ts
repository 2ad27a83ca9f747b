import { assert, property, stringMatching } from 'fast-check';
import { expect, test } from 'vitest';
import { API_VERSION } from '#operator/api/kinds.ts';
import { parseManifest } from '#operator/api/parse.ts';
import { isName } from '#operator/api/rules.ts';
import { clusterMembers, shardName } from '#operator/topology/members.ts';
import type { ClusterContext } from './manifest.ts';
import { clusterSelector, selectorText } from './manifest.ts';
import {
  caConfigMapName,
  caSecretName,
  claimGeneration,
  claimName,
  clientHost,
  connectionSecretName,
  disruptionBudgetName,
  identityConfigMapName,
  memberHost,
  nodesServiceName,
  peerDnsNames,
  peerTlsSecretName,
  podName,
  primaryServiceName,
  servingDnsNames,
  servingSecretName,
} from './names.ts';
import { disruptionBudget, networkPolicy, serviceAccount } from './policies.ts';
import {
  caConfigMap,
  caSecret,
  connectionSecret,
  identityConfigMap,
  peerTlsSecret,
  servingSecret,
} from './secrets.ts';
import { services } from './services.ts';

function context(spec: object = {}): ClusterContext {
  const object = {
    apiVersion: API_VERSION,
    kind: 'MemoryCluster',
    metadata: { name: 'shop' },
    spec,
  };
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

const clusterNames = stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/).filter(isName);

test('every name fits where Kubernetes puts it, for the longest name of a cluster', () => {
  const shapes = { numShards: 500, numReplicasPerShard: 0, transactionLog: { copies: 7 } };
  assert(
    property(clusterNames, (cluster) => {
      const members = clusterMembers(cluster, shapes).slice(-7);
      const labels = [
        nodesServiceName(cluster),
        primaryServiceName(cluster),
        servingSecretName(cluster),
        caSecretName(cluster, 'client'),
        connectionSecretName(cluster),
        caConfigMapName(cluster),
        identityConfigMapName(cluster, shardName(500)),
        disruptionBudgetName(cluster, shardName(500)),
        ...members.flatMap((member) => [
          podName(member.name),
          claimName(member.name, 99_999_999),
          // A StatefulSet labels its pods with its name and a hash.
          `${member.name}-5d8f7c9b64`,
        ]),
      ];
      for (const name of labels) {
        expect(name.length).toBeLessThanOrEqual(63);
        expect(name).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
      }
      for (const { name } of members) {
        expect(peerTlsSecretName(cluster, name).length).toBeLessThanOrEqual(253);
      }
    }),
    { numRuns: 20 },
  );
});

test('the generation of a claim reads back, and only from a claim of that member', () => {
  expect(claimGeneration('shop-0001-001', claimName('shop-0001-001', 12))).toBe(12);
  expect(claimGeneration('shop-0001-001', 'shop-0001-0012-1')).toBe(undefined);
  expect(claimGeneration('shop-0001-001', 'shop-0001-001-x')).toBe(undefined);
});

test('host names are stable DNS names, and the certificate is good for each of them', () => {
  const place = context();
  expect(clientHost(place)).toBe('shop.app.svc.cluster.local');
  const host = memberHost(place, 'shop-0001-001');
  expect(host).toBe('shop-0001-001-0.shop-nodes.app.svc.cluster.local');
  const names = servingDnsNames(place);
  expect(names).toContain('shop.app.svc.cluster.local');
  expect(names).toContain('shop-primary.app.svc');
  expect(names).toContain(host.replace('shop-0001-001-0', '*'));
  expect(peerDnsNames(place, { name: 'shop-0001-001' })).toContain(host);
});

test('the Services are exactly those of the golden file', async () => {
  const made = services(context({ service: { annotations: { a: 'b' } } }));
  await expect(`${JSON.stringify(made, null, 2)}\n`).toMatchFileSnapshot('services.golden.json');
});

test('only a cluster of one shard has a Service of its primary', () => {
  const names = services(context({ numShards: 2 })).map((service) => service.metadata.name);
  expect(names).toEqual(['shop', 'shop-nodes']);
});

test('one voter of a shard may be missing at a time', () => {
  expect(disruptionBudget(context(), '0001', 3)).toMatchInlineSnapshot(`
    {
      "apiVersion": "policy/v1",
      "kind": "PodDisruptionBudget",
      "metadata": {
        "labels": {
          "app.kubernetes.io/instance": "shop",
          "app.kubernetes.io/managed-by": "holdfast-operator",
          "app.kubernetes.io/name": "holdfast",
          "holdfast.dev/cluster": "shop",
          "holdfast.dev/shard": "0001",
        },
        "name": "shop-0001",
        "namespace": "app",
        "ownerReferences": [
          {
            "apiVersion": "holdfast.dev/v1alpha1",
            "blockOwnerDeletion": true,
            "controller": true,
            "kind": "MemoryCluster",
            "name": "shop",
            "uid": "uid-1",
          },
        ],
      },
      "spec": {
        "minAvailable": 2,
        "selector": {
          "matchLabels": {
            "holdfast.dev/cluster": "shop",
            "holdfast.dev/shard": "0001",
          },
        },
      },
    }
  `);
});

test('the network policy is exactly this', () => {
  expect(networkPolicy(context())).toMatchInlineSnapshot(`
    {
      "apiVersion": "networking.k8s.io/v1",
      "kind": "NetworkPolicy",
      "metadata": {
        "labels": {
          "app.kubernetes.io/instance": "shop",
          "app.kubernetes.io/managed-by": "holdfast-operator",
          "app.kubernetes.io/name": "holdfast",
          "holdfast.dev/cluster": "shop",
        },
        "name": "shop",
        "namespace": "app",
        "ownerReferences": [
          {
            "apiVersion": "holdfast.dev/v1alpha1",
            "blockOwnerDeletion": true,
            "controller": true,
            "kind": "MemoryCluster",
            "name": "shop",
            "uid": "uid-1",
          },
        ],
      },
      "spec": {
        "ingress": [
          {
            "from": [
              {
                "podSelector": {},
              },
            ],
            "ports": [
              {
                "port": 6379,
                "protocol": "TCP",
              },
            ],
          },
          {
            "from": [
              {
                "podSelector": {
                  "matchLabels": {
                    "holdfast.dev/cluster": "shop",
                  },
                },
              },
            ],
            "ports": [
              {
                "port": 16379,
                "protocol": "TCP",
              },
            ],
          },
          {
            "from": [
              {
                "podSelector": {
                  "matchLabels": {
                    "holdfast.dev/cluster": "shop",
                  },
                },
              },
            ],
            "ports": [
              {
                "port": 16380,
                "protocol": "TCP",
              },
            ],
          },
          {
            "ports": [
              {
                "port": 9121,
                "protocol": "TCP",
              },
            ],
          },
          {
            "from": [
              {
                "namespaceSelector": {
                  "matchLabels": {
                    "kubernetes.io/metadata.name": "holdfast-system",
                  },
                },
                "podSelector": {
                  "matchLabels": {
                    "app.kubernetes.io/name": "holdfast-operator",
                  },
                },
              },
            ],
            "ports": [
              {
                "port": 9443,
                "protocol": "TCP",
              },
            ],
          },
        ],
        "podSelector": {
          "matchLabels": {
            "holdfast.dev/cluster": "shop",
          },
        },
        "policyTypes": [
          "Ingress",
        ],
      },
    }
  `);
});

test('who may connect: the namespace with open-access, anyone with an ACL, or who is listed', () => {
  const client = (spec: object, operatorNamespace = 'x'): unknown => {
    const policy = networkPolicy({ ...context(spec), operatorNamespace });
    const { ingress } = policy['spec'] as {
      ingress: { ports: { port: number }[]; from?: unknown }[];
    };
    const rule = ingress.find(({ ports }) => ports[0].port === 6379);
    return rule === undefined ? 'nobody' : (rule.from ?? 'anyone');
  };
  expect(client({})).toEqual([{ podSelector: {} }]);
  expect(client({ aclName: 'mine' })).toBe('anyone');
  expect(client({ access: { from: [] } })).toBe('nobody');
  const from = [
    { namespaceSelector: {} },
    { podSelector: { matchLabels: { app: 'web' } }, ipBlock: null },
    { ipBlock: { cidr: '10.0.0.0/8', except: [] } },
  ];
  expect(client({ access: { from } })).toEqual([
    { namespaceSelector: {} },
    { podSelector: { matchLabels: { app: 'web' } } },
    { ipBlock: { cidr: '10.0.0.0/8' } },
  ]);
});

test('an operator outside this Kubernetes can reach the admin port', () => {
  const policy = networkPolicy({ ...context(), operatorNamespace: '' });
  expect(JSON.stringify(policy)).toContain('{"ports":[{"port":9443,"protocol":"TCP"}]}');
});

test('a ServiceAccount is made unless the user brings one, and may do nothing', () => {
  expect(serviceAccount(context())).toMatchObject({
    metadata: { name: 'shop' },
    automountServiceAccountToken: false,
  });
  expect(serviceAccount(context({ serviceAccountName: 'mine' }))).toBe(undefined);
});

test('Secrets hold certificates, the way to connect and no password', () => {
  const pair = { certificate: 'CERT', key: 'KEY' };
  const identity = { ...pair, ca: 'CA' };
  const member = { name: 'shop-0001-001', shard: '0001', kind: 'data', ordinal: 1 } as const;
  const secrets = [
    caSecret(context(), 'peer', pair),
    servingSecret(context(), identity),
    peerTlsSecret(context(), member, identity),
    connectionSecret(context(), 'CA'),
    connectionSecret(context({ tlsEnabled: false }), ''),
  ];
  const shown = secrets.map(({ metadata, data }) => [metadata.name, decoded(data)]);
  expect(shown).toEqual([
    ['shop-peer-ca', { 'tls.crt': 'CERT', 'tls.key': 'KEY' }],
    ['shop-tls', { 'tls.crt': 'CERT', 'tls.key': 'KEY', 'ca.crt': 'CA' }],
    ['shop-peer-tls-shop-0001-001', { 'tls.crt': 'CERT', 'tls.key': 'KEY', 'ca.crt': 'CA' }],
    [
      'shop-connection',
      {
        host: 'shop.app.svc.cluster.local',
        port: '6379',
        uri: 'rediss://shop.app.svc.cluster.local:6379',
        'ca.crt': 'CA',
      },
    ],
    [
      'shop-connection',
      {
        host: 'shop.app.svc.cluster.local',
        port: '6379',
        uri: 'redis://shop.app.svc.cluster.local:6379',
      },
    ],
  ]);
});

test('the identity of a shard is immutable', () => {
  const record = { clusterId: 'id-1', shard: '0001' };
  expect(identityConfigMap(context(), '0001', record)).toMatchObject({
    metadata: { name: 'shop-0001-identity' },
    immutable: true,
    data: { 'record.json': '{"clusterId":"id-1","shard":"0001"}' },
  });
  expect(caConfigMap(context(), 'CA')).toMatchObject({ data: { 'ca.crt': 'CA' } });
});

test('everything in the namespace belongs to the cluster', () => {
  const owned = [
    ...services(context()),
    disruptionBudget(context(), '0001', 3),
    networkPolicy(context()),
    caConfigMap(context(), ''),
    identityConfigMap(context(), '0001', {}),
    connectionSecret(context(), ''),
  ];
  for (const { metadata } of owned) {
    expect(metadata).toMatchObject({
      namespace: 'app',
      ownerReferences: [{ kind: 'MemoryCluster', uid: 'uid-1', controller: true }],
    });
    expect(metadata.labels).toMatchObject({ 'holdfast.dev/cluster': 'shop' });
  }
});

test('the selector of the scale subresource is text', () => {
  expect(selectorText(clusterSelector('shop'))).toBe('holdfast.dev/cluster=shop');
});

function decoded(data: unknown): Record<string, string> {
  const entries = Object.entries(data as Record<string, string>);
  return Object.fromEntries(entries.map(([key, text]) => [key, atob(text)]));
}
