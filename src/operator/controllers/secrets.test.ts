import { expect, test } from 'vitest';
import { ApiError } from '#operator/kube/errors.ts';
import type { KubeObject } from '#operator/kube/object.ts';
import { OWN_SECRET_MS, SecretReader, secretText } from './secrets.ts';

function secret(ownerUid: string, text = 'x'): KubeObject {
  const owner = {
    apiVersion: 'v1',
    kind: 'MemoryCluster',
    name: 'shop',
    uid: ownerUid,
    controller: true,
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shop-tls', namespace: 'app', ownerReferences: [owner] },
    data: { key: Buffer.from(text).toString('base64') },
  };
}

/** A server with one Secret (or none), a clock, and how often it was asked. */
function world(present: KubeObject | null) {
  const state = { present, nowMs: 0, asked: 0 };
  const client = {
    get: async () => {
      state.asked++;
      if (state.present === null) throw new ApiError(404, 'NotFound', 'none');
      return state.present;
    },
  };
  return { state, reader: new SecretReader(client, () => state.nowMs) };
}

test('a Secret is read once in its time', async () => {
  const { state, reader } = world(secret('u1'));
  for (let i = 0; i < 3; i++) await reader.read('app', 'shop-tls', 1000);
  expect(state.asked).toBe(1);
  state.nowMs = 1000;
  await reader.read('app', 'shop-tls', 1000);
  expect(state.asked).toBe(2);
});

test('that a Secret is not there is not remembered', async () => {
  const { state, reader } = world(null);
  expect(await reader.read('app', 'shop-tls', 1000)).toBeNull();
  state.present = secret('u1', 'found');
  expect(secretText(await reader.read('app', 'shop-tls', 1000), 'key')).toBe('found');
});

test('the Secret of a predecessor of the same name does not count, also when it is kept', async () => {
  const { state, reader } = world(secret('old'));
  expect(await reader.readOwned('app', 'shop-tls', 'old')).not.toBeNull();
  expect(await reader.readOwned('app', 'shop-tls', 'new')).toBeNull();
  state.present = null;
  expect(await reader.readOwned('app', 'shop-tls', 'new')).toBeNull();
  state.present = secret('new');
  expect(await reader.readOwned('app', 'shop-tls', 'new')).not.toBeNull();
  state.nowMs = OWN_SECRET_MS - 1;
  state.asked = 0;
  await reader.readOwned('app', 'shop-tls', 'new');
  expect(state.asked).toBe(0);
});
