/**
 * MemoryCluster: every field of its spec, declared once. Where a field means what it means in the MemoryDB
 * API it has that API's name in camelCase. Its rules are in memorycluster-rules.ts, its status in
 * memorycluster-status.ts.
 */
import { annotations, labels, networkPeer, objectName, resources, toleration } from './blocks.ts';
import {
  choice,
  defaulted,
  flag,
  integer,
  list,
  map,
  object,
  present,
  quantity,
  required,
  set,
  text,
} from './schema.ts';
import type { ValueOf } from './schema.ts';

/** Command levels, oldest first. */
export const ENGINE_VERSIONS = ['6.2', '7.0', '7.1', '7.2', '7.3'] as const;

const TIME = '([01][0-9]|2[0-3]):[0-5][0-9]';
const DAY_TIME = `(mon|tue|wed|thu|fri|sat|sun):${TIME}`;

const memoryDbFields = {
  description: defaulted(text('Free text about the cluster.', { maxLength: 255 }), ''),
  numShards: defaulted(
    integer('Number of shards, among which the 16384 slots are divided.', {
      minimum: 1,
      maximum: 500,
    }),
    1,
  ),
  numReplicasPerShard: defaulted(
    integer('Number of replicas of each shard besides its primary.', { minimum: 0, maximum: 5 }),
    1,
  ),
  nodeType: defaulted(
    text(
      'Size of the data members: a row of the table nodeTypes in the values of the chart. Ignored where ' +
        'resources are given.',
      { maxLength: 63, pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$' },
    ),
    '',
  ),
  engine: defaulted(choice('The engine that INFO names.', ['redis', 'valkey']), 'redis'),
  engineVersion: defaulted(
    choice(
      'The command level: which commands and behaviours clients see. Not an image. It can be raised, not ' +
        'lowered.',
      ENGINE_VERSIONS,
    ),
    '7.2',
  ),
  parameterGroupName: objectName('Name of a parameter group. Accepted, without effect for now.'),
  parameters: present(
    map(
      'Engine parameters by name, such as maxmemory-policy.',
      text('The value of the parameter.', { maxLength: 256 }),
      100,
    ),
  ),
  port: defaulted(
    integer('The port for clients. Cannot be changed.', { minimum: 1024, maximum: 65535 }),
    6379,
  ),
  tlsEnabled: defaulted(
    flag('Do clients connect with TLS? Cannot be changed. Links between members always use TLS.'),
    true,
  ),
  aclName: defaulted(
    text('The ACL that decides who may do what; open-access lets everyone do everything.', {
      minLength: 1,
      maxLength: 40,
      pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    }),
    'open-access',
  ),
  snapshotName: objectName('The Snapshot that a new cluster starts from. Cannot be changed.'),
  snapshotRetentionLimit: defaulted(
    integer('Days that automatic snapshots are kept; 0 means that none are made.', {
      minimum: 0,
      maximum: 35,
    }),
    0,
  ),
  snapshotWindow: defaulted(
    text('Daily time (UTC) in which automatic snapshots begin, at least an hour: 03:00-04:00.', {
      maxLength: 11,
      pattern: `^(${TIME}-${TIME})?$`,
    }),
    '',
  ),
  maintenanceWindow: defaulted(
    text('Weekly time (UTC) for changes that can wait: sun:05:00-sun:06:00.', {
      maxLength: 19,
      pattern: `^(${DAY_TIME}-${DAY_TIME})?$`,
    }),
    '',
  ),
  finalSnapshotName: objectName('A Snapshot of this name is made when the cluster is deleted.'),
  autoMinorVersionUpgrade: defaulted(
    flag('May the operator move to newer images of the same engine version?'),
    true,
  ),
};

const durabilityFields = {
  durability: defaulted(
    choice(
      'sync: a reply to a write means that it is on disk in a majority of log copies. async: the last ' +
        'asyncLossBoundMs of writes may be lost.',
      ['sync', 'async'],
    ),
    'sync',
  ),
  asyncLossBoundMs: defaulted(
    integer('With async: writes are refused when older ones are not durable after this time.', {
      minimum: 10,
      maximum: 10_000,
    }),
    1000,
  ),
  transactionLog: present(
    object('The transaction log of each shard.', {
      copies: defaulted(
        integer(
          'Least number of log copies of a shard: 3, 5 or 7. Log members are added where data members ' +
            'are fewer.',
          { minimum: 3, maximum: 7 },
        ),
        3,
      ),
      resources: resources('Requests and limits of log members; 50m and 192Mi when unset.'),
      storage: present(
        object('Volumes of log members.', {
          size: quantity('Size of the volume; that of spec.storage when unset.'),
        }),
      ),
    }),
  ),
  storage: present(
    object('Volumes of data members.', {
      size: defaulted(
        quantity('Size of the volume of each member. Can grow, where the StorageClass allows.'),
        '1Gi',
      ),
      storageClassName: text(
        'The StorageClass; the default one of the Kubernetes cluster when unset.',
        {
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
        },
      ),
      reclaimPolicy: defaulted(
        choice('What becomes of the claims when the cluster is deleted.', ['Retain', 'Delete']),
        'Retain',
      ),
      adoptClusterId: defaulted(
        text('The cluster id of retained claims that this cluster may take over.', {
          maxLength: 36,
          pattern: '^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$',
        }),
        '',
      ),
      encryption: present(
        object('Encryption of log and snapshot files. Cannot be changed once set.', {
          secretName: objectName('The Secret with the key.'),
        }),
      ),
    }),
  ),
};

const podFields = {
  image: defaulted(
    text('The image of the members; when unset the one pinned in status.effective.image.', {
      maxLength: 1024,
      pattern: '^[^ ]*$',
    }),
    '',
  ),
  imagePullSecrets: present(
    list(
      'Secrets for pulling the image.',
      object('A Secret in the same namespace.', { name: objectName('The name of the Secret.') }),
      10,
    ),
  ),
  resources: resources(
    'Requests and limits of data members; when unset those of nodeType, else 100m and 512Mi.',
  ),
  topology: present(
    object('Where members run.', {
      zoneSpread: choice(
        'Are the log copies of a shard spread over zones? When unset it is decided once, at creation: ' +
          'Required where there are three zones.',
        ['Required', 'Preferred', 'Disabled'],
      ),
      zones: present(
        set(
          'The zones to use; all zones of the nodes when empty.',
          text('A value of topology.kubernetes.io/zone.', { minLength: 1, maxLength: 63 }),
          20,
        ),
      ),
    }),
  ),
  scheduling: present(
    object('On which nodes members may run.', {
      nodeSelector: labels('Labels that the node must have.'),
      tolerations: present(list('Taints that the pods tolerate.', toleration, 20)),
      priorityClassName: objectName('The PriorityClass of the pods.'),
    }),
  ),
  podMetadata: present(
    object('Added to the metadata of the pods.', {
      labels: labels('Labels; keys of holdfast.dev and app.kubernetes.io are reserved.'),
      annotations: annotations('Annotations; keys of holdfast.dev are reserved.'),
    }),
  ),
  serviceAccountName: objectName(
    'ServiceAccount of the pods, for the identity at an object store; when unset one is made.',
  ),
};

const accessFields = {
  tls: present(
    object('The certificate that clients see.', {
      issuerRef: object('The cert-manager issuer that signs it.', {
        name: required(text('The name of the issuer.', { minLength: 1, maxLength: 253 })),
        kind: defaulted(text('Issuer or ClusterIssuer.', { maxLength: 63 }), 'Issuer'),
        group: defaulted(
          text('The API group of the issuer.', { maxLength: 253 }),
          'cert-manager.io',
        ),
      }),
      secretName: objectName('A Secret with tls.crt, tls.key and ca.crt to use instead.'),
      extraNames: present(
        set(
          'More DNS names and IP addresses for the certificate.',
          text('A DNS name or an IP address.', {
            minLength: 1,
            maxLength: 253,
            pattern: '^[-*a-zA-Z0-9.:]+$',
          }),
          20,
        ),
      ),
      clientAuth: defaulted(
        choice('Must clients show a certificate?', ['None', 'Optional', 'Required']),
        'None',
      ),
    }),
  ),
  access: present(
    object('Who may open connections (a NetworkPolicy).', {
      from: list(
        'The peers that may connect. When unset: anyone, but with open-access only the same namespace.',
        networkPeer,
        50,
      ),
    }),
  ),
  service: present(
    object('Added to the metadata of the Service for clients.', {
      labels: labels('Labels.'),
      annotations: annotations('Annotations.'),
    }),
  ),
  external: object(
    'Access from outside the Kubernetes cluster. Accepted, without effect for now.',
    {
      type: required(choice('The kind of Service of each member.', ['NodePort', 'LoadBalancer'])),
      hostTemplate: defaulted(text('The name that clients are told.', { maxLength: 253 }), ''),
    },
  ),
};

const switchFields = {
  paused: defaulted(flag('The operator only observes.'), false),
  suspend: defaulted(flag('No pods; claims and everything else stay.'), false),
  deletionProtection: defaulted(flag('Deleting the object does not delete the cluster.'), false),
};

export const memoryClusterSpec = object('What the cluster shall be.', {
  ...memoryDbFields,
  ...durabilityFields,
  ...podFields,
  ...accessFields,
  ...switchFields,
});

export type MemoryClusterSpec = ValueOf<typeof memoryClusterSpec>;
