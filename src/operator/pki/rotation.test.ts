import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCa, issue } from './certificate.ts';
import {
  adoptNext,
  beginRotation,
  bundleFingerprints,
  type CaState,
  caPhase,
  finishRotation,
  splitBundle,
  trustBundle,
} from './rotation.ts';

test('at every step of a rotation the leaves of that step and of its neighbours are trusted', async () => {
  const [first, second] = [await createCa('one'), await createCa('two')];
  const stable: CaState = { current: first, next: null, previous: null };
  const trusting = beginRotation(stable, second);
  const switching = adoptNext(trusting);
  const done = finishRotation(switching);
  const states = [stable, trusting, switching, done];
  expect(states.map(caPhase)).toEqual(['stable', 'trusting', 'switching', 'stable']);

  const leaves = await Promise.all(
    states.map((state) => issue({ ca: state.current, commonName: 'x', dnsNames: ['x'] })),
  );
  for (const [at, state] of states.entries()) {
    for (const neighbour of [at - 1, at, at + 1]) {
      if (neighbour < 0 || neighbour >= leaves.length) continue;
      const leaf = new X509Certificate(leaves[neighbour].certificate);
      const trusted = splitBundle(trustBundle(state)).some((pem) =>
        leaf.verify(new X509Certificate(pem).publicKey),
      );
      expect(trusted, `state ${at} trusts a leaf of state ${neighbour}`).toBe(true);
    }
  }
});

test('a step that is repeated changes nothing', async () => {
  const [first, second, third] = [await createCa('1'), await createCa('2'), await createCa('3')];
  const stable: CaState = { current: first, next: null, previous: null };
  const trusting = beginRotation(stable, second);
  expect(beginRotation(trusting, third)).toEqual(trusting);
  const switching = adoptNext(trusting);
  expect(adoptNext(switching)).toEqual(switching);
  expect(beginRotation(switching, third)).toEqual(switching);
  const done = finishRotation(switching);
  expect(finishRotation(done)).toEqual(done);
  expect(finishRotation(trusting)).toEqual(trusting);
});

test('a bundle names each certificate once and is read back by fingerprint', async () => {
  const [first, second] = [await createCa('one'), await createCa('two')];
  const bundle = trustBundle({ current: first, next: second, previous: first.certificate });
  expect(splitBundle(bundle)).toEqual([first.certificate, second.certificate]);
  expect(bundleFingerprints(bundle)).toHaveLength(2);
});
