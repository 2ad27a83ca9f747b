import { expect, test } from 'vitest';
import type { MemoryClusterStatus } from '#operator/api/memorycluster-status.ts';
import { plan } from './plan.ts';
import {
  changed,
  created,
  inShort,
  news,
  NOW,
  openSettings,
  running,
  serving,
  withApplied,
  withMember,
} from './testing/observations.ts';

function condition(status: MemoryClusterStatus, type: string) {
  return status.conditions.find((candidate) => candidate.type === type);
}

test('a new cluster gets its CAs and settings first; no claim and no pod before it has an id', () => {
  const result = plan(created(), NOW);
  expect(inShort(result)).toEqual([
    'make-ca peer',
    'make-ca client',
    'store-settings 1',
    'apply Service shop',
    'apply Service shop-nodes',
    'apply Service shop-primary',
    'apply NetworkPolicy shop',
    'apply ServiceAccount shop',
    'apply PodDisruptionBudget shop-0001',
  ]);
  expect(result.status).toMatchObject({ phase: 'creating', ready: '0/1' });
  expect(condition(result.status, 'Ready')?.reason).toBe('Creating');
  expect(condition(result.status, 'Reconciling')?.reason).toBe('Creating');
  expect(result.status.effective).toMatchObject({ image: 'holdfast:1', zoneSpread: 'Required' });
});

test('when every member answers, the record is created; nobody is told anything before', () => {
  expect(news(plan(running(), NOW)).filter((line) => !line.startsWith('put-peers'))).toEqual([
    'create ConfigMap shop-0001-identity',
  ]);
});

test('a member that does not answer delays the record', () => {
  const base = running();
  const facts = changed(base, 'shop-0001-l01', {});
  const result = plan(withMember(base, { ...facts, status: null }), NOW);
  expect(news(result).some((line) => line.startsWith('create'))).toBe(false);
  expect(condition(result.status, 'SlotsAssigned')?.reason).toBe('Bootstrapping');
  expect(condition(result.status, 'MembersReachable')?.message).toContain('shop-0001-l01');
});

test('a disk that ever belonged to a shard forbids the record: ForeignVolume, Stalled, an Event', () => {
  const base = running();
  const disk = { everFormed: true, healthy: true, freeBytes: 1, totalBytes: 1 };
  const result = plan(withMember(base, changed(base, 'shop-0001-002', { disk })), NOW);
  expect(news(result).some((line) => line.startsWith('create'))).toBe(false);
  expect(condition(result.status, 'SlotsAssigned')?.reason).toBe('ForeignVolume');
  expect(condition(result.status, 'Stalled')).toMatchObject({
    status: 'True',
    reason: 'ForeignVolume',
  });
  expect(result.events.map(({ reason }) => reason)).toContain('ForeignVolume');
});

test('a volume of another cluster is adopted only by its id', () => {
  const base = running();
  let foreign = base;
  for (const { name } of base.members.values()) {
    const disk = { everFormed: true, healthy: true, freeBytes: 1, totalBytes: 1 };
    const { clusterId } = base.certificates.peerCa ?? { clusterId: '' };
    const status = { disk, formed: true, clusterId, slots: ['0-16383'] };
    foreign = withMember(foreign, changed(foreign, name, status));
  }
  expect(news(plan(foreign, NOW)).some((line) => line.startsWith('create'))).toBe(false);
  const adoptClusterId = base.certificates.peerCa?.clusterId;
  const { cluster } = running({ spec: { storage: { adoptClusterId } } });
  expect(news(plan({ ...foreign, cluster }, NOW))).toContain('create ConfigMap shop-0001-identity');
});

test('with a record, members that it names are given it, also after a crash in the middle', () => {
  const whole = serving();
  const base = running();
  const half = withMember({ ...base, records: whole.records }, changed(whole, 'shop-0001-002', {}));
  const told = news(plan(half, NOW)).filter((line) => line.startsWith('bootstrap'));
  expect(told).toEqual(['bootstrap shop-0001-001', 'bootstrap shop-0001-l01']);
});

test('an empty disk that the record does not name is not bootstrapped', () => {
  const base = serving();
  const status = { memberId: 'new', formed: false, role: 'unformed', ready: false } as const;
  const result = plan(withMember(base, changed(base, 'shop-0001-002', status)), NOW);
  expect(news(result).some((line) => line.startsWith('bootstrap'))).toBe(false);
  expect(condition(result.status, 'QuorumHealthy')).toMatchObject({
    status: 'True',
    reason: 'VoterMissing',
  });
  expect(result.status.shards[0].state).toBe('degraded');
});

test('a settled cluster plans nothing new, and the same status twice', () => {
  const observed = serving();
  const first = plan(observed, NOW);
  expect(news(first)).toEqual([]);
  const again = plan({ ...observed, previous: first.status }, '2027-01-01T00:00:00.000Z');
  expect(again.status).toEqual(first.status);
  expect(again.events).toEqual([]);
  expect(first.requeueAfterMs).toBeGreaterThanOrEqual(2000);
});

test('status of a settled cluster', () => {
  const { status } = plan(serving(), NOW);
  expect(status).toMatchObject({
    phase: 'available',
    ready: '1/1',
    availabilityMode: 'MultiAZ',
    endpoint: { address: 'shop.app.svc.cluster.local', port: 6379 },
    acl: { name: 'open-access', appliedRevision: 1, desiredRevision: 1 },
    shards: [
      {
        name: '0001',
        slots: ['0-16383'],
        state: 'available',
        primary: 'shop-0001-001',
        term: 4,
        bootstrapped: true,
      },
    ],
  });
  expect(status.conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
    'Accepted=True',
    'Ready=True',
    'QuorumHealthy=True',
    'SlotsAssigned=True',
    'ZoneSpread=True',
    'StorageFits=True',
    'ACLSynced=True',
    'TLSReady=True',
    'MembersReachable=True',
    'BackupHealthy=Unknown',
    'Paused=False',
  ]);
});

test('new users are stored first and only then told to the primary', () => {
  const base = serving();
  const setting = {
    name: 'app-user',
    on: true,
    passwordSha256: ['aa'],
    noPassword: false,
    accessString: 'on ~* +@all',
  };
  const acl = { state: 'found', name: 'my-acl', users: [{ name: 'app-user', setting }] } as const;
  const first = plan({ ...base, acl }, NOW);
  expect(news(first)).toEqual(['store-settings 2']);
  const [store] = first.actions.filter((action) => action.type === 'store-settings');
  const stored = { ...base, acl, settings: store.settings };
  const second = plan(stored, NOW);
  expect(news(second)).toEqual(['put-settings shop-0001-001']);
  expect(condition(second.status, 'ACLSynced')?.reason).toBe('Applying');
  expect(store.settings.users.map(({ name, on }) => [name, on])).toEqual([
    ['app-user', true],
    ['default', false],
  ]);
});

test('a missing ACL keeps the users applied last and never falls back to open access', () => {
  const base = serving();
  const kept = { ...openSettings(1), users: [{ ...openSettings(1).users[0], on: false }] };
  const acl = { state: 'missing', name: 'gone' } as const;
  const result = plan({ ...base, acl, settings: kept }, NOW);
  expect(news(result)).toEqual([]);
  expect(condition(result.status, 'ACLSynced')).toMatchObject({
    status: 'False',
    reason: 'ACLNotFound',
  });
  const fresh = plan({ ...created(), acl }, NOW);
  const [store] = fresh.actions.filter((action) => action.type === 'store-settings');
  expect(store.settings.users).toMatchObject([{ name: 'default', on: false, noPassword: false }]);
});

test('lost settings start above what the members report', () => {
  const result = plan({ ...serving({}, 7), settings: null }, NOW);
  expect(news(result)).toContain('store-settings 8');
});

test('another primary: the role moves on the pods, status says why, an Event tells', () => {
  const base = serving();
  const old = changed(base, 'shop-0001-001', {});
  const lost = withMember(base, {
    ...old,
    status: null,
    pod: old.pod && { ...old.pod, ready: false },
  });
  const status = { role: 'primary', lease: true, term: 5 } as const;
  const result = plan(withMember(lost, changed(base, 'shop-0001-002', status)), NOW);
  expect(news(result)).toEqual([
    'label-pod shop-0001-001-0 replica',
    'label-pod shop-0001-002-0 primary',
  ]);
  expect(result.status.lastFailover).toMatchObject({ shard: '0001', cause: 'PrimaryLost' });
  expect(result.status.shards[0]).toMatchObject({
    primary: 'shop-0001-002',
    term: 5,
    state: 'degraded',
  });
  expect(result.events.map(({ reason }) => reason)).toContain('PrimaryChanged');
});

test('a lost majority: not Ready, Stalled, and nothing is restarted for it', () => {
  let lost = serving();
  for (const name of ['shop-0001-001', 'shop-0001-l01']) {
    lost = withMember(lost, { ...changed(lost, name, {}), status: null });
  }
  const result = plan(lost, NOW);
  expect(condition(result.status, 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ShardUnavailable',
  });
  expect(condition(result.status, 'QuorumHealthy')?.reason).toBe('MajorityLost');
  expect(condition(result.status, 'Stalled')?.reason).toBe('MajorityLost');
  expect(news(result)).toEqual([]);
});

test('an operator with another image changes nothing', () => {
  const base = serving();
  const newer = { ...base, operator: { ...base.operator, image: 'holdfast:2' } };
  const result = plan(newer, NOW);
  expect(news(result)).toEqual([]);
  expect(result.status.effective?.image).toBe('holdfast:1');
  const restored = plan({ ...newer, previous: undefined }, NOW);
  expect(restored.status.effective?.image).toBe('holdfast:1');
});

test('more memory restarts the log member never, replicas first, the primary after a hand-over', () => {
  const spec = { resources: { limits: { memory: '1Gi' } } };
  const base = serving();
  const asked = { ...base, ...pick(serving({ spec, generation: 2 })) };
  const first = plan(asked, NOW);
  expect(news(first)).toEqual(['apply StatefulSet shop-0001-002', 'restart-pod shop-0001-002-0']);
  expect(first.status.pendingUpdates?.members).toEqual(['shop-0001-001', 'shop-0001-002']);
  expect(first.status.phase).toBe('updating');
  const applied = withApplied(asked, first.actions);
  const set = applied.live.get('StatefulSet/shop-0001-002');
  const specHash = hashOf(set);
  const facts = changed(applied, 'shop-0001-002', {});
  const away = withMember(applied, { ...facts, pod: null, status: null });
  expect(news(plan(away, NOW))).toEqual([]);
  const back = withMember(applied, { ...facts, pod: facts.pod && { ...facts.pod, specHash } });
  expect(news(plan(back, NOW))).toEqual(['hand-over shop-0001-001']);
  const just = { ...facts, pod: facts.pod && { ...facts.pod, specHash, readySince: NOW } };
  const early = plan(withMember(applied, just), NOW);
  expect(news(early)).toEqual([]);
  expect(early.status.pendingUpdates?.waitingFor).toBe('NamesKnown');
});

function pick(observed: ReturnType<typeof serving>) {
  const { cluster, object } = observed;
  return { cluster, object };
}

function hashOf(set: unknown): string {
  const { spec } = set as {
    spec: { template: { metadata: { annotations: Record<string, string> } } };
  };
  return spec.template.metadata.annotations['holdfast.dev/spec-hash'];
}

test('a healthy member is not restarted while another is not healthy', () => {
  const base = serving();
  const spec = { resources: { limits: { memory: '1Gi' } } };
  const asked = { ...base, ...pick(serving({ spec })) };
  const facts = changed(asked, 'shop-0001-l01', { ready: false });
  const result = plan(withMember(asked, facts), NOW);
  expect(news(result)).toEqual([]);
  expect(result.status.pendingUpdates?.waitingFor).toBe('MembersHealthy');
});

test('an unhealthy member with an old template is replaced at once', () => {
  const base = serving();
  const spec = { resources: { limits: { memory: '1Gi' } } };
  const asked = { ...base, ...pick(serving({ spec })) };
  const facts = changed(asked, 'shop-0001-001', { ready: false });
  const result = plan(withMember(asked, facts), NOW);
  expect(news(result)).toEqual([
    'apply StatefulSet shop-0001-001',
    'restart-pod shop-0001-001-0 force',
  ]);
});

test.each([
  ['numShards', { numShards: 2 }, 'ChangeNotSupported'],
  ['numReplicasPerShard', { numReplicasPerShard: 2 }, 'ChangeNotSupported'],
  ['transactionLog.copies', { transactionLog: { copies: 5 } }, 'ChangeNotSupported'],
  ['engineVersion', { engineVersion: '6.2' }, 'DowngradeRefused'],
  ['snapshotWindow', { snapshotWindow: '03:00-03:30' }, 'WindowTooShort'],
  ['nodeType', { nodeType: 'db.x9.huge' }, 'NodeTypeUnknown'],
  ['limits.memory', { resources: { limits: { memory: '64Mi' } } }, 'MemoryTooSmall'],
])('a refused %s stays as it was, is said, and does not stop repairs', (field, spec, reason) => {
  const base = serving();
  const { cluster, object } = created({ spec, generation: 2 });
  const live = new Map(base.live);
  live.delete('StatefulSet/shop-0001-002');
  const result = plan({ ...base, cluster, object, live }, NOW);
  const accepted = condition(result.status, 'Accepted');
  expect(accepted).toMatchObject({ status: 'False', reason, observedGeneration: 2 });
  expect(accepted?.message).toContain(field);
  expect(result.status.effective?.numShards).toBe(1);
  expect(news(result)).toContain('apply StatefulSet shop-0001-002');
});

test('paused: the operator only observes', () => {
  const result = plan({ ...created({ spec: { paused: true } }) }, NOW);
  expect(result.actions).toEqual([]);
  expect(condition(result.status, 'Paused')?.status).toBe('True');
});

test('suspended: StatefulSets go to no replicas, whatever their template', () => {
  const base = serving();
  const { cluster, object } = created({ spec: { suspend: true }, generation: 2 });
  const result = plan({ ...base, cluster, object }, NOW);
  expect(news(result)).toEqual([
    'apply StatefulSet shop-0001-001',
    'apply StatefulSet shop-0001-002',
    'apply StatefulSet shop-0001-l01',
  ]);
  expect(condition(result.status, 'Ready')?.reason).toBe('Suspended');
});

test('the annotation failover has the primary hand over, once for each token', () => {
  const annotations = { 'holdfast.dev/failover': '0001@42' };
  const base = serving({ annotations });
  expect(news(plan(base, NOW))).toEqual(['hand-over shop-0001-001']);
  const run = { name: 'failover', token: '42', result: 'Done', refusedWriteMs: 61, time: NOW };
  const previous = { ...plan(base, NOW).status, commands: [run] };
  expect(news(plan({ ...base, previous }, NOW))).toEqual([]);
});

test('a spec that breaks the schema is refused, the rest of the status stays', () => {
  const base = serving();
  const { cluster, object } = created({ spec: { numShards: 0 }, generation: 2 });
  const result = plan({ ...base, cluster, object }, NOW);
  expect(result.actions).toEqual([]);
  expect(condition(result.status, 'Accepted')).toMatchObject({
    status: 'False',
    reason: 'Invalid',
  });
  expect(result.status.shards).toEqual(base.previous?.shards);
});

test('a name that is taken: Stalled until it is free', () => {
  const obstacle = { reason: 'NameTaken', message: 'Service shop exists' } as const;
  const result = plan({ ...running(), obstacles: [obstacle] }, NOW);
  expect(condition(result.status, 'Stalled')).toMatchObject({ status: 'True', ...obstacle });
});
