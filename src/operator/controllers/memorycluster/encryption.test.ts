/** Encryption at rest: no member without its key where one is asked for, and nobody changes what is in force. */
import { expect, test } from 'vitest';
import { listAt, stringAt } from '#operator/kube/object.ts';
import type { Action } from './actions.ts';
import type { Observed } from './observed.ts';
import { plan } from './plan.ts';
import { created, inShort, news, NOW, running, serving } from './testing/observations.ts';

const spec = { storage: { encryption: { secretName: 'disk-key' } } };
const MISSING = { problem: 'SecretNotFound', message: 'there is no Secret disk-key' } as const;
const THERE = { problem: null, message: '' } as const;

function accepted(observed: Observed) {
  return plan(observed, NOW).status.conditions.find(({ type }) => type === 'Accepted');
}

function mounts(action: Action): boolean {
  if (action.type !== 'apply' || action.manifest.kind !== 'StatefulSet') return false;
  const volumes = listAt(action.manifest, 'spec', 'template', 'spec', 'volumes');
  return volumes.some((volume) => stringAt(volume, 'secret', 'secretName') === 'disk-key');
}

test('a new cluster gets no members before the Secret is there; then all of them mount it', () => {
  const { certificates, settings } = running({ spec });
  const base = { ...created({ spec }), certificates, settings };
  const without = { ...base, encryption: MISSING };
  expect(accepted(without)).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
  const made = (observed: Observed): string[] =>
    inShort(plan(observed, NOW)).filter((line) => /StatefulSet|VolumeClaim/.test(line));
  expect(made(without)).toEqual([]);
  const withKey = { ...base, encryption: THERE };
  expect(accepted(withKey)?.status).toBe('True');
  expect(made(withKey)).toHaveLength(6);
  expect(plan(withKey, NOW).actions.filter(mounts)).toHaveLength(3);
});

test('a cluster that runs plainly goes on so until the Secret is there, then its members get their turns', () => {
  const base = serving();
  const { cluster, object } = created({ spec, generation: 2 });
  const asked = { ...base, cluster, object };
  const without = { ...asked, encryption: MISSING };
  expect(news(plan(without, NOW))).toEqual([]);
  expect(accepted(without)?.reason).toBe('SecretNotFound');
  expect(news(plan({ ...asked, encryption: THERE }, NOW))).toEqual([
    'apply StatefulSet shop-0001-l01',
    'restart-pod shop-0001-l01-0',
  ]);
});

test('a Secret that was deleted changes nothing of an encrypted cluster, and is said', () => {
  const base = serving({ spec });
  const lost = { ...base, encryption: MISSING };
  expect(news(plan(lost, NOW))).toEqual([]);
  expect(accepted(lost)).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
  const live = new Map(base.live);
  live.delete('StatefulSet/shop-0001-002');
  const { actions } = plan({ ...lost, live }, NOW);
  expect(actions.filter(mounts)).toHaveLength(1);
});
