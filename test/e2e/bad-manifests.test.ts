/** Bad input: what the API server refuses, it refuses with a sentence; what it cannot know, a condition says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acl, API, memoryCluster, Namespace, secret, user } from './cluster.ts';

let namespace: Namespace;

beforeAll(async () => {
  namespace = await Namespace.create('e2e-bad');
});

afterAll(async () => {
  await namespace.drop();
});

test.each([
  [
    'no shards',
    memoryCluster('a', { numShards: 0 }),
    /spec\.numShards.*greater than or equal to 1/,
  ],
  [
    'too many nodes',
    memoryCluster('a', { numShards: 400, numReplicasPerShard: 5 }),
    /numShards × \(numReplicasPerShard \+ 1\) must be at most 500/,
  ],
  ['a name too long', memoryCluster('a'.repeat(41), { numShards: 1 }), /1 to 40 characters/],
  ['a name with two hyphens', memoryCluster('a--b', { numShards: 1 }), /single hyphens/],
  [
    'users over plain text',
    memoryCluster('a', { tlsEnabled: false, aclName: 'my-acl' }),
    /without TLS the ACL must be open-access/,
  ],
  [
    'a reserved port',
    memoryCluster('a', { port: 9443 }),
    /port must not be 9121, 9443, 16379, 16380/,
  ],
  [
    'a password in the access string',
    user('u', 'on >secret ~* +@all', ['s']),
    /must hold no password/,
  ],
  ['an ACL named open-access', acl('open-access', []), /open-access is built in/],
  [
    'a user of type password without one',
    {
      apiVersion: API,
      kind: 'User',
      metadata: { name: 'u' },
      spec: { accessString: 'on', authenticationMode: { type: 'password' } },
    },
    /passwords must be given exactly when its type is password/,
  ],
])('%s is refused by the API server', async (_what, object, message) => {
  await expect(namespace.apply(object)).rejects.toThrow(message);
});

test('what cannot be changed is refused', async () => {
  await namespace.apply(memoryCluster('fixed', { numShards: 1, suspend: true }));
  const changed = memoryCluster('fixed', { numShards: 1, suspend: true, port: 7000 });
  await expect(namespace.apply(changed)).rejects.toThrow(/port cannot be changed/);
});

test.each([
  ['a missing Secret', 'SecretNotFound', user('no-secret', 'on ~* +@all', ['absent'])],
  ['a short password', 'PasswordLength', user('short', 'on ~* +@all', ['short'])],
])('%s: the User is not Ready, reason %s', async (_what, reason, object) => {
  await namespace.apply(secret('short', { password: 'short' }), object);
  const { metadata } = object as { metadata: { name: string } };
  await namespace.waitFor('user.holdfast.dev', metadata.name, {
    type: 'Ready',
    status: 'False',
    reason,
  });
  const reasons = await namespace.eventReasons('User', metadata.name);
  expect(reasons).toContain(reason);
});

test('an access string that means nothing: not Accepted', async () => {
  await namespace.apply(
    secret('good', { password: 'good-password-0123456789' }),
    user('nonsense', 'on ~* +@nonsense', ['good']),
  );
  const condition = { type: 'Accepted', status: 'False', reason: 'AccessStringInvalid' };
  await namespace.waitFor('user.holdfast.dev', 'nonsense', condition);
});

test('an ACL that names an unknown user says which', async () => {
  await namespace.apply(acl('lonely', ['nobody-there']));
  await namespace.waitFor('acl', 'lonely', {
    type: 'Ready',
    status: 'False',
    reason: 'UserNotFound',
  });
});

test('a cluster with an unknown ACL is formed but admits nobody, and says why', async () => {
  await namespace.apply(memoryCluster('guarded', { numShards: 1, aclName: 'absent' }));
  const condition = { type: 'ACLSynced', status: 'False', reason: 'ACLNotFound' };
  await namespace.waitFor('memorycluster', 'guarded', condition);
});

test('an unknown node type and too little memory are refused, with the reason', async () => {
  await namespace.apply(
    memoryCluster('odd', { numShards: 1, nodeType: 'db.x9.huge', suspend: true }),
    memoryCluster('tiny', {
      numShards: 1,
      resources: { limits: { memory: '64Mi' } },
      suspend: true,
    }),
  );
  const refused = (reason: string) => ({ type: 'Accepted', status: 'False', reason });
  await namespace.waitFor('memorycluster', 'odd', refused('NodeTypeUnknown'));
  await namespace.waitFor('memorycluster', 'tiny', refused('MemoryTooSmall'));
});

test('an object of that name that is not ours is left alone: NameTaken', async () => {
  await namespace.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'taken' },
    spec: { ports: [{ port: 80 }], selector: { app: 'theirs' } },
  });
  await namespace.apply(memoryCluster('taken', { numShards: 1 }));
  await namespace.waitFor('memorycluster', 'taken', {
    type: 'Stalled',
    status: 'True',
    reason: 'NameTaken',
  });
  const service = await namespace.get('service', 'taken');
  expect(service.spec?.['selector']).toEqual({ app: 'theirs' });
});

test('a Snapshot is accepted and says that nothing is backed up yet', async () => {
  await namespace.apply({
    apiVersion: API,
    kind: 'Snapshot',
    metadata: { name: 'backup' },
    spec: { clusterName: 'guarded' },
  });
  const condition = { type: 'Ready', status: 'False', reason: 'NotSupported' };
  await namespace.waitFor('snapshot', 'backup', condition);
});
