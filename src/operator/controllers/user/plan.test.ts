import { expect, test } from 'vitest';
import { parseManifest } from '#operator/api/parse.ts';
import { judgeUser } from './judge.ts';
import type { Password } from './judge.ts';
import { planUser } from './plan.ts';

const NOW = '2026-01-01T00:00:00Z';
const OK: Password = { state: 'ok', sha256: 'aa' };

function user(accessString: string, passwords = 1) {
  return parseManifest('User', {
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'User',
    metadata: { name: 'app-user' },
    spec: {
      accessString,
      authenticationMode:
        passwords === 0
          ? { type: 'no-password' }
          : {
              type: 'password',
              passwords: Array.from({ length: passwords }, () => ({ name: 's', key: 'password' })),
            },
    },
  });
}

test('a user with its passwords becomes a setting with their digests only', () => {
  const verdict = judgeUser(user('on ~* +@all', 2), [OK, { state: 'ok', sha256: 'bb' }]);
  expect(verdict.setting).toEqual({
    name: 'app-user',
    on: true,
    passwordSha256: ['aa', 'bb'],
    noPassword: false,
    accessString: 'on ~* +@all',
  });
  expect(verdict.passwordCount).toBe(2);
  expect(verdict.accessString).toMatch(/^on ~\* /);
});

test('a user whose access string does not say on is off', () => {
  expect(judgeUser(user('~* +@all', 0), []).setting).toMatchObject({ on: false, noPassword: true });
});

test('selectors and key permissions need 7.0', () => {
  expect(judgeUser(user('on %R~a* +@read'), [OK]).minimumEngineVersion).toBe('7.0');
  expect(judgeUser(user('on ~a* +@read'), [OK]).minimumEngineVersion).toBe('6.2');
});

test.each([
  ['SecretNotFound', 'Ready', judgeUser(user('on'), [{ state: 'SecretNotFound', message: 'm' }])],
  [
    'SecretKeyMissing',
    'Ready',
    judgeUser(user('on'), [{ state: 'SecretKeyMissing', message: 'm' }]),
  ],
  ['PasswordLength', 'Ready', judgeUser(user('on'), [{ state: 'PasswordLength', message: 'm' }])],
  ['AccessStringInvalid', 'Accepted', judgeUser(user('on +@nonsense'), [OK])],
  ['Invalid', 'Accepted', judgeUser(user('on >secret'), [OK])],
])('%s: the user is failed, its condition %s says so, an Event tells', (reason, type, verdict) => {
  expect(verdict.setting).toBeNull();
  const { status, events } = planUser(
    { generation: 3, status: undefined, verdict, aclNames: ['b', 'a'] },
    NOW,
  );
  expect(status.phase).toBe('failed');
  expect(status.aclNames).toEqual(['a', 'b']);
  expect(status.conditions.find((condition) => condition.type === type)).toMatchObject({
    status: 'False',
    reason,
    observedGeneration: 3,
  });
  expect(events).toMatchObject([{ type: 'Warning', reason }]);
});

test('a status that stays as it is tells no Event and keeps its times', () => {
  const verdict = judgeUser(user('on ~* +@all'), [OK]);
  const observed = { generation: 1, status: undefined, verdict, aclNames: [] };
  const first = planUser(observed, NOW);
  const second = planUser({ ...observed, status: first.status }, '2027-01-01T00:00:00Z');
  expect(first.events).toMatchObject([{ type: 'Normal', reason: 'Active' }]);
  expect(second).toEqual({ status: first.status, events: [] });
});
