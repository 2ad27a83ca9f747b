import { expect, test } from 'vitest';
import { parseManifest } from '#operator/api/parse.ts';
import type { UsersInForce } from '#operator/controllers/world.ts';
import { planAcl } from './plan.ts';
import type { NamedUser, ObservedAcl } from './plan.ts';

const NOW = '2026-01-01T00:00:00Z';

function observed(
  users: Readonly<Record<string, NamedUser>>,
  clusters: Readonly<Record<string, UsersInForce | null>> = {},
): ObservedAcl {
  return {
    generation: 1,
    acl: parseManifest('ACL', {
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'ACL',
      metadata: { name: 'my-app-acl' },
      spec: { userNames: Object.keys(users) },
    }),
    status: undefined,
    users: new Map(Object.entries(users)),
    clusters: new Map(Object.entries(clusters)),
  };
}

test.each([
  [{ 'app-user': 'ready' }, 'True', 'Active'],
  [{ 'app-user': 'ready', default: 'missing' }, 'True', 'ActiveDefaultOff'],
  [{ 'app-user': 'ready', other: 'missing' }, 'False', 'UserNotFound'],
  [{ 'app-user': { reason: 'no Secret' } }, 'False', 'UserNotReady'],
  [{}, 'True', 'Active'],
] as const)('users %j: Ready=%s %s', (users, status, reason) => {
  const plan = planAcl(observed(users), NOW);
  expect(plan.status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
    status,
    reason,
  });
  expect(plan.status.phase).toBe(status === 'True' ? 'active' : 'failed');
  expect(plan.events).toMatchObject([{ reason }]);
});

test('users are in force when every cluster has applied them, pending until then', () => {
  const waiting = { aclName: 'my-app-acl', applied: false, userNames: ['a', 'b'] };
  const first = planAcl(observed({ a: 'ready', b: 'ready' }, { shop: waiting, other: null }), NOW);
  expect(first.status).toMatchObject({
    phase: 'modifying',
    userNames: [],
    clusters: ['other', 'shop'],
    pendingChanges: { userNamesToAdd: ['a', 'b'], userNamesToRemove: [] },
  });
  const done = { ...waiting, applied: true };
  const second = planAcl(observed({ a: 'ready', b: 'ready' }, { shop: done, other: done }), NOW);
  expect(second.status).toMatchObject({ phase: 'active', userNames: ['a', 'b'] });
  expect(second.status.pendingChanges).toBeUndefined();
});

test('a removed user is pending removal until the clusters have dropped it', () => {
  const old = { aclName: 'my-app-acl', applied: true, userNames: ['a', 'b'] };
  const before = planAcl(observed({ a: 'ready', b: 'ready' }, { shop: old }), NOW).status;
  const { status } = planAcl({ ...observed({ a: 'ready' }, { shop: old }), status: before }, NOW);
  expect(status.pendingChanges).toEqual({ userNamesToAdd: [], userNamesToRemove: ['b'] });
});
