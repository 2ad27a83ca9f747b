import { expect, test } from 'vitest';
import { CLUSTER_CONDITIONS, mergeConditions, ONLY_WHILE_TRUE } from './conditions.ts';

const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'AllSlotsServed',
  message: 'all slots are served',
} as const;

test('the time of a condition moves only with its status', () => {
  const first = mergeConditions<typeof CLUSTER_CONDITIONS>([], [ready], 1, '2026-01-01T00:00:00Z');
  const reason = 'ShardUnavailable';
  const same = mergeConditions<typeof CLUSTER_CONDITIONS>(
    first,
    [{ ...ready, message: 'other words' }],
    2,
    '2026-01-02T00:00:00Z',
  );
  expect(same[0]).toMatchObject({
    message: 'other words',
    observedGeneration: 2,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const changed = mergeConditions<typeof CLUSTER_CONDITIONS>(
    same,
    [{ ...ready, status: 'False', reason }],
    2,
    '2026-01-03T00:00:00Z',
  );
  expect(changed[0]).toMatchObject({ reason, lastTransitionTime: '2026-01-03T00:00:00Z' });
});

test('types and reasons are CamelCase words', () => {
  for (const [type, { reasons }] of Object.entries(CLUSTER_CONDITIONS)) {
    for (const word of [type, ...Object.keys(reasons)]) expect(word).toMatch(/^[A-Z][A-Za-z]+$/);
  }
});

test('kstatus conditions exist only while they are true', () => {
  expect(ONLY_WHILE_TRUE).toEqual(['Reconciling', 'Stalled', 'CPULimited']);
});
