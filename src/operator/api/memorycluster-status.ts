/**
 * The status of a MemoryCluster. It holds only what changes on events; numbers that move are metrics.
 * It never decides anything that a restored object without status would decide otherwise, except the
 * choices made once (`effective`), which the identity ConfigMaps and the claims repeat.
 */
import { conditions, moment, observedGeneration, resources } from './blocks.ts';
import {
  choice,
  decimal,
  flag,
  integer,
  list,
  listByKey,
  object,
  present,
  required,
  text,
} from './schema.ts';
import type { ValueOf } from './schema.ts';

const word = { maxLength: 63 };
const reference = { maxLength: 253 };

const member = object('A member of the shard.', {
  name: required(text('The name, such as shop-0001-001.', word)),
  memberId: text('The identity on its disk.', word),
  kind: required(choice('Does it hold the keyspace or only the log?', ['data', 'log'])),
  role: choice('What it does at present.', ['primary', 'replica', 'log', 'unformed']),
  zone: text('The zone of its node.', word),
  voter: flag('Does it vote?'),
  state: required(
    choice('How it is.', ['creating', 'available', 'updating', 'unreachable', 'deleting']),
  ),
});

const shard = object('A shard.', {
  name: required(text('The name, such as 0001.', word)),
  slots: present(
    list('The ranges of slots that it owns.', text('A range, such as 0-5460.', word), 1024),
  ),
  state: required(
    choice('How it is.', ['creating', 'available', 'degraded', 'unavailable', 'deleting']),
  ),
  bootstrapped: required(flag('Has the shard been formed?')),
  primary: text('The name of the primary.', word),
  term: integer('The term of the primary.', { minimum: 0 }),
  members: present(listByKey('Its members.', member, { mapKey: 'name', maxItems: 20 })),
});

const effective = object('The last accepted values, and the choices that were made once.', {
  numShards: integer('Shards.', { minimum: 0 }),
  numReplicasPerShard: integer('Replicas of each shard.', { minimum: 0 }),
  image: text('The image of the members.', { maxLength: 1024 }),
  engineVersion: text('The command level.', word),
  resources: resources('Requests and limits of data members.'),
  maxmemoryBytes: integer('Memory for keys and values of each data member.', { minimum: 0 }),
  storageSize: text('Size of each volume.', word),
  zoneSpread: choice('How members are spread over zones.', ['Required', 'Preferred', 'Disabled']),
  durability: choice('How durable writes are.', ['sync', 'async']),
});

const command = object('A command given by annotation.', {
  name: required(text('The command.', word)),
  token: required(text('The token that it was given with.', word)),
  result: required(text('How it went.', word)),
  refusedWriteMs: decimal('For how long writes were refused.', { minimum: 0 }),
  time: required(moment('When it ended.')),
});

export const memoryClusterStatus = object('What the cluster is.', {
  observedGeneration,
  phase: choice('For display; the conditions decide.', [
    'creating',
    'available',
    'updating',
    'snapshotting',
    'deleting',
    'create-failed',
    'restore-failed',
  ]),
  clusterId: text('The identity of the cluster.', word),
  endpoint: object('Where clients connect.', {
    address: required(text('The host name.', reference)),
    port: required(integer('The port.', { minimum: 1, maximum: 65535 })),
  }),
  effective,
  availabilityMode: choice('Do the actual zones of the members survive the loss of one?', [
    'MultiAZ',
    'SingleAZ',
  ]),
  ready: text('Shards that serve, of all.', word),
  selector: text('Selects the pods, for the scale subresource.', reference),
  shards: present(listByKey('The shards.', shard, { mapKey: 'name', maxItems: 500 })),
  acl: object('The ACL in force.', {
    name: required(text('Its name.', word)),
    appliedRevision: required(integer('The least revision over the members.', { minimum: 0 })),
    desiredRevision: required(integer('The revision that they shall have.', { minimum: 0 })),
  }),
  certificates: object('When the certificates end.', {
    servingNotAfter: moment('The certificate that clients see.'),
    peerNotAfter: moment('The first of the certificates between members.'),
  }),
  pendingUpdates: object('Changes under way.', {
    resharding: object('Slots on the move.', {
      progressPercentage: required(decimal('How far it is.', { minimum: 0, maximum: 100 })),
    }),
    members: present(list('Members that still have to change.', text('A member.', word), 500)),
    waitingFor: text('What the change waits for.', word),
  }),
  inactiveFields: present(
    list('Fields of the spec that have no effect yet.', text('A field.', reference), 100),
  ),
  commands: present(list('The last commands given by annotation.', command, 10)),
  lastFailover: object('The last change of a primary.', {
    shard: required(text('The shard.', word)),
    cause: required(text('Why.', word)),
    time: required(moment('When.')),
  }),
  conditions,
});

export type MemoryClusterStatus = ValueOf<typeof memoryClusterStatus>;
export type ShardStatus = MemoryClusterStatus['shards'][number];
export type MemberStatus = ShardStatus['members'][number];
