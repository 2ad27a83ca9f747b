import { expect, test } from 'vitest';
import type { KubeObject } from './object.ts';
import { applyNeeded } from './owned-fields.ts';

const MANAGER = 'holdfast-operator';

/** A StatefulSet as the API server gives it back: defaults filled in, quantities rewritten. */
function live(fieldsV1: unknown = FIELDS): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'shop-0001-001',
      namespace: 'app',
      uid: 'u1',
      labels: { 'holdfast.dev/cluster': 'shop', theirs: 'x' },
      managedFields: [{ manager: MANAGER, operation: 'Apply', fieldsV1 }],
    },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 10,
      podManagementPolicy: 'OrderedReady',
      template: {
        spec: {
          restartPolicy: 'Always',
          containers: [
            {
              name: 'node',
              image: 'holdfast:dev',
              imagePullPolicy: 'IfNotPresent',
              args: ['a', 'b'],
              resources: { requests: { memory: '1Gi', cpu: '100m' } },
              ports: [{ name: 'tcp-redis', containerPort: 6379, protocol: 'TCP' }],
            },
            { name: 'injected', image: 'mesh' },
          ],
        },
      },
    },
  };
}

const FIELDS = {
  'f:metadata': { 'f:labels': { 'f:holdfast.dev/cluster': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"node"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:args': {},
            'f:resources': { 'f:requests': { 'f:memory': {}, 'f:cpu': {} } },
            'f:ports': {
              'k:{"containerPort":6379,"protocol":"TCP"}': {
                '.': {},
                'f:containerPort': {},
                'f:name': {},
              },
            },
          },
        },
      },
    },
  },
};

function desired(
  container: Record<string, unknown> = {},
  metadata: Partial<KubeObject['metadata']> = {},
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'shop-0001-001',
      namespace: 'app',
      labels: { 'holdfast.dev/cluster': 'shop' },
      ...metadata,
    },
    spec: {
      replicas: 1,
      template: {
        spec: {
          containers: [
            {
              name: 'node',
              image: 'holdfast:dev',
              args: ['a', 'b'],
              resources: { requests: { memory: '1024Mi', cpu: '0.1' } },
              ports: [{ name: 'tcp-redis', containerPort: 6379 }],
              ...container,
            },
          ],
        },
      },
    },
  };
}

test('defaults of the server, other containers, labels and quantities are no difference', () => {
  expect(applyNeeded(desired(), live(), MANAGER)).toBeNull();
});

test.each([
  ['a changed image', desired({ image: 'holdfast:next' }), 'image'],
  ['a changed list of arguments', desired({ args: ['a', 'c'] }), 'args'],
  ['a shorter list of arguments', desired({ args: ['a'] }), 'args'],
  ['more memory', desired({ resources: { requests: { memory: '2Gi', cpu: '100m' } } }), 'memory'],
  ['a field that we set first now', desired({ workingDir: '/data' }), 'workingDir'],
  ['a field that we set no longer', desired({ args: undefined }), 'args'],
  ['a new port', desired({ ports: [{ name: 'tcp-redis', containerPort: 7000 }] }), 'ports'],
  ['a new label', desired({}, { labels: { 'holdfast.dev/cluster': 'shop', a: 'b' } }), 'labels'],
  ['a label that we set no longer', desired({}, { labels: {} }), 'holdfast.dev/cluster'],
])('%s is a difference', (_name, object, path) => {
  expect(applyNeeded(object, live(), MANAGER)).toContain(path);
});

test('an object that we never applied is applied', () => {
  expect(applyNeeded(desired(), live(null), MANAGER)).toBe('managedFields');
});
