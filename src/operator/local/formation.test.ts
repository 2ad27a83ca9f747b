import { expect, test } from 'vitest';
import type { BootstrapRecord, MemberStatus } from '#operator/nodeclient/wire.ts';
import { nextStep, type Observation, primaryAmong } from './formation.ts';

const NAMES = ['shop-0001-001', 'shop-0001-002', 'shop-0001-l01'];

const RECORD: BootstrapRecord = {
  clusterId: 'c',
  shard: '0001',
  createdAt: '2026-01-01T00:00:00Z',
  voters: NAMES.map((name, at) => ({
    name,
    memberId: `id${at}`,
    kind: at === 2 ? 'log' : 'data',
    host: '127.0.0.1',
    peerPort: 7000 + at,
  })),
  slots: [[0, 16383]],
};

function status(at: number, changes: Partial<MemberStatus> = {}): MemberStatus {
  return {
    member: NAMES[at],
    memberId: `id${at}`,
    clusterId: '',
    shard: '0001',
    kind: at === 2 ? 'log' : 'data',
    version: '0.1.0',
    formed: false,
    disk: { everFormed: false, healthy: true, freeBytes: 1e9, totalBytes: 2e9 },
    role: 'unformed',
    ready: false,
    term: 0,
    leader: '',
    lease: false,
    commitIndex: 0,
    appliedIndex: 0,
    lastIndex: 0,
    configIndex: 0,
    voters: [],
    learners: [],
    slots: [],
    settingsRevision: 0,
    quorum: false,
    keys: 0,
    memoryBytes: 0,
    maxmemoryBytes: 0,
    ...changes,
  };
}

function observe(
  change: (at: number) => Partial<MemberStatus> | null,
  base: Partial<MemberStatus> = {},
): Observation[] {
  return NAMES.map((name, at) => {
    const changes = change(at);
    return { name, status: changes === null ? null : status(at, { ...base, ...changes }) };
  });
}

const FORMED: Partial<MemberStatus> = {
  formed: true,
  clusterId: 'c',
  ready: true,
  settingsRevision: 2,
  leader: 'id0',
  voters: ['id0', 'id1', 'id2'],
};
const roles = (at: number): Partial<MemberStatus> =>
  at === 0 ? { role: 'primary', lease: true, term: 3 } : { role: at === 2 ? 'log' : 'replica' };

test('no record is made while a member does not answer', () => {
  const step = nextStep(
    observe((at) => (at === 2 ? null : {})),
    null,
    1,
  );
  expect(step).toEqual({ type: 'wait', why: 'shop-0001-l01 does not answer yet' });
});

test('no record is made when a disk ever belonged to a shard', () => {
  const disk = { everFormed: true, healthy: true, freeBytes: 1, totalBytes: 1 };
  const step = nextStep(
    observe((at) => (at === 1 ? { disk } : {})),
    null,
    1,
  );
  expect(step.type).toBe('refuse');
});

test('a record names every member by the id on its disk', () => {
  const step = nextStep(
    observe(() => ({})),
    null,
    1,
  );
  expect(step.type === 'record' && [...step.memberIds]).toEqual(
    NAMES.map((name, at) => [name, `id${at}`]),
  );
});

test('with a record, members that do not have it are given it, whoever else is silent', () => {
  const step = nextStep(
    observe((at) => (at === 0 ? null : at === 1 ? { formed: true, clusterId: 'c' } : {})),
    RECORD,
    1,
  );
  expect(step).toEqual({ type: 'bootstrap', names: ['shop-0001-l01'], record: RECORD });
});

test('a disk of another cluster, or only empty ones where a shard was, are refused', () => {
  const foreign = observe((at) => (at === 1 ? { formed: true, clusterId: 'other' } : {}));
  expect(nextStep(foreign, RECORD, 1).type).toBe('refuse');
  const allNew = observe((at) => ({ memberId: `new${at}` }));
  expect(nextStep(allNew, RECORD, 1).type).toBe('refuse');
});

test('an empty disk that the record does not name is never bootstrapped: it joins, once a member leads', () => {
  const voters = ['id0', 'id1', 'id2'];
  const changes = (at: number, leads: boolean): Partial<MemberStatus> => {
    if (at === 1) return { memberId: 'new', formed: false };
    const leader = leads ? 'id0' : '';
    return { ...roles(at), lease: leads && at === 0, leader, voters, clusterId: 'c' };
  };
  const led = observe((at) => changes(at, true), FORMED);
  expect(nextStep(led, RECORD, 2)).toEqual({
    type: 'membership',
    next: { step: 'join', member: 'shop-0001-002' },
    record: RECORD,
  });
  expect(
    nextStep(
      observe((at) => changes(at, false), FORMED),
      RECORD,
      2,
    ).type,
  ).toBe('wait');
});

test('the primary gets settings when its revision is older than ours', () => {
  expect(nextStep(observe(roles, FORMED), RECORD, 3)).toEqual({
    type: 'settings',
    primary: 'shop-0001-001',
  });
  expect(nextStep(observe(roles, FORMED), RECORD, 2)).toEqual({
    type: 'ready',
    primary: 'shop-0001-001',
  });
});

test('ready waits for every member and for its settings', () => {
  const silent = observe((at) => (at === 1 ? null : roles(at)), FORMED);
  expect(nextStep(silent, RECORD, 2).type).toBe('wait');
  const behind = observe(
    (at) => ({ ...roles(at), ...(at === 1 ? { settingsRevision: 1 } : {}) }),
    FORMED,
  );
  expect(nextStep(behind, RECORD, 2).type).toBe('wait');
});

test('of two that say they are primary, the newer term is', () => {
  const both = observe((at) =>
    at < 2 ? { role: 'primary', lease: true, term: at === 1 ? 8 : 7 } : {},
  );
  expect(primaryAmong(both)).toBe('shop-0001-002');
  const noLease = observe(() => ({ role: 'primary', lease: false }));
  expect(primaryAmong(noLease)).toBeNull();
});
